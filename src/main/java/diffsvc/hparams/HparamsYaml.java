package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * Reads {@link Hparams} from YAML and writes them. An unknown key is refused with the nearest known one, a value of
 * another type than the key's is refused.
 *
 * <p>A voice's folder holds {@code hparams.yaml}, with the keys that differ from {@code base.yaml} and two that stand
 * only there: {@code base}, the version of base.yaml, and {@code mel_range}, the name of a file beside it with
 * noise.spec_min, noise.spec_max and the scope {@code range}. Files without the two, with all keys, are read as well.
 */
public final class HparamsYaml {
    private static final String STAGE = "hparams";
    private static final int LONGEST_NUMBER = 64, WIDTH = 110;
    /** The version of base.yaml. A default that changes makes another, and the file of before stays. */
    private static final int VERSION = 1;

    private static final String BASE = "base", RANGE = "mel_range";
    /** The name under which a voice and a dataset keep their mel range. */
    public static final String MEL_RANGE = "mel_range.yaml";

    private static final List<String> IN_RANGE = inRange();
    private static final String HEADER =
            "# What differs from the defaults, which base.yaml of diffsvc.hparams holds and explains, version "
                    + VERSION + ".\n";
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][+-]?\\d+)?");

    private HparamsYaml() {}

    private static List<String> inRange() {
        List<String> keys = new ArrayList<>(List.of("noise.spec_min", "noise.spec_max"));
        keys.addAll(keys(Hparams.Range.class, "range."));
        return List.copyOf(keys);
    }

    /** Reads base.yaml: every key is there, so no default is needed. */
    static Hparams base() {
        Path name = Path.of("base.yaml");
        try (InputStream in = HparamsYaml.class.getResourceAsStream(name.toString())) {
            Map<String, Object> map = BoundedYaml.map(in, name);
            return (Hparams) record(Hparams.class, null, map, "", name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads {@code hparams.yaml}. A missing key has the default of the version of base.yaml that {@code base} names; a
     * file without {@code base} is of version 1. If {@code mel_range} names a file beside this one, that file holds the
     * mel range and the F0 of the training clips.
     *
     * @throws Problem naming the file and the key: an unknown key or version, a value of the wrong type or out of its
     *     bounds, a key in both files, or a mel range that is not there
     */
    public static Hparams read(Path file) {
        return read(map(file), file);
    }

    private static Hparams read(Map<String, Object> map, Path file) {
        Map<String, Object> rest = new LinkedHashMap<>(map);
        if (rest.containsKey(BASE)) {
            Object version = rest.remove(BASE);
            if (!String.valueOf(version).equals(String.valueOf(VERSION))) {
                throw Problem.in(
                        STAGE,
                        file,
                        "base " + VERSION + ", the defaults that this version of the workbench knows",
                        "base " + Shown.of(version),
                        "use the version of the workbench that wrote the file");
            }
        }
        if (rest.containsKey(RANGE)) {
            include(rest, file, rest.remove(RANGE));
        }
        return of(rest, file);
    }

    /** Puts the keys of the file that {@code mel_range} names in their places. */
    private static void include(Map<String, Object> map, Path file, Object named) {
        if (!(named instanceof String name) || !isName(name)) {
            throw wrong(file, RANGE, "the name of a file beside this one", named);
        }
        Path range = file.resolveSibling(name);
        if (!Files.exists(range)) {
            throw Problem.in(
                    STAGE,
                    range,
                    "the mel range that " + file.getFileName() + " names",
                    "no such file",
                    "copy it along with " + file.getFileName());
        }
        Map<String, Object> given = map(range);
        of(given, range); // its values are checked under its own name
        given.forEach((scope, keys) -> {
            if (map.containsKey(scope) && !(map.get(scope) instanceof Map)) {
                return; // no scope: refused with the rest of that file
            }
            Map<?, ?> inner = keys instanceof Map<?, ?> m ? m : Map.of("", "");
            Map<Object, Object> there = new LinkedHashMap<>(map.get(scope) instanceof Map<?, ?> m ? m : Map.of());
            inner.forEach((key, value) -> {
                String full = keys instanceof Map ? scope + "." + key : scope;
                if (!IN_RANGE.contains(full)) {
                    throw Problem.in(
                            STAGE,
                            range,
                            "only " + String.join(", ", IN_RANGE),
                            full,
                            "move it to " + file.getFileName());
                }
                if (there.put(key, value) != null) {
                    throw Problem.in(
                            STAGE, file, "each key once", full + " here and in " + name, "leave one of them out");
                }
            });
            map.put(scope, there);
        });
    }

    /**
     * Reads either form: this workbench's hparams.yaml, whose keys stand in scopes, or the Python project's flat
     * config.yaml ({@link Hparams#ofPython}). The keys decide, not the name of the file. The quirks of a Python voice
     * are fixed ({@code quirks: fixed}), unless it was trained with one: embedded energy is the Python project's (quirk
     * 5).
     */
    public static Hparams readEither(Path file) {
        if (isOurs(file)) {
            return read(file);
        }
        Hparams python = Hparams.ofPython(file);
        return python.quirks(python.embedding().useEnergyEmbed() ? Hparams.Quirks.PYTHON : Hparams.Quirks.FIXED);
    }

    /** Whether a file has this workbench's form: it says {@code base}, or its keys stand in scopes. */
    public static boolean isOurs(Path file) {
        Map<String, Object> map = map(file);
        return map.containsKey(BASE)
                || Arrays.stream(Hparams.class.getRecordComponents())
                        .anyMatch(c -> c.getType().isRecord() && map.get(Components.key(c)) instanceof Map);
    }

    /** Returns the file itself and, if it names a mel range, that file; also if one of them is not there. */
    public static List<Path> files(Path file) {
        Object named = Files.isRegularFile(file) ? map(file).get(RANGE) : null;
        return named instanceof String name && isName(name) ? List.of(file, file.resolveSibling(name)) : List.of(file);
    }

    private static boolean isName(String name) {
        return name.matches("[^/\\\\\\p{Cntrl}]{1,255}") && !name.startsWith(".");
    }

    /**
     * Writes one file that needs no other, whole or not at all: what differs from base.yaml, the mel range included.
     */
    public static void write(Path file, Hparams hparams) {
        WholeFile.write(STAGE, file, part -> Files.writeString(part, text(hparams)));
    }

    /** Returns the text of {@link #write}. */
    public static String text(Hparams hparams) {
        return HEADER + yaml(differences(hparams, null));
    }

    /**
     * Returns the text of an hparams.yaml whose mel range is in a file beside it.
     *
     * @param melRange name of that file, which holds {@link #melRange(Hparams)}
     */
    public static String text(Hparams hparams, String melRange) {
        Map<String, Object> map = differences(hparams, melRange);
        for (String key : IN_RANGE) {
            int dot = key.indexOf('.');
            if (map.get(key.substring(0, dot)) instanceof Map<?, ?> scope) {
                scope.remove(key.substring(dot + 1));
            }
        }
        map.values().removeIf(scope -> scope instanceof Map<?, ?> m && m.isEmpty());
        return HEADER + yaml(map);
    }

    /** Returns the text of mel_range.yaml: the mel range and the F0 of the training clips, every key. */
    @SuppressWarnings("unchecked")
    public static String melRange(Hparams hparams) {
        Map<String, Object> map = toMap(hparams), range = new LinkedHashMap<>();
        for (String key : IN_RANGE) {
            int dot = key.indexOf('.');
            Map<?, ?> scope = (Map<?, ?>) map.get(key.substring(0, dot));
            ((Map<String, Object>) range.computeIfAbsent(key.substring(0, dot), k -> new LinkedHashMap<>()))
                    .put(key.substring(dot + 1), scope.get(key.substring(dot + 1)));
        }
        return "# The mel range and the F0 of the training clips, as preprocess measured them; hparams.yaml names this"
                + " file.\n" + yaml(range);
    }

    /** The keys that every file has, mel_range unless it is null, and the keys that differ from the defaults. */
    private static Map<String, Object> differences(Hparams hparams, String melRange) {
        Map<String, Object> defaults = toMap(Hparams.defaults()), map = new LinkedHashMap<>();
        map.put(BASE, VERSION);
        map.put("project", hparams.project());
        map.put("steps", hparams.steps());
        if (melRange != null) {
            map.put(RANGE, melRange);
        }
        toMap(hparams).forEach((name, value) -> {
            Object usual = defaults.get(name);
            if (value instanceof Map<?, ?> scope) {
                Map<Object, Object> different = new LinkedHashMap<>(scope);
                different.entrySet().removeIf(e -> e.getValue().equals(((Map<?, ?>) usual).get(e.getKey())));
                if (!different.isEmpty()) {
                    map.put(name, different);
                }
            } else if (!value.equals(usual)) {
                map.put(name, value);
            }
        });
        return map;
    }

    /** A key per line; a list of numbers in brackets, so that a range of 128 bins takes 15 lines. */
    private static String yaml(Map<?, ?> map) {
        StringBuilder text = new StringBuilder();
        map.forEach((key, value) -> {
            if (value instanceof Map<?, ?> scope) {
                text.append(key).append(":\n").append(yaml(scope).indent(2));
            } else {
                DumpSettings settings = DumpSettings.builder()
                        .setDefaultFlowStyle(value instanceof List ? FlowStyle.AUTO : FlowStyle.BLOCK)
                        .setWidth(WIDTH)
                        .build();
                text.append(new Dump(settings).dumpToString(Collections.singletonMap(key, value)));
            }
        });
        return text.toString();
    }

    /**
     * Reads any YAML file as a map whose keys are text. Size, depth and aliases are bounded before values are made.
     *
     * @throws Problem if the file is no YAML map or exceeds those bounds
     */
    public static Map<String, Object> map(Path file) {
        Input.require(STAGE, file, "a YAML file");
        try (InputStream in = Files.newInputStream(file)) {
            return BoundedYaml.map(in, file);
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", WholeFile.reason(e), "check the path");
        }
    }

    /**
     * Makes settings from nested maps. A missing key has its default.
     *
     * @param file named in errors; null = none
     * @throws Problem naming the key: unknown, of the wrong type, or out of its bounds
     */
    public static Hparams of(Map<String, Object> map, Path file) {
        return (Hparams) record(Hparams.class, Hparams.defaults(), map, "", file);
    }

    /**
     * Returns a record and the records in it as nested maps: keys as in hparams.yaml, in the order of the components.
     */
    public static Map<String, Object> toMap(Record record) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (RecordComponent c : record.getClass().getRecordComponents()) {
            Object value = Components.value(c, record);
            map.put(
                    Components.key(c),
                    value instanceof Record r
                            ? toMap(r)
                            : value instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : value);
        }
        return map;
    }

    /** Returns all keys with their scopes, for instance "training.lr". */
    public static List<String> keys(Class<?> type, String prefix) {
        List<String> keys = new ArrayList<>();
        for (RecordComponent c : type.getRecordComponents()) {
            if (c.getType().isRecord()) {
                keys.addAll(keys(c.getType(), prefix + Components.key(c) + "."));
            } else {
                keys.add(prefix + Components.key(c));
            }
        }
        return keys;
    }

    /** Makes a record; a missing key has the value in {@code defaults}, or is refused if there are none. */
    private static Record record(
            Class<? extends Record> type, Record defaults, Map<?, ?> map, String prefix, Path file) {
        BoundedYaml.named(file, prefix, map);
        RecordComponent[] components = type.getRecordComponents();
        Map<Object, Object> rest = new LinkedHashMap<>(map);
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            RecordComponent c = components[i];
            Object fallback = defaults == null ? null : Components.value(c, defaults);
            String name = prefix + Components.key(c);
            if (!rest.containsKey(Components.key(c))) {
                if (fallback == null) {
                    throw wrong(file, name, "given", null);
                }
                values[i] = fallback;
                continue;
            }
            Object given = rest.remove(Components.key(c));
            if (given == null) {
                throw wrong(file, name, c.getType().isRecord() ? "a map" : "given, or left out for its default", null);
            }
            if (!c.getType().isRecord()) {
                values[i] = convert(file, name, c.getType(), given);
            } else if (given instanceof Map<?, ?> inner) {
                Class<? extends Record> scope = c.getType().asSubclass(Record.class);
                values[i] = record(scope, (Record) fallback, inner, name + ".", file);
            } else {
                throw wrong(file, name, "a map", given);
            }
        }
        if (!rest.isEmpty()) {
            throw Arg2Hparams.unknown(file, prefix + rest.keySet().iterator().next());
        }
        try {
            return Components.create(type, values);
        } catch (Problem beyond) {
            throw file == null ? beyond : beyond.reworded(sentence -> file + ": " + sentence);
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

    /** Reads a whole number from its digits, because a double holds no more than 53 bits of it. */
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

    static Problem wrong(Path file, String name, String need, Object given) {
        String remedy = "correct " + name;
        Problem problem = Problem.in(STAGE, name + " to be " + need, Shown.of(given), remedy);
        return file == null ? problem : problem.reworded(sentence -> file + ": " + sentence);
    }
}
