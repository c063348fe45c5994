package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * {@link Hparams} from YAML and back. Every key is known or refused with the nearest right one; every value has the
 * key's type or is refused.
 */
public final class HparamsYaml {
    private static final String STAGE = "hparams";
    private static final int MOST_BYTES = 4 << 20,
            MOST_VALUES = 100_000,
            DEEPEST = 32,
            LONGEST = 1 << 16,
            LONGEST_NUMBER = 64;
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?");
    private static final Anchor NO_ANCHOR = new Anchor("-");

    private HparamsYaml() {}

    /**
     * Reads {@code hparams.yaml}; a key that is missing has its default.
     *
     * @param file path
     * @return the record
     */
    public static Hparams read(Path file) {
        return of(map(file), file);
    }

    /**
     * Reads either form: this workbench's hparams.yaml, whose keys stand in scopes, or the Python project's flat
     * config.yaml ({@link Hparams#ofPython}). The keys tell, and not the file's name. A Python voice gets its oddities
     * mended ({@code quirks: fixed}), unless it was trained with one: embedded energy is the Python project's (quirk
     * 5).
     *
     * @param file path
     * @return the record
     */
    public static Hparams readEither(Path file) {
        if (isOurs(file)) {
            return read(file);
        }
        Hparams python = Hparams.ofPython(file);
        return python.withQuirks(python.embedding().useEnergyEmbed() ? Hparams.Quirks.PYTHON : Hparams.Quirks.FIXED);
    }

    /**
     * Whether a file is of this workbench's form.
     *
     * @param file path
     * @return whether its keys stand in scopes
     */
    public static boolean isOurs(Path file) {
        Map<String, Object> map = map(file);
        return Arrays.stream(Hparams.class.getRecordComponents())
                .anyMatch(c -> c.getType().isRecord() && map.get(key(c)) instanceof Map);
    }

    /**
     * Writes all keys, whole or not at all.
     *
     * @param file path
     * @param hparams the voice's settings
     */
    public static void write(Path file, Hparams hparams) {
        String text = new Dump(DumpSettings.builder()
                        .setDefaultFlowStyle(FlowStyle.BLOCK)
                        .setWidth(140)
                        .build())
                .dumpToString(toMap(hparams));
        WholeFile.write(STAGE, file, part -> Files.writeString(part, text));
    }

    /**
     * Any YAML file as a map with text for keys. What comes from somebody else may be anything, so size, depth and
     * aliases are bounded before values are made.
     *
     * @param file path
     * @return as YAML gives it
     * @throws Problem when it is no YAML map, or beyond those bounds
     */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> map(Path file) {
        Input.require(STAGE, file, "a YAML file");
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a YAML file of at most " + (MOST_BYTES >> 20) + " MiB",
                        "a larger one",
                        "see models/demo/hparams.yaml");
            }
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            LoadSettings settings = LoadSettings.builder()
                    .setLabel(file.toString())
                    .setCodePointLimit(MOST_BYTES)
                    .build();
            bounded(file, new Parse(settings).parseString(text));
            Object root = new Load(settings).loadFromString(text);
            if (!(root instanceof Map<?, ?> map)) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a YAML map",
                        root == null ? "an empty file" : Shown.of(root),
                        "see models/demo/hparams.yaml");
            }
            named(file, "", map);
            return (Map<String, Object>) map;
        } catch (CharacterCodingException e) {
            throw Problem.in(
                    STAGE, file, "YAML, which is text in UTF-8", "other bytes", "see models/demo/hparams.yaml");
        } catch (Problem e) {
            throw e;
        } catch (YamlEngineException e) {
            throw Problem.in(STAGE, file, "YAML", first(e), "correct the file");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", WholeFile.reason(e), "check the path");
        } catch (RuntimeException | StackOverflowError e) {
            // a value that contradicts its tag, or what the bounds above did not foresee
            throw Problem.in(
                    STAGE,
                    file,
                    "YAML",
                    "what its parser gives up on (" + e.getClass().getSimpleName() + ")",
                    "correct the file");
        }
    }

    private static String first(YamlEngineException e) {
        String line = e.getMessage() == null
                ? ""
                : e.getMessage()
                        .lines()
                        .map(String::strip)
                        .filter(l -> !l.isEmpty())
                        .findFirst()
                        .orElse("");
        String where = e instanceof MarkedYamlEngineException m && m.getProblem() != null
                ? m.getProblem()
                        + m.getProblemMark()
                                .map(k -> " in line " + (k.getLine() + 1))
                                .orElse("")
                : line;
        String plain = where.replaceFirst("^but found |^[\\w.]+Exception: ", "");
        return plain.isEmpty() ? "a syntax error" : Shown.of(plain);
    }

    /**
     * Looks through a file's events, which cost no stack and no memory, before values are made of them: depth, values
     * with aliases followed, long texts.
     */
    private static void bounded(Path file, Iterable<Event> events) {
        Map<Anchor, Long> sizes = new HashMap<>();
        Deque<Anchor> anchors = new ArrayDeque<>();
        Deque<Long> counts = new ArrayDeque<>(List.of(0L));
        for (Event event : events) {
            long size = 0;
            boolean named = event instanceof NodeEvent && !(event instanceof AliasEvent);
            Anchor anchor = named ? ((NodeEvent) event).getAnchor().orElse(null) : null;
            switch (event.getEventId()) {
                case MappingStart, SequenceStart -> {
                    counts.push(1L);
                    anchors.push(anchor == null ? NO_ANCHOR : anchor);
                    if (counts.size() > DEEPEST) {
                        throw Problem.in(
                                STAGE,
                                file,
                                "at most " + DEEPEST + " levels",
                                "a file that is nested deeper",
                                "see models/demo/hparams.yaml");
                    }
                    continue;
                }
                case MappingEnd, SequenceEnd -> {
                    size = counts.pop();
                    anchor = anchors.pop();
                }
                case Scalar -> {
                    size = 1;
                    if (((ScalarEvent) event).getValue().length() > LONGEST) {
                        throw Problem.in(
                                STAGE,
                                file,
                                "values of at most " + LONGEST + " characters",
                                "one of " + ((ScalarEvent) event).getValue().length(),
                                "correct the file");
                    }
                }
                case Alias -> {
                    size = sizes.getOrDefault(((AliasEvent) event).getAlias(), -1L);
                    if (size < 0) {
                        throw Problem.in(
                                STAGE,
                                file,
                                "aliases of what stands before them",
                                "*" + Shown.of(((AliasEvent) event).getAlias().getValue()),
                                "write the values out");
                    }
                }
                default -> {}
            }
            if (anchor != null) {
                sizes.put(anchor, size);
            }
            counts.push(counts.pop() + size);
            if (counts.peek() > MOST_VALUES) {
                throw Problem.in(
                        STAGE,
                        file,
                        "at most " + MOST_VALUES + " values, aliases followed",
                        "more",
                        "see models/demo/hparams.yaml");
            }
        }
    }

    private static void named(Path file, String prefix, Map<?, ?> map) {
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (!(e.getKey() instanceof String key)) {
                throw wrong(file, prefix + "KEY", "a name", e.getKey());
            }
            if (e.getValue() instanceof Map<?, ?> inner) {
                named(file, prefix + Shown.of(key) + ".", inner);
            }
        }
    }

    /**
     * From nested maps; a key that is missing has its default. {@code file} is named in errors.
     *
     * @param map keys in scopes
     * @param file path
     * @return the record
     */
    public static Hparams of(Map<String, Object> map, Path file) {
        return (Hparams) record(Hparams.class, Hparams.defaults(), map, "", file);
    }

    /**
     * As nested maps, in the order of the records.
     *
     * @param record any of the records
     * @return keys as in hparams.yaml
     */
    public static Map<String, Object> toMap(Record record) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (RecordComponent c : record.getClass().getRecordComponents()) {
            Object value = value(c, record);
            map.put(
                    key(c),
                    value instanceof Record r
                            ? toMap(r)
                            : value instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : value);
        }
        return map;
    }

    /** All keys with dots, "training.lr" for instance. */
    static List<String> keys(Class<?> type, String prefix) {
        List<String> keys = new ArrayList<>();
        for (RecordComponent c : type.getRecordComponents()) {
            if (c.getType().isRecord()) {
                keys.addAll(keys(c.getType(), prefix + key(c) + "."));
            } else {
                keys.add(prefix + key(c));
            }
        }
        return keys;
    }

    private static Object record(Class<?> type, Record defaults, Map<?, ?> map, String prefix, Path file) {
        named(file, prefix, map);
        RecordComponent[] components = type.getRecordComponents();
        Map<Object, Object> rest = new LinkedHashMap<>(map);
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            RecordComponent c = components[i];
            types[i] = c.getType();
            Object fallback = value(c, defaults);
            String name = prefix + key(c);
            if (!rest.containsKey(key(c))) {
                values[i] = fallback;
                continue;
            }
            Object given = rest.remove(key(c));
            if (given == null) {
                throw wrong(file, name, c.getType().isRecord() ? "a map" : "given, or left out for its default", null);
            }
            if (!c.getType().isRecord()) {
                values[i] = convert(file, name, c.getType(), given);
            } else if (given instanceof Map<?, ?> inner) {
                values[i] = record(c.getType(), (Record) fallback, inner, name + ".", file);
            } else {
                throw wrong(file, name, "a map", given);
            }
        }
        if (!rest.isEmpty()) {
            throw Arg2Hparams.unknown(file, prefix + rest.keySet().iterator().next());
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Problem beyond) {
                throw file == null ? beyond : beyond.reworded(sentence -> file + ": " + sentence);
            }
            throw new IllegalStateException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object convert(Path file, String name, Class<?> type, Object given) {
        boolean plain = given instanceof String || given instanceof Number || given instanceof Boolean;
        if (type == List.class) {
            if (!plain && !(given instanceof List)) {
                throw wrong(file, name, "a list of numbers", given);
            }
            List<Double> numbers = new ArrayList<>();
            for (Object o : given instanceof List<?> l
                    ? l
                    : List.of(String.valueOf(given).strip().split("[\\s\\[\\]]+"))) {
                if (!"".equals(o)) {
                    numbers.add(number(file, name, o));
                }
            }
            return List.copyOf(numbers);
        }
        if (!plain) {
            throw wrong(file, name, "one value", given);
        }
        if (type == String.class) {
            return String.valueOf(given);
        }
        if (type == boolean.class) {
            if (given instanceof Boolean || given instanceof String s && (s.equals("true") || s.equals("false"))) {
                return Boolean.valueOf(String.valueOf(given));
            }
            throw wrong(file, name, "true or false", given);
        }
        if (type.isEnum()) {
            for (Object constant : type.getEnumConstants()) {
                if (constant.toString().equalsIgnoreCase(String.valueOf(given))) {
                    return constant;
                }
            }
            throw wrong(
                    file,
                    name,
                    "one of " + List.of(type.getEnumConstants()).toString().toLowerCase(Locale.ROOT),
                    given);
        }
        double number = number(file, name, given);
        if (type == double.class) {
            return number;
        }
        return type == int.class
                ? (Object) (int) whole(file, name, given, Integer.MAX_VALUE)
                : (Object) whole(file, name, given, Long.MAX_VALUE);
    }

    /** A whole number as it is written: a double holds no more than 53 bits of it. */
    private static long whole(Path file, String name, Object given, long most) {
        try {
            long whole = new BigDecimal(String.valueOf(given).strip()).longValueExact();
            if (whole >= -most && whole <= most) {
                return whole;
            }
            throw wrong(file, name, "a whole number up to " + most, given);
        } catch (ArithmeticException e) {
            boolean large = Math.abs(number(file, name, given)) >= most;
            throw wrong(file, name, large ? "a whole number up to " + most : "a whole number", given);
        }
    }

    private static double number(Path file, String name, Object given) {
        String text = given instanceof String || given instanceof Number
                ? String.valueOf(given).strip()
                : "";
        if (text.length() <= LONGEST_NUMBER && NUMBER.matcher(text).matches()) {
            double d = Double.parseDouble(text); // YAML reads 1e-6 as text: so does Python's
            if (Double.isFinite(d)) {
                return d;
            }
        }
        throw wrong(file, name, "a number", given);
    }

    private static Problem wrong(Path file, String name, String need, Object given) {
        String remedy = "correct " + name;
        Problem problem = Problem.in(STAGE, name + " to be " + need, Shown.of(given), remedy);
        return file == null ? problem : problem.reworded(sentence -> file + ": " + sentence);
    }

    private static Object value(RecordComponent c, Record record) {
        try {
            return c.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** sampleRateHz to sample_rate_hz, sha256 as it is. */
    static String key(RecordComponent c) {
        return c.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
