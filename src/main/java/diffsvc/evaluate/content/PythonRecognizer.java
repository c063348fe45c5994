package diffsvc.evaluate.content;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import diffsvc.audio.Depth;
import diffsvc.audio.WavWriter;
import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.EngineLock;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A recognizer in a Python process of its own, {@code src/python/recognize.py}: a line of JSON for each recording, a
 * line of JSON back. The process starts with the first recording and serves them all. After a crash, a hang or a stop
 * it is ended, and the next recording starts another.
 */
public final class PythonRecognizer implements Recognizer {
    /** The number is fixed, since the order of a sum may depend on it. */
    private static final int THREADS = 2;

    private static final double SECONDS_TO_START = 300, SECONDS_A_SECOND = 20;
    private static final int SECONDS_TO_END = 5;
    private static final String WHISPER_REMEDY = "./diffsvc weights judges sets it up",
            VOSK_REMEDY = "./diffsvc weights judges --korean sets it up";
    private static final Gson JSON = new Gson();

    private final String name;
    private final Locale language;
    private final List<String> command;
    private final double secondsToStart;
    private final String remedy;
    private Program program;

    /** A process, the lines it has written (empty: there will be no more) and the last line of its complaints. */
    private static final class Program {
        final Process process;
        final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
        volatile String complaint = "";

        Program(List<String> command) throws IOException {
            ProcessBuilder builder = new ProcessBuilder(command);
            // never a look into the network, whatever a library would like to know
            builder.environment().putAll(Map.of("HF_HUB_OFFLINE", "1", "PYTHONUTF8", "1"));
            process = builder.start();
            read(process.getInputStream(), line -> lines.add(Optional.of(line)), () -> lines.add(Optional.empty()));
            read(process.getErrorStream(), line -> complaint = line.isBlank() ? complaint : line.strip(), () -> {});
        }

        private static void read(InputStream from, Consumer<String> each, Runnable end) {
            Thread reader = new Thread(
                    () -> {
                        try (BufferedReader lines =
                                new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                                each.accept(line);
                            }
                        } catch (IOException e) {
                            // the process was killed
                        } finally {
                            end.run();
                        }
                    },
                    "recognizer");
            reader.setDaemon(true);
            reader.start();
        }

        void write(String line) {
            try {
                process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                process.getOutputStream().flush();
            } catch (IOException e) {
                // it has ended; what it wrote before, or that it wrote nothing, tells why
            }
        }
    }

    /**
     * A recognizer by its command, which is not started yet.
     *
     * @param secondsToStart seconds until the first answer beside those that the recording itself may take
     * @param remedy for an error of the program
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

    /** The line that answers; a program that gives none is ended. */
    private String ask(Sound sound, Path file) {
        EngineLock.check("evaluate", "before " + name + " listened to " + sound.name());
        boolean answered = false;
        double seconds = SECONDS_A_SECOND * sound.seconds() + secondsToStart;
        try {
            if (program == null) {
                program = new Program(command);
            }
            JsonObject request = new JsonObject();
            request.addProperty("file", file.toString());
            program.write(request.toString());
            Optional<String> line = program.lines.poll((long) (1e3 * seconds), TimeUnit.MILLISECONDS);
            if (line == null) {
                throw wrong(sound, "none after " + Math.round(seconds) + " s");
            }
            answered = line.isPresent();
            if (!answered) {
                throw wrong(sound, end());
            }
            return line.get();
        } catch (IOException e) {
            throw wrong(sound, WholeFile.reason(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.stopped("evaluate", "while " + name + " listened to " + sound.name());
        } finally {
            if (!answered) {
                close();
            }
        }
    }

    /** How a program without an answer ended. */
    private String end() throws InterruptedException {
        boolean over = program.process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS);
        return "a program that " + (over ? "ended with code " + program.process.exitValue() : "closed its output")
                + (program.complaint.isEmpty() ? "" : " (" + program.complaint + ")");
    }

    /** An answer as the program writes it: the error, or all the others. */
    private record Answer(String error, String text, List<Transcript.Segment> segments, String model, String version) {
        boolean isWhole() {
            return text != null
                    && model != null
                    && version != null
                    && segments != null
                    && segments.stream().allMatch(s -> s != null && s.text() != null);
        }
    }

    private Transcript read(Sound sound, String line) {
        Answer answer;
        try {
            answer = JSON.fromJson(line, Answer.class);
        } catch (JsonParseException e) {
            answer = null;
        }
        if (answer != null && answer.error == null && answer.isWhole()) {
            return new Transcript(answer.text, answer.segments, answer.model + ", " + answer.version);
        }
        close(); // a program that could not open its model has ended, one that writes anything else is not to be
        // trusted
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
            program.process.destroyForcibly();
            program = null;
        }
    }

    @Override
    public String toString() {
        return name + ": " + String.join(" ", command);
    }
}
