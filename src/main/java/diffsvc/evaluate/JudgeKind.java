package diffsvc.evaluate;

import diffsvc.check.Problem;
import diffsvc.evaluate.content.PhoneJudge;
import diffsvc.evaluate.content.PythonRecognizer;
import diffsvc.evaluate.content.TranscriptJudge;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/** The judges, in the order of the report. A new one is one file and one constant here. */
public enum JudgeKind {
    /** Words by Whisper, English. */
    WHISPER(
            "words and characters by Whisper tiny.en, a recognizer that learned from English speech",
            Set.of(),
            TranscriptJudge.MEASURES,
            TranscriptJudge.WHISPER,
            PythonRecognizer::whisperMissing,
            paths -> new TranscriptJudge(PythonRecognizer.whisper(paths))),
    /** Words by Vosk, Korean. */
    VOSK(
            "words and characters by Vosk's small Korean model, a recognizer that learned from Korean speech",
            Set.of(),
            TranscriptJudge.MEASURES,
            TranscriptJudge.VOSK_KO,
            PythonRecognizer::voskMissing,
            paths -> new TranscriptJudge(PythonRecognizer.vosk(paths))),
    /** Phones by the project's own encoder. */
    PHONES(
            "phones by this project's own content encoder, which the built-in voices also listen with: for them it is "
                    + "no independent judge",
            Set.of(Need.SOURCE),
            PhoneJudge.MEASURES,
            List.of(PhoneJudge.ENCODER),
            paths -> "",
            PhoneJudge::new);

    private final String about;
    private final Set<Need> needs;
    private final List<Measure> measures;
    private final List<Weights> weights;
    private final Function<ProjectPaths, String> missing;
    private final Function<ProjectPaths, Judge> opener;

    JudgeKind(
            String about,
            Set<Need> needs,
            List<Measure> measures,
            List<Weights> weights,
            Function<ProjectPaths, String> missing,
            Function<ProjectPaths, Judge> opener) {
        this.about = about;
        this.needs = needs;
        this.measures = measures;
        this.weights = weights;
        this.missing = missing;
        this.opener = opener;
    }

    /** What it measures and what it learned from, one sentence without a full stop. */
    public String about() {
        return about;
    }

    /** What it cannot work without; a subject without that gets none of its figures. */
    public Set<Need> needs() {
        return needs;
    }

    /** The figures it gives, in their order. */
    public List<Measure> measures() {
        return measures;
    }

    /** The files it reads; empty for a judge that is only code. */
    public List<Weights> weights() {
        return weights;
    }

    /**
     * Why it cannot be opened: a file or a program that is not there. A file counts by its size; {@code ./diffsvc
     * doctor} compares the hash.
     *
     * @return a phrase with its remedy, empty when all is there
     */
    public String missing(ProjectPaths paths) {
        for (Weights w : weights) {
            try {
                if (Files.size(w.at(paths)) != w.bytes()) {
                    return "models/" + w.file() + " is another file than that of " + w.origin() + ": remove it; "
                            + w.remedy();
                }
            } catch (IOException e) {
                return "models/" + w.file() + " is not there: " + w.remedy();
            }
        }
        return missing.apply(paths);
    }

    /**
     * Opens it.
     *
     * @throws Problem when something is missing or damaged
     */
    public Judge open(ProjectPaths paths) {
        String reason = missing(paths);
        if (!reason.isEmpty()) {
            throw Problem.in("evaluate", "what the judge " + this + " works with", reason, "or leave the judge out");
        }
        return opener.apply(paths);
    }

    /** Its name, as tables and options have it: lower case, words joined by hyphens. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
