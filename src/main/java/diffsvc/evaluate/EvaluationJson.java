package diffsvc.evaluate;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** An {@link Evaluation} as JSON for other programs; a figure without a value is null. */
public final class EvaluationJson {
    private static final String FORMAT = "diffsvc-evaluation-1";
    private static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeNulls()
            .create();

    private EvaluationJson() {}

    /**
     * The text: judges with the SHA-256 of their weights, absent ones with the reason, and each sound with its figures.
     */
    public static String text(Evaluation evaluation) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("format", FORMAT);
        Map<String, Object> judges = new LinkedHashMap<>();
        for (JudgeKind kind : JudgeKind.values()) {
            if (evaluation.judges().contains(kind)) {
                Map<String, String> weights = new LinkedHashMap<>();
                kind.weights().forEach(w -> weights.put(w.file(), w.sha256()));
                judges.put(kind.toString(), Map.of("weights", weights));
            } else if (evaluation.absent().containsKey(kind)) {
                judges.put(kind.toString(), Map.of("absent", evaluation.absent().get(kind)));
            }
        }
        tree.put("judges", judges);
        Set<Score.Part> parts = evaluation.parts();
        List<Object> rows = new ArrayList<>();
        for (Evaluation.Row row : evaluation.rows()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", row.name());
            one.put("role", row.role().name().toLowerCase(Locale.ROOT));
            one.put("song", row.song());
            one.put("key", row.subject().key());
            if (row.role() == Evaluation.Role.OUTPUT) {
                one.put("score", finite(evaluation.score(row).value(parts)));
            }
            one.put("figures", figures(row.figures()));
            List<Object> phrases = new ArrayList<>();
            row.passages().forEach(p -> {
                Map<String, Object> phrase = new LinkedHashMap<>();
                phrase.put("start", p.phrase().start());
                phrase.put("end", p.phrase().end());
                phrase.put("figures", figures(p.figures()));
                phrases.add(phrase);
            });
            one.put("phrases", phrases);
            rows.add(one);
        }
        tree.put("sounds", rows);
        tree.put("failed", evaluation.failed());
        return JSON.toJson(tree) + "\n";
    }

    private static Map<String, Object> figures(List<Figure> figures) {
        Map<String, Object> values = new LinkedHashMap<>();
        figures.forEach(f -> values.put(f.name(), finite(f.value())));
        return values;
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }

    /** Whether a file is one that {@link #save} wrote. */
    public static boolean isOne(Path file) {
        try {
            return JSON.fromJson(Files.readString(file), Map.class) instanceof Map<?, ?> tree
                    && FORMAT.equals(tree.get("format"));
        } catch (IOException | JsonParseException e) {
            return false;
        }
    }

    /** Writes it, whole or not at all, and returns the path. */
    public static Path save(Evaluation evaluation, Path file) {
        return WholeFile.write("evaluate", file, part -> Files.writeString(part, text(evaluation)));
    }
}
