package diffsvc.infer;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A record from a JSON file that somebody else may have written: every component is there and of its type, or the
 * sentence names the one that is not. Size, depth and the count of values are bounded, and a name that comes twice is
 * refused.
 */
final class JsonRecord {
    private static final int MOST_BYTES = 16 << 20, MOST_VALUES = 500_000, DEEPEST = 32;
    private final String stage;
    private final Path file;
    private final String remedy;
    private int values;

    JsonRecord(String stage, Path file, String remedy) {
        this.stage = stage;
        this.file = file;
        this.remedy = remedy;
    }

    Problem wrong(String need, String got) {
        return Problem.in(stage, file, need, got, remedy);
    }

    /** The file's object: text, numbers (whole ones as long), true and false, maps, lists, null. */
    Map<?, ?> tree(String what) {
        Input.require(stage, file, what);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw wrong(what + " of at most " + (MOST_BYTES >> 20) + " MiB", "a larger file");
            }
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            if (!text.stripLeading().startsWith("{")) {
                throw wrong(what, "other JSON, or none");
            }
            JsonReader json = new JsonReader(new StringReader(text));
            json.setStrictness(Strictness.STRICT);
            Object root = value(json, what, "", 1);
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw wrong(what, "something else behind it");
            }
            return (Map<?, ?>) root;
        } catch (CharacterCodingException e) {
            throw wrong(what + ", which is text in UTF-8", "other bytes");
        } catch (EOFException e) {
            throw wrong(what, "something else: it ends too soon");
        } catch (MalformedJsonException | IllegalStateException | NumberFormatException e) {
            String why = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw wrong(what, "something else (" + Shown.of(why) + ")");
        } catch (IOException e) {
            throw wrong(what, WholeFile.reason(e));
        }
    }

    private Object value(JsonReader json, String what, String name, int depth) throws IOException {
        if (depth > DEEPEST || ++values > MOST_VALUES) {
            throw wrong(what + " of at most " + DEEPEST + " levels and " + MOST_VALUES + " values", "more");
        }
        switch (json.peek()) {
            case BEGIN_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                json.beginObject();
                while (json.hasNext()) {
                    String key = json.nextName(), inner = name.isEmpty() ? key : name + "." + key;
                    if (map.containsKey(key)) {
                        throw wrong("each name once", "\"" + Shown.of(inner) + "\" twice");
                    }
                    map.put(key, value(json, what, inner, depth + 1));
                }
                json.endObject();
                return map;
            }
            case BEGIN_ARRAY -> {
                List<Object> list = new ArrayList<>();
                json.beginArray();
                while (json.hasNext()) {
                    list.add(value(json, what, name, depth + 1));
                }
                json.endArray();
                return list;
            }
            case NUMBER -> {
                return number(json.nextString(), name);
            }
            case BOOLEAN -> {
                return json.nextBoolean();
            }
            case NULL -> {
                json.nextNull();
                return null;
            }
            default -> {
                return json.nextString();
            }
        }
    }

    private Object number(String text, String name) {
        if (text.matches("-?\\d{1,18}")) {
            return Long.parseLong(text);
        }
        if (text.matches("-?\\d{19}")) {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException e) {
                return Double.parseDouble(text);
            }
        }
        double number = Double.parseDouble(text);
        if (!Double.isFinite(number)) {
            throw wrong("finite numbers", Shown.of(name) + " of " + Shown.of(text));
        }
        return number;
    }

    /** A record of the type; the components in {@code optional} may be missing, and are null then. */
    <R extends Record> R record(Class<R> type, Map<?, ?> map, String prefix, Set<String> optional) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] made = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            String name = components[i].getName();
            types[i] = components[i].getType();
            made[i] = !map.containsKey(name) && optional.contains(name)
                    ? null
                    : bind(components[i].getGenericType(), map.get(name), prefix + name);
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(made);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Problem problem) {
                throw problem.reworded(sentence -> file + ": " + sentence);
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private Object bind(Type type, Object value, String name) {
        String shown = Shown.of(name);
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            if (!(value instanceof List<?> list)) {
                throw wrong(shown + " to be a list", Shown.of(value));
            }
            List<Object> bound = new ArrayList<>();
            for (int i = 0; i < list.size(); i++) {
                bound.add(bind(generic.getActualTypeArguments()[0], list.get(i), name + "[" + i + "]"));
            }
            return List.copyOf(bound);
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() == Map.class) {
            if (!(value instanceof Map<?, ?> map)) {
                throw wrong(shown + " to be a map", Shown.of(value));
            }
            Map<String, Object> bound = new LinkedHashMap<>();
            map.forEach((key, inner) ->
                    bound.put((String) key, bind(generic.getActualTypeArguments()[1], inner, name + "." + key)));
            return bound;
        }
        Class<?> plain = (Class<?>) type;
        if (plain == Object.class) {
            return given(value, name);
        }
        if (plain.isRecord()) {
            if (!(value instanceof Map<?, ?> map)) {
                throw wrong(shown + " to be a map", Shown.of(value));
            }
            return record(plain.asSubclass(Record.class), map, name + ".", Set.of());
        }
        if (plain == String.class) {
            if (!(value instanceof String)) {
                throw wrong(shown + " to be text", Shown.of(value));
            }
            return value;
        }
        if (!(value instanceof Number number)) {
            throw wrong(shown + " to be a number", Shown.of(value));
        }
        if (plain == double.class || plain == Double.class) {
            return number.doubleValue();
        }
        if (plain == float.class) {
            if (!Float.isFinite(number.floatValue())) {
                throw wrong(shown + " to be a number that float32 holds", Shown.of(value));
            }
            return number.floatValue();
        }
        long whole = number.longValue();
        if (whole != number.doubleValue() && !(number instanceof Long) || plain == int.class && whole != (int) whole) {
            throw wrong(
                    shown + " to be a whole number" + (plain == int.class ? " up to " + Integer.MAX_VALUE : ""),
                    Shown.of(value));
        }
        return plain == int.class ? (Object) (int) whole : (Object) whole;
    }

    /** Any value, and nowhere in it a null. */
    private Object given(Object value, String name) {
        if (value == null) {
            throw wrong(Shown.of(name) + " to be given", "nothing");
        }
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> given(inner, name + "." + key));
        }
        if (value instanceof List<?> list) {
            list.forEach(inner -> given(inner, name));
        }
        return value;
    }
}
