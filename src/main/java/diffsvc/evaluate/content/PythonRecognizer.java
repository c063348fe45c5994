package diffsvc.evaluate.content;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import diffsvc.audio.Depth;
import diffsvc.audio.WavWriter;
import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.EngineLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A recognizer in a Python process of its own, {@code src/python/recognize.py}: a line of JSON for each recording, a
 * line of JSON back. The process starts with the first recording and serves them all. After a crash, a hang or a stop
 * it is ended, and the next recording starts another.
 */
public final class PythonRecognizer implements Recognizer {
    /** The number is fixed, since the order of a sum may depend on it. */
    private static final int THREADS = 2;
    /** Generous: a machine may be busy, and reading a model from a slow disk takes its time. */
    private static final double SECONDS_TO_START = 300, SECONDS_A_SECOND = 20;

    private static final String WHISPER_REMEDY = "./diffsvc weights judges sets it up",
            VOSK_REMEDY = "./diffsvc weights judges --korean sets it up";
    private static final Gson JSON = new Gson();

    private final String name;
    private final Locale language;
    private final List<String> command;
    private final double secondsToStart;
    private final String remedy;
    private LineProgram program;

    /** What is asked. */
    private record Request(String file) {}

    /** What is answered: the error, or all the others. */
    private record Answer(String error, String text, List<Transcript.Segment> segments, String model, String version) {
        boolean isWhole() {
            return text != null
                    && model != null
                    && version != null
                    && segments != null
                    && segments.stream().allMatch(s -> s != null && s.text() != null);
        }
    }

    /**
     * A recognizer by its command, which is not started yet.
     *
     * @param secondsToStart longest wait for an answer, beside 20 s for each second of the recording
     * @param remedy for every error of the program
     */
    PythonRecognizer(String name, Locale language, List<String> command, double secondsToStart, String remedy) {
        this.name = name;
        this.language = language;
        this.command = List.copyOf(command);
        this.secondsToStart = secondsToStart;
        this.remedy = remedy;
    }

    /** Whisper tiny.en (Radford et al., arXiv:2212.04356) by faster-whisper, for English. */
    public static PythonRecognizer whisper(ProjectPaths paths) {
        return of(paths, "Whisper tiny.en", Locale.ENGLISH, "whisper", "judges/whisper-tiny.en", WHISPER_REMEDY);
    }

    /** The small Korean model of Vosk, a Kaldi decoder. */
    public static PythonRecognizer vosk(ProjectPaths paths) {
        return of(paths, "Vosk ko", Locale.KOREAN, "vosk", "judges/vosk-ko", VOSK_REMEDY);
    }

    private static PythonRecognizer of(
            ProjectPaths paths, String name, Locale language, String kind, String model, String remedy) {
        return new PythonRecognizer(
                name,
                language,
                List.of(
                        python(paths).toString(),
                        paths.resolve("src/python/recognize.py").toString(),
                        "--kind",
                        kind,
                        "--model",
                        paths.models().resolve(model).toString(),
                        "--threads",
                        String.valueOf(THREADS)),
                SECONDS_TO_START,
                remedy);
    }

    private static Path python(ProjectPaths paths) {
        return paths.resolve(".venv/bin/python");
    }

    /** Why {@link #whisper} would not work: Python or a package is not there. Empty when both are. */
    public static String whisperMissing(ProjectPaths paths) {
        return missing(paths, "faster_whisper", WHISPER_REMEDY);
    }

    /** Why {@link #vosk} would not work: Python or a package is not there. Empty when both are. */
    public static String voskMissing(ProjectPaths paths) {
        return missing(paths, "vosk", VOSK_REMEDY);
    }

    private static String missing(ProjectPaths paths, String module, String remedy) {
        if (!Files.isExecutable(python(paths))) {
            return "no Python in .venv: " + remedy;
        }
        try (Stream<Path> versions = Files.list(paths.resolve(".venv/lib"))) {
            if (versions.anyMatch(
                    v -> Files.isDirectory(v.resolve("site-packages").resolve(module)))) {
                return "";
            }
        } catch (IOException e) {
            // then the package is not there either
        }
        return "no Python package " + module + " in .venv: " + remedy;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Locale language() {
        return language;
    }

    @Override
    public synchronized Transcript transcribe(Sound sound) {
        EngineLock.check("evaluate", "before " + name + " listened to " + sound.name());
        Path file = Temporary.file("evaluate", ".wav");
        try {
            try (WavWriter wav = WavWriter.open(file, 1, Sound.RATE_HZ, Depth.FLOAT)) {
                wav.append(sound.at16kHz());
            } catch (IOException e) {
                throw Temporary.refused("evaluate", e);
            }
            return read(sound, ask(sound, file));
        } finally {
            file.toFile().delete();
        }
    }

    private String ask(Sound sound, Path file) {
        try {
            if (program == null) {
                // never a look into the network, whatever a library would like to know
                program = new LineProgram(command, Map.of("HF_HUB_OFFLINE", "1", "PYTHONUTF8", "1"));
            }
            return program.answer(
                    JSON.toJson(new Request(file.toString())), secondsToStart + SECONDS_A_SECOND * sound.seconds());
        } catch (IOException e) {
            close();
            throw wrong(sound, WholeFile.reason(e));
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw Problem.stopped("evaluate", "while " + name + " listened to " + sound.name());
        }
    }

    private Transcript read(Sound sound, String line) {
        Answer answer = null;
        try {
            answer = JSON.fromJson(line, Answer.class);
        } catch (JsonParseException e) {
            // the line itself is the error
        }
        if (answer != null && answer.error == null && answer.isWhole()) {
            return new Transcript(answer.text, answer.segments, answer.model + ", " + answer.version);
        }
        close(); // one that could not open its model has ended, one that writes anything else is not to be trusted
        throw wrong(
                sound,
                answer != null && answer.error != null
                        ? answer.error
                        : "the line \"" + line.substring(0, Math.min(60, line.length())) + "\"");
    }

    private Problem wrong(Sound sound, String got) {
        return Problem.in("evaluate", "an answer from " + name + " on " + sound.name(), got, remedy);
    }

    @Override
    public synchronized void close() {
        if (program != null) {
            program.close();
            program = null;
        }
    }

    @Override
    public String toString() {
        return name + ": " + String.join(" ", command);
    }
}
