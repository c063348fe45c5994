package diffsvc.audio;

import diffsvc.check.Problem;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.javacpp.Loader;

/**
 * Starts {@link Transcoder} in a process of its own and waits for it: a file that breaks a native decoder ends that
 * process, not this one.
 */
public final class Codec {
    private static final long LONGEST_MINUTES = 30;
    private static final int MOST_SAID = 1 << 16;
    private static final String HEAP = "-Xmx64m", MEMORY = "-Dorg.bytedeco.javacpp.maxPhysicalBytes=512m";

    private Codec() {}

    /** The exit code of the child and the lines it printed. */
    private record Output(int code, List<String> lines) {
        List<String> all(String word) {
            return lines.stream()
                    .filter(l -> l.startsWith(word + ": "))
                    .map(l -> l.substring(word.length() + 2))
                    .toList();
        }

        String first(String word) {
            return all(word).stream().findFirst().orElse("no reason");
        }

        /** The cause where the child printed none: it was killed, or crashed. */
        String end() {
            return "a decoder that ended with code " + code + (lines.isEmpty() ? "" : " (" + lines.get(0) + ")");
        }
    }

    /**
     * Decodes any recording to a WAV of 32-bit floats at its own rate, with its own channels.
     *
     * @param wav path of a temporary WAV
     * @return what a person should know about the recording, for {@link diffsvc.audio.Recording#notes()}
     * @throws Problem with the decoder's message, or when the temporary folder is full
     */
    public static List<String> decode(Path file, Path wav) {
        Output output = run("decode", file, wav);
        return switch (output.code) {
            case Transcoder.DONE -> output.all("note");
            case Transcoder.REFUSED ->
                throw Problem.in("audio", file, output.first("need"), output.first("got"), output.first("remedy"));
            case Transcoder.UNWRITTEN -> throw Temporary.refused("audio", output.first("got"));
            default ->
                throw Problem.in(
                        "audio",
                        file,
                        "a recording that decodes",
                        output.end(),
                        "copy or export it again, or convert it to WAV");
        };
    }

    /**
     * Encodes a WAV of 16 or 24 bits as FLAC, without loss; equal sound gives equal bytes.
     *
     * @throws IOException when a file cannot be read or written
     * @throws Problem when FLAC cannot hold that many channels, or that rate
     */
    public static void flac(Path wav, Path flac) throws IOException {
        Output output = run("flac", wav, flac);
        switch (output.code) {
            case Transcoder.DONE -> {}
            case Transcoder.REFUSED ->
                throw Problem.in("output", output.first("need"), output.first("got"), output.first("remedy"));
            case Transcoder.UNWRITTEN -> throw new IOException(output.first("got"));
            default -> throw new IOException("FLAC: " + output.end());
        }
    }

    private static Output run(String verb, Path in, Path out) {
        Process process = null;
        try {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            HEAP,
                            MEMORY,
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Xshare:auto",
                            "-XX:+SuppressFatalErrorMessage",
                            "-Dfile.encoding=UTF-8",
                            "-Dsun.jnu.encoding=UTF-8",
                            "-Djava.io.tmpdir=" + Temporary.folder(),
                            "-cp",
                            String.join(File.pathSeparator, classPath()),
                            Transcoder.class.getName(),
                            verb,
                            in.toAbsolutePath().toString(),
                            out.toAbsolutePath().toString())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) { // its few lines fit into the pipe
                throw Problem.in(
                        "audio",
                        in,
                        "a decoder that ends",
                        "none after " + LONGEST_MINUTES + " minutes",
                        "cut the song into parts");
            }
            String lines = new String(process.getInputStream().readNBytes(MOST_SAID), StandardCharsets.UTF_8);
            return new Output(process.exitValue(), lines.lines().toList());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.stopped(
                    "audio",
                    verb.equals("decode") ? "while " + in.getFileName() + " was decoded" : "while a FLAC was packed");
        } catch (IOException e) {
            throw Problem.in(
                    "audio", in, "a Java process for the decoder", WholeFile.reason(e), "check the free memory");
        } finally {
            if (process != null) {
                process.destroyForcibly();
            }
        }
    }

    /**
     * Only what the transcoder needs, found where these classes were loaded from: a notebook's kernel has no class path
     * of its own to copy.
     */
    private static Set<String> classPath() {
        Set<String> path = new LinkedHashSet<>();
        for (Class<?> c : List.of(Codec.class, Loader.class, avformat.class)) {
            try {
                path.add(Path.of(c.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI())
                        .toString());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
        for (String library : List.of(
                "javacpp/%s/libjnijavacpp.so",
                "ffmpeg/%s/libjniavformat.so",
                "javacpp/%s/libjnijavacpp.dylib",
                "ffmpeg/%s/libjniavformat.dylib",
                "javacpp/%s/jnijavacpp.dll",
                "ffmpeg/%s/jniavformat.dll")) {
            URL found = Codec.class
                    .getClassLoader()
                    .getResource("org/bytedeco/" + String.format(library, Loader.getPlatform()));
            try {
                if (found != null && found.openConnection() instanceof JarURLConnection jar) {
                    path.add(Path.of(jar.getJarFileURL().toURI()).toString());
                }
            } catch (IOException | URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
        return path;
    }
}
