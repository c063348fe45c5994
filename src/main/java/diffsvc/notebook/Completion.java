package diffsvc.notebook;

import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.hparams.SamplerKind;
import diffsvc.voice.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What Tab offers in a cell where the language has nothing to offer: inside a string voices, files, keys of the
 * hparams, names of samplers and of taps. Elsewhere it leaves out what every object has.
 */
final class Completion {
    /** Methods of every object that no cell asks for. */
    private static final Set<String> NOISE = Set.of(
            "wait(",
            "notify()",
            "notifyAll()",
            "getClass()",
            "hashCode()",
            "equals(",
            "wait()",
            "notify(",
            "notifyAll(",
            "getClass(",
            "hashCode(");

    private static final int MOST = 200;

    /** The call whose parentheses are open. */
    private static final Pattern CALL = Pattern.compile("(\\w+)\\s*\\([^()]*$");

    private final ProjectPaths paths;
    private final Supplier<List<String>> taps;

    /**
     * Options of a project.
     *
     * @param taps names of the taps of the voice that the cells have open; none where there is no voice
     */
    Completion(ProjectPaths paths, Supplier<List<String>> taps) {
        this.paths = paths;
        this.taps = taps;
    }

    /**
     * Texts to put in the place of code from {@code start} to {@code end}.
     *
     * @param start index in the code, UTF-16
     */
    record Options(List<String> texts, int start, int end) {}

    /**
     * Options inside a string: what the call takes whose argument it is, if that is known by its name. No texts where
     * nothing fits; empty where the cursor stands in no string.
     */
    Optional<Options> inString(String code, int cursor) {
        int quote = openQuote(code, cursor);
        if (quote < 0) {
            return Optional.empty();
        }
        int start = Math.max(quote + 1, code.lastIndexOf(',', cursor - 1) + 1);
        String typed = code.substring(start, cursor);
        List<String> texts = new ArrayList<>();
        int equals = typed.indexOf('=');
        if (equals >= 0) {
            if (typed.startsWith("infer.sampler=")) {
                add(texts, SamplerKind.names(), typed.substring(equals + 1));
            } else if (typed.startsWith("infer.precision=")) {
                add(texts, Precision.names(), typed.substring(equals + 1));
            } else if (typed.startsWith("training.precision=")) {
                add(texts, List.of("float32", "bfloat16"), typed.substring(equals + 1));
            }
            return options(texts, start + equals + 1, cursor);
        }
        Matcher call = CALL.matcher(code.substring(0, quote));
        switch (call.find() ? call.group(1) : "") {
            case "read", "save", "of", "write", "unitsFrom" -> add(texts, files(typed), typed);
            case "open" -> add(texts, ModelFiles.in(paths.models()).projects(), typed);
            case "sampler" -> add(texts, SamplerKind.names(), typed);
            case "tap", "patch", "matching" -> add(texts, taps.get(), typed);
            case "extractor" -> add(texts, PitchKind.names(), typed);
            default -> {
                add(texts, ModelFiles.in(paths.models()).projects(), typed);
                add(texts, SamplerKind.names(), typed);
                add(texts, HparamsYaml.keys(Hparams.class, ""), typed);
                add(texts, files(typed), typed);
            }
        }
        return options(texts, start, cursor);
    }

    /** Without the methods that every object has. */
    static List<String> useful(List<String> texts) {
        return texts.stream().filter(text -> !NOISE.contains(text)).toList();
    }

    private static Optional<Options> options(List<String> texts, int start, int end) {
        return Optional.of(new Options(texts, start, end));
    }

    private static void add(List<String> texts, List<String> candidates, String typed) {
        candidates.stream()
                .filter(c -> c.startsWith(typed) && !texts.contains(c))
                .limit(MOST)
                .forEach(texts::add);
    }

    /** Files of the folder that the text names so far, below the project's folder; folders end with a slash. */
    private List<String> files(String typed) {
        String folder = typed.substring(0, typed.lastIndexOf('/') + 1);
        Path at = paths.resolve(folder.isEmpty() ? "." : folder);
        if (!Files.isDirectory(at)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(at)) {
            return list.filter(f -> !f.getFileName().toString().startsWith("."))
                    .map(f -> folder + f.getFileName() + (Files.isDirectory(f) ? "/" : ""))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of(); // a folder that may not be read offers nothing
        }
    }

    /** The quote that opens the string in which the cursor stands; -1 outside of one. */
    private static int openQuote(String code, int cursor) {
        int quote = -1;
        for (int i = code.lastIndexOf('\n', cursor - 1) + 1; i < cursor; i++) {
            if (code.charAt(i) == '\\') {
                i++;
            } else if (code.charAt(i) == '"') {
                quote = quote < 0 ? i : -1;
            }
        }
        return quote;
    }
}
