package diffsvc.evaluate;

import diffsvc.check.Problem;
import diffsvc.evaluate.content.PhoneJudge;
import diffsvc.evaluate.content.PythonRecognizer;
import diffsvc.evaluate.content.TranscriptJudge;
import diffsvc.evaluate.identity.IdentityJudge;
import diffsvc.evaluate.pitch.PitchJudge;
import diffsvc.evaluate.quality.DistillMosJudge;
import diffsvc.evaluate.quality.DnsMosJudge;
import diffsvc.evaluate.signal.SignalJudge;
import diffsvc.evaluate.signal.SpectrumJudge;
import diffsvc.files.Sha256;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.Doctor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The judges, in the order of the report. A new one is one file and one constant here. */
public enum JudgeKind {
    /** Pitch against the song and the melody. */
    PITCH(
            "pitch against the song in its key and against the melody, and vibrato, by Praat's F0",
            Set.of(),
            PitchJudge.MEASURES,
            List.of(),
            paths -> "",
            paths -> new PitchJudge()),
    /** Whose voice it is. */
    IDENTITY(
            "whether the output has the target's voice rather than the source's, by a speaker encoder that learned "
                    + "from speech (LibriSpeech, VoxCeleb)",
            Set.of(Need.TARGET),
            IdentityJudge.MEASURES,
            List.of(IdentityJudge.WEIGHTS),
            paths -> "",
            IdentityJudge::open),
    /** Words by Whisper, English. */
    WHISPER(
            "words and characters by Whisper tiny.en, a recognizer that learned from English speech; the demo voice "
                    + "listens with its encoder",
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
            "phones by this project's own content encoder: no independent judge for a voice that listens with it",
            Set.of(Need.SOURCE),
            PhoneJudge.MEASURES,
            List.of(PhoneJudge.ENCODER),
            paths -> "",
            PhoneJudge::new),
    /** Listeners' opinions by Microsoft's DNSMOS. */
    DNSMOS(
            "what listeners would say of signal, background and whole, learned from ratings of speech behind noise "
                    + "suppressors",
            Set.of(),
            DnsMosJudge.MEASURES,
            DnsMosJudge.WEIGHTS,
            paths -> DnsMosJudge.missing(),
            DnsMosJudge::open),
    /** Listeners' opinions by Microsoft's DistillMOS. */
    DISTILLMOS(
            "what listeners would say of the whole, learned from ratings of speech",
            Set.of(),
            DistillMosJudge.MEASURES,
            DistillMosJudge.WEIGHTS,
            paths -> "",
            DistillMosJudge::open),
    /** What the samples alone say. */
    SIGNAL(
            "loudness, clipping, clicks and harmonics-to-noise of the samples",
            Set.of(),
            SignalJudge.MEASURES,
            List.of(),
            paths -> "",
            paths -> new SignalJudge()),
    /** Distances from the song. */
    SPECTRUM(
            "distance of spectrum, time and level from the song",
            Set.of(Need.SOURCE),
            SpectrumJudge.MEASURES,
            List.of(),
            paths -> "",
            paths -> new SpectrumJudge());

    private final String about;
    private final Set<Need> needs;
    private final List<Measure> measures;
    private final List<JudgeFile> weights;
    private final Function<ProjectPaths, String> missing;
    private final Function<ProjectPaths, Judge> opener;

    JudgeKind(
            String about,
            Set<Need> needs,
            List<Measure> measures,
            List<JudgeFile> weights,
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
    public List<JudgeFile> weights() {
        return weights;
    }

    /**
     * Why it cannot be opened: a file or a program that is not there. A file counts by its size; {@code ./diffsvc
     * doctor} compares the hash.
     *
     * @return a phrase with its remedy, empty when all is there
     */
    public String missing(ProjectPaths paths) {
        for (JudgeFile w : weights) {
            try {
                if (Files.size(w.at(paths)) != w.bytes()) {
                    return another(w);
                }
            } catch (IOException e) {
                return "models/" + w.file() + " is not there: " + w.remedy();
            }
        }
        return missing.apply(paths);
    }

    /**
     * Why it cannot be opened, as {@link #missing} says it, or which of its files has other bytes: a damaged recognizer
     * would hear other words without a complaint. The hashes take a second at most.
     *
     * @return a phrase with its remedy, empty when all is there and right
     */
    String absence(ProjectPaths paths) {
        String reason = missing(paths);
        for (JudgeFile w : reason.isEmpty() ? weights : List.<JudgeFile>of()) {
            try {
                reason = Sha256.ofModel(w.at(paths)).equals(w.sha256()) ? reason : another(w);
            } catch (Problem unreadable) {
                reason = unreadable.getMessage();
            }
        }
        return reason;
    }

    private static String another(JudgeFile w) {
        return "models/" + w.file() + " is another file than that of " + w.origin() + ": remove it, then " + w.remedy();
    }

    /**
     * What there is for each judge, as {@code ./diffsvc doctor} tells it: figures, packages, licences, size, and
     * whether each file is the right one, by its SHA-256. A judge is optional, so none is {@link Doctor.Grade#WRONG}.
     */
    public static List<Doctor.Line> doctor(ProjectPaths paths) {
        return Arrays.stream(values()).map(kind -> kind.line(paths)).toList();
    }

    private Doctor.Line line(ProjectPaths paths) {
        String what = "judge " + this,
                figures = measures.stream().map(Measure::name).collect(Collectors.joining(", ")),
                reason = absence(paths);
        String origins = weights.stream()
                .map(w -> w.origin() + " (" + w.licence() + ")")
                .distinct()
                .collect(Collectors.joining(", "));
        String found = figures
                + (weights.isEmpty()
                        ? "; own code"
                        : "; " + origins + ", "
                                + ProcessMemory.shown(weights.stream()
                                        .mapToLong(JudgeFile::bytes)
                                        .sum()));
        return reason.isEmpty()
                ? new Doctor.Line(Doctor.Grade.OK, what, found + (weights.isEmpty() ? "" : ", SHA-256 right"), "")
                : new Doctor.Line(Doctor.Grade.MISSING, what, found, "optional; " + reason);
    }

    /**
     * Opens it.
     *
     * @throws Problem when something is missing or damaged
     */
    public Judge open(ProjectPaths paths) {
        String reason = absence(paths);
        if (!reason.isEmpty()) {
            throw Problem.in("evaluate", "what the judge " + this + " works with", reason, "or leave the judge out");
        }
        return opener.apply(paths);
    }

    /**
     * The judges of an option: those that are named, or where none is all with the recognizer of a language.
     *
     * @throws Problem for an unknown name or language
     */
    public static Set<JudgeKind> named(List<String> names, String language) {
        Set<JudgeKind> all = ofLanguage(language), kinds = EnumSet.noneOf(JudgeKind.class);
        names.forEach(name -> kinds.add(named(name)));
        return kinds.isEmpty() ? all : kinds;
    }

    /**
     * All judges, with the recognizer of a language only.
     *
     * @param language en or ko
     * @throws Problem for another one
     */
    public static Set<JudgeKind> ofLanguage(String language) {
        if (!language.equals("en") && !language.equals("ko")) {
            throw Problem.in("options", "--language en or ko", language, "there is a recognizer for these two");
        }
        Set<JudgeKind> all = EnumSet.allOf(JudgeKind.class);
        all.remove(language.equals("ko") ? WHISPER : VOSK);
        return all;
    }

    /**
     * The judge of that name.
     *
     * @throws Problem that lists all names
     */
    public static JudgeKind named(String name) {
        for (JudgeKind kind : values()) {
            if (kind.toString().equals(name.strip())) {
                return kind;
            }
        }
        throw Problem.in(
                "options",
                "a judge: " + Arrays.stream(values()).map(JudgeKind::toString).collect(Collectors.joining(", ")),
                name.isBlank() ? "nothing" : name,
                "correct --judges");
    }

    /** Its name, as tables and options have it: lower case, words joined by hyphens. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
