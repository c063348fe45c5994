package diffsvc.audio.codec;

import diffsvc.check.Problem;
import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.javacpp.Loader;

/** Starts {@link Transcoder} in a process of its own and waits for it: a file that breaks a native decoder ends that process, not this one. */
public final class Codec {
    private static final long LONGEST_MINUTES = 30;
    private static final String HEAP = "-Xmx64m";

    private Codec() {}

    /**
     * Any recording to a WAV of 32-bit floats, rate and channels as they are.
     *
     * @param file a recording of any kind
     * @param wav path of a WAV
     * @throws Problem with what the decoder said
     */
    public static void decode(Path file, Path wav) {
        String said = run("decode", file, wav);
        if (said != null) {
            throw Problem.in("audio", file, "a recording that decodes", said, "copy or export it again, or convert it to WAV");
        }
    }

    /**
     * A WAV of 16 or 24 bits to FLAC, without loss; the same sound gives the same bytes.
     *
     * @param wav path of a WAV
     * @param flac path to write
     * @throws IOException when a file cannot be read or written
     */
    public static void flac(Path wav, Path flac) throws IOException {
        String said = run("flac", wav, flac);
        if (said != null) {
            throw new IOException("FLAC: " + said);
        }
    }

    private static String run(String verb, Path in, Path out) {
        Process process = null;
        Path said = null;
        try {
            said = Files.createTempFile("diffsvc", ".txt");
            process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                    "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8", "-cp", String.join(File.pathSeparator, classPath()), Transcoder.class.getName(), verb,
                    in.toAbsolutePath().toString(), out.toAbsolutePath().toString())
                    .redirectErrorStream(true).redirectOutput(said.toFile()).start();
            process.getOutputStream().close();
            if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
                return "no end after " + LONGEST_MINUTES + " minutes";
            }
            if (process.exitValue() == 0) {
                return null;
            }
            List<String> lines = Files.readAllLines(said, StandardCharsets.UTF_8);
            return process.exitValue() == 2 && !lines.isEmpty() ? lines.get(0) : "a decoder that ended with code " + process.exitValue() + (lines.isEmpty() ? "" : " (" + lines.get(0) + ")");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.in("audio", in, "time to convert it", "an interruption", "try again");
        } catch (IOException e) {
            throw Problem.in("audio", in, "a Java process for the decoder", String.valueOf(e.getMessage()), "check the temporary folder and the free memory");
        } finally {
            if (process != null) {
                process.destroyForcibly();
            }
            if (said != null) {
                said.toFile().delete();
            }
        }
    }

    /** Only what the transcoder needs, found where these classes were loaded from: a notebook's kernel has no class path of its own to copy. */
    private static Set<String> classPath() {
        Set<String> path = new LinkedHashSet<>();
        for (Class<?> c : List.of(Codec.class, Loader.class, avformat.class)) {
            try {
                path.add(Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }
        for (String library : List.of("javacpp/%s/libjnijavacpp.so", "ffmpeg/%s/libjniavformat.so", "javacpp/%s/libjnijavacpp.dylib", "ffmpeg/%s/libjniavformat.dylib",
                "javacpp/%s/jnijavacpp.dll", "ffmpeg/%s/jniavformat.dll")) {
            URL found = Codec.class.getClassLoader().getResource("org/bytedeco/" + String.format(library, Loader.getPlatform()));
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
