package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** base.yaml is the default and the reference: what it says of a key is what the constructors do. */
class BaseYamlTest {
    private static final Pattern RANGE = Pattern.compile("Range (\\S+) to (below )?(-?\\d[\\de.-]*?)\\.?(?![\\d.e-])"),
            CHOICE = Pattern.compile("[Oo]ne of ([\\w, -]+)[.;]"),
            IN_JAVADOC = Pattern.compile("(-?[\\d.e-]+) to (below )?(-?[\\d.e]+|steps)");

    /** The comment above each key and each scope, by key. */
    private static Map<String, String> comments() throws IOException {
        Map<String, String> comments = new LinkedHashMap<>();
        StringBuilder comment = new StringBuilder();
        String scope = "";
        try (InputStream in = Hparams.class.getResourceAsStream("base.yaml")) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                String text = line.strip();
                if (text.isEmpty()) {
                    comment.setLength(0);
                } else if (text.startsWith("#")) {
                    comment.append(text.substring(1).strip()).append(' ');
                } else {
                    String key = text.substring(0, text.indexOf(':'));
                    scope = line.startsWith(" ") ? scope : text.endsWith(":") ? key : "";
                    String full = line.startsWith(" ") ? scope + "." + key : key;
                    assertEquals(null, comments.put(full, comment.toString().strip()), full + " stands twice");
                    comment.setLength(0);
                }
            }
        }
        return comments;
    }

    private static Hparams edited(String key, String value) {
        return Arg2Hparams.apply(Hparams.defaults(), key + "=" + value);
    }

    /** Whether the key's own bounds refuse a value; what another key has to say to it does not count. */
    private static boolean isBeyond(String key, String value) {
        try {
            edited(key, value);
            return false;
        } catch (Problem e) {
            return e.getMessage().contains("need " + key + " from ")
                    || e.getMessage().contains("need " + key + " to be a whole number up to");
        }
    }

    @Test
    void everyKeyStandsOnceWithAComment() throws IOException {
        Map<String, String> comments = comments();
        List<String> keys = HparamsYaml.keys(Hparams.class, "");
        for (RecordComponent c : Hparams.class.getRecordComponents()) {
            if (c.getType().isRecord()) {
                assertTrue(comments.remove(Components.key(c)).contains("A change "), Components.key(c));
            }
        }
        assertEquals(new HashSet<>(keys), comments.keySet());
        assertEquals(keys, new ArrayList<>(comments.keySet()), "in the order of the records");
        comments.forEach((key, comment) -> assertTrue(comment.length() > 10 && comment.endsWith("."), key));
        assertFalse(Hparams.defaults().toString().contains("null"));
    }

    @Test
    void theRangesAreTheConstructors() throws IOException {
        Map<String, String> comments = comments();
        int ranges = 0, choices = 0;
        for (String key : HparamsYaml.keys(Hparams.class, "")) {
            String comment = comments.get(key);
            Object value = value(Hparams.defaults(), key);
            Matcher range = RANGE.matcher(comment), choice = CHOICE.matcher(comment);
            if (range.find()) {
                ranges++;
                boolean whole = value instanceof Integer || value instanceof Long;
                boolean below = range.group(2) != null;
                double least = Double.parseDouble(range.group(1)), most = Double.parseDouble(range.group(3));
                assertFalse(isBeyond(key, text(whole, least)), key + "=" + least);
                assertFalse(isBeyond(key, text(whole, below ? most - 1e-9 : most)), key + "=" + most);
                assertTrue(isBeyond(key, text(whole, whole ? least - 1 : Math.nextDown(least))), key + " " + least);
                String more = text(whole, below ? most : whole ? most + 1 : Math.nextUp(most));
                assertTrue(isBeyond(key, more), key + "=" + more);
            } else if (choice.find()) {
                choices++;
                for (String one : choice.group(1).split(", ")) {
                    edited(key, one);
                }
                assertThrows(Problem.class, () -> edited(key, "none-of-them"), key);
            } else {
                assertTrue(
                        value instanceof Boolean || value instanceof String || key.endsWith(".seed"),
                        key + " has a range");
            }
        }
        assertEquals(List.of(68, 12), List.of(ranges, choices));
    }

    private static String text(boolean whole, double number) {
        return whole ? String.valueOf((long) number) : String.valueOf(number);
    }

    private static Object value(Hparams hparams, String key) {
        Object at = HparamsYaml.toMap(hparams);
        for (String part : key.split("\\.")) {
            at = ((Map<?, ?>) at).get(part);
        }
        return at;
    }

    @Test
    void theChoicesAreTheRegistries() throws IOException {
        Map<String, String> comments = comments();
        for (Map.Entry<String, Stream<String>> e : Map.of(
                        "noise.prediction",
                                Arrays.stream(PredictionKind.values()).map(PredictionKind::text),
                        "infer.sampler", Arrays.stream(SamplerKind.values()).map(SamplerKind::text),
                        "pitch.extractor", Arrays.stream(PitchKind.values()).map(PitchKind::text),
                        "hubert.kind", Arrays.stream(EncoderKind.values()).map(EncoderKind::text),
                        "vocoder.kind", Arrays.stream(VocoderKind.values()).map(VocoderKind::text))
                .entrySet()) {
            Matcher choice = CHOICE.matcher(comments.get(e.getKey()));
            assertTrue(choice.find(), e.getKey());
            assertEquals(
                    e.getValue().collect(Collectors.toSet()),
                    Set.of(choice.group(1).split(", ")),
                    e.getKey());
        }
    }

    /** The Javadoc of the records has the same numbers. */
    @Test
    void theJavadocHasTheSameRanges() throws IOException {
        Map<String, String> comments = comments();
        String source = Files.readString(Path.of("src/main/java/diffsvc/hparams/Hparams.java"));
        Set<String> seen = new HashSet<>();
        Matcher record = Pattern.compile("(?s)/\\*\\*((?:(?!\\*/).)*)\\*/\\s*public record (\\w+)")
                .matcher(source);
        while (record.find()) {
            String scope =
                    record.group(2).equals("Hparams") ? "" : record.group(2).toLowerCase() + ".";
            for (String param : record.group(1).replaceAll("\\s+\\*\\s+", " ").split("@param ")) {
                String name = param.split(" ")[0],
                        key =
                                scope
                                        + name.replaceAll("([a-z0-9])([A-Z])", "$1_$2")
                                                .toLowerCase();
                Matcher javadoc = IN_JAVADOC.matcher(param), range = RANGE.matcher(comments.getOrDefault(key, ""));
                if (javadoc.find() && range.find()) {
                    seen.add(key);
                    String most = javadoc.group(3).replaceAll("\\.$", "");
                    assertEquals(Double.parseDouble(range.group(1)), Double.parseDouble(javadoc.group(1)), key);
                    assertEquals(
                            Double.parseDouble(range.group(3)),
                            most.equals("steps") ? Hparams.defaults().noise().steps() : Double.parseDouble(most),
                            key);
                    assertEquals(range.group(2), javadoc.group(2), key);
                }
            }
        }
        assertEquals(68, seen.size());
    }

    /**
     * Voices name the version of the defaults that they were written against. Who changes a default makes a new
     * version, keeps the file of before, and reads it for the voices that name it.
     */
    @Test
    void theDefaultsOfVersion1StayAsTheyWere() {
        Map<String, Object> pinned = HparamsYaml.map(Path.of("src/test/resources/hparams/base-1.yaml"));
        Set<String> keys = new HashSet<>();
        pinned.forEach((scope, values) -> {
            if (values instanceof Map<?, ?> inner) {
                inner.keySet().forEach(key -> keys.add(scope + "." + key));
            } else {
                keys.add(scope);
            }
        });
        assertEquals(Set.copyOf(HparamsYaml.keys(Hparams.class, "")), keys, "every default is pinned");
        pinned.forEach((scope, values) -> {
            if (values instanceof Map<?, ?> inner) {
                inner.keySet().forEach(key -> {
                    Map<String, Object> one = Map.of(scope, Map.of(key, inner.get(key)));
                    assertEquals(Hparams.defaults(), HparamsYaml.of(one, null), scope + "." + key);
                });
            } else {
                assertEquals(Hparams.defaults(), HparamsYaml.of(Map.of(scope, values), null), scope);
            }
        });
    }
}
