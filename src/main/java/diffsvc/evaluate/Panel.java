package diffsvc.evaluate;

import diffsvc.check.Problem;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.EngineLock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The judges that are open, each opened once for many outputs; those that are absent, with the reason.
 *
 * <pre>{@code
 * try (var panel = Panel.open(paths)) {
 *     panel.figures(Subject.of(Sound.of("mine", wave)).against(Sound.of("song", song), 0));
 * }
 * }</pre>
 */
public final class Panel implements AutoCloseable {
    private final Map<JudgeKind, Judge> judges = new EnumMap<>(JudgeKind.class);
    private final Map<JudgeKind, String> absent = new EnumMap<>(JudgeKind.class);

    private Panel() {}

    /** Judges that are open already; the panel closes them. */
    Panel(Map<JudgeKind, Judge> judges) {
        this.judges.putAll(judges);
    }

    /** Opens every judge that is there. */
    public static Panel open(ProjectPaths paths) {
        return open(paths, EnumSet.allOf(JudgeKind.class));
    }

    /**
     * Opens those of some judges that are there, with the right files.
     *
     * @throws Problem when none of them is there
     */
    public static Panel open(ProjectPaths paths, Collection<JudgeKind> kinds) {
        Panel panel = new Panel();
        try {
            for (JudgeKind kind : EnumSet.copyOf(kinds)) {
                String reason = kind.absence(paths);
                if (reason.isEmpty()) {
                    panel.judges.put(kind, kind.open(paths));
                } else {
                    panel.absent.put(kind, reason);
                }
            }
            if (panel.judges.isEmpty()) {
                String why = String.join(", ", panel.absentJudges());
                throw Problem.in("evaluate", "a judge that is there", why, "or name another judge");
            }
            return panel;
        } catch (RuntimeException e) {
            panel.close();
            throw e;
        }
    }

    /** The judges that are open, in the order of {@link JudgeKind}. */
    public Map<JudgeKind, Judge> judges() {
        return Collections.unmodifiableMap(judges);
    }

    /** Why a judge is absent, by judge. */
    public Map<JudgeKind, String> absent() {
        return Collections.unmodifiableMap(absent);
    }

    /** A sentence for each absent judge, with the reason. */
    public List<String> absentJudges() {
        return sentences(absent);
    }

    /** The figures of all judges that have what they need. */
    public List<Figure> figures(Subject subject) {
        return figures(subject, judges.keySet());
    }

    /**
     * The figures of some judges.
     *
     * @throws Problem {@link Problem#isStop() stopped} when this thread is interrupted between two judges
     */
    public List<Figure> figures(Subject subject, Collection<JudgeKind> by) {
        List<Figure> figures = new ArrayList<>();
        judges.forEach((kind, judge) -> {
            if (by.contains(kind) && subject.has().containsAll(kind.needs())) {
                EngineLock.check(
                        "evaluate",
                        "before " + kind + " judged " + subject.output().name());
                figures.addAll(judge.judge(subject));
            }
        });
        return figures;
    }

    /** A sentence for each absent judge, in the order of {@link JudgeKind}. */
    static List<String> sentences(Map<JudgeKind, String> absent) {
        return absent.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> e.getKey() + " is absent: " + e.getValue())
                .toList();
    }

    /** The open judges, and a line for each absent one. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>(List.of(
                judges.isEmpty()
                        ? "no judge is open"
                        : judges.keySet().stream()
                                .map(JudgeKind::toString)
                                .collect(Collectors.joining(", ", "judges ", ""))));
        lines.addAll(absentJudges());
        return String.join("\n", lines);
    }

    /** Closes the judges. */
    @Override
    public void close() {
        judges.values().forEach(Judge::close);
        judges.clear();
    }
}
