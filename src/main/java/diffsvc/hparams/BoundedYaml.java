package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** Reads a YAML file that may come from anywhere: size, depth, number of values and length of texts are bounded. */
final class BoundedYaml {
    private static final String STAGE = Limits.STAGE;
    private static final int MOST_BYTES = 4 << 20, MOST_VALUES = 100_000, DEEPEST = 32, LONGEST = 1 << 16;
    private static final Anchor NO_ANCHOR = new Anchor("-");

    private BoundedYaml() {}

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(InputStream in, Path file) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a YAML file of at most " + (MOST_BYTES >> 20) + " MiB",
                    "a larger one",
                    "see models/demo/hparams.yaml");
        }
        try {
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
     * Checks the events of a file, which cost neither stack nor memory, before values are made of them: depth, number
     * of values with aliases followed, length of texts. The method is long because each kind of event has its own
     * bound.
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

    static void named(Path file, String prefix, Map<?, ?> map) {
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (!(e.getKey() instanceof String key)) {
                throw HparamsYaml.wrong(file, prefix + "KEY", "a name", e.getKey());
            }
            if (e.getValue() instanceof Map<?, ?> inner) {
                named(file, prefix + Shown.of(key) + ".", inner);
            }
        }
    }
}
