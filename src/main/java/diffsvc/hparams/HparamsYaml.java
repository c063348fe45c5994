package diffsvc.hparams;

import diffsvc.files.WholeFile;
import diffsvc.check.Problem;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** {@link Hparams} from YAML and back. Every key is known or refused with the nearest right one; every value has the key's type or is refused. */
public final class HparamsYaml {
    private static final String STAGE = "hparams";

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
     * Reads either form: this workbench's hparams.yaml, whose keys stand in scopes, or the Python project's flat config.yaml ({@link Hparams#ofPython}). The keys tell, and
     * not the file's name. A Python voice gets its oddities mended ({@code quirks: fixed}), unless it was trained with one: embedded energy is the Python project's (quirk 5).
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
        return Arrays.stream(Hparams.class.getRecordComponents()).anyMatch(c -> c.getType().isRecord() && map.get(key(c)) instanceof Map);
    }

    /**
     * Writes all keys, whole or not at all.
     *
     * @param file path
     * @param hparams the voice's settings
     */
    public static void write(Path file, Hparams hparams) {
        String text = new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).setWidth(140).build()).dumpToString(toMap(hparams));
        WholeFile.write(STAGE, file, part -> Files.writeString(part, text));
    }

    /**
     * Any YAML file as a map.
     *
     * @param file path
     * @return as YAML gives it
     */
    @SuppressWarnings("unchecked")
    public static Map<String, Object> map(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            Object root = new Load(LoadSettings.builder().setLabel(file.toString()).build()).loadFromString(text);
            if (root instanceof Map<?, ?> map) {
                return (Map<String, Object>) map;
            }
            throw Problem.in(STAGE, file, "a YAML map", root == null ? "an empty file" : root.getClass().getSimpleName(), "see models/demo/hparams.yaml");
        } catch (YamlEngineException e) {
            throw Problem.in(STAGE, file, "YAML", e.getMessage().lines().findFirst().orElse("a syntax error"), "correct the file");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", e.getClass().getSimpleName(), "check the path");
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
            map.put(key(c), value instanceof Record r ? toMap(r) : value instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : value);
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

    private static Object record(Class<?> type, Record defaults, Map<String, Object> map, String prefix, Path file) {
        RecordComponent[] components = type.getRecordComponents();
        Map<String, Object> rest = new LinkedHashMap<>(map);
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            RecordComponent c = components[i];
            types[i] = c.getType();
            Object fallback = value(c, defaults);
            Object given = rest.remove(key(c));
            String name = prefix + key(c);
            if (c.getType().isRecord()) {
                if (given != null && !(given instanceof Map)) {
                    throw wrong(file, name, "a map", given);
                }
                @SuppressWarnings("unchecked")
                Map<String, Object> inner = given == null ? Map.of() : (Map<String, Object>) given;
                values[i] = record(c.getType(), (Record) fallback, inner, name + ".", file);
            } else {
                values[i] = given == null ? fallback : convert(file, name, c.getType(), given);
            }
        }
        if (!rest.isEmpty()) {
            throw Arg2Hparams.unknown(file, prefix + rest.keySet().iterator().next());
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object convert(Path file, String name, Class<?> type, Object given) {
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
            throw wrong(file, name, "one of " + List.of(type.getEnumConstants()).toString().toLowerCase(Locale.ROOT), given);
        }
        if (type == List.class) {
            List<?> list = given instanceof List<?> l ? l : List.of(String.valueOf(given).split("[\\s\\[\\]]+"));
            List<Double> numbers = new ArrayList<>();
            for (Object o : list) {
                numbers.add(number(file, name, o));
            }
            return List.copyOf(numbers);
        }
        double number = number(file, name, given);
        if (type == double.class) {
            return number;
        }
        if (number != Math.rint(number) || type == int.class && Math.abs(number) > Integer.MAX_VALUE) {
            throw wrong(file, name, "a whole number", given);
        }
        return type == int.class ? (Object) (int) number : (Object) (given instanceof Long l ? l : (long) number);
    }

    private static double number(Path file, String name, Object given) {
        try {
            double d = Double.parseDouble(String.valueOf(given));   // YAML reads 1e-6 as text: so does Python's
            if (Double.isFinite(d)) {
                return d;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(file, name, "a number", given);
    }

    private static Problem wrong(Path file, String name, String need, Object given) {
        String remedy = "correct " + name;
        return file == null ? Problem.in(STAGE, name + " to be " + need, String.valueOf(given), remedy)
                : Problem.in(STAGE, file, name + " to be " + need, String.valueOf(given), remedy);
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
