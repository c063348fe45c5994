package diffsvc.audio;

import diffsvc.audio.codec.Codec;
import diffsvc.check.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A recording, whatever wraps it: WAV by {@link WavReader}, everything else (FLAC, Ogg, MP3, M4A ...) by FFmpeg in a process of its own ({@link Codec}) into a
 * temporary WAV.
 */
public final class AudioFile {
    /** Endings that are taken for recordings when a folder is walked. */
    public static final List<String> ENDINGS = List.of(".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma");

    private AudioFile() {}

    /**
     * Whether a name ends like a recording's.
     *
     * @param file a recording of any kind
     * @return by its ending
     */
    public static boolean isOne(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return ENDINGS.stream().anyMatch(name::endsWith) && !name.startsWith(".");
    }

    /**
     * All samples of a file.
     *
     * @param file a recording of any kind
     * @return all channels
     */
    public static Wave read(Path file) {
        try (Recording recording = open(file)) {
            return recording.whole();
        }
    }

    /**
     * Opens a file by its first bytes, not by its name.
     *
     * @param file a recording of any kind
     * @return the recording, which is to be closed
     * @throws Problem when it is missing, cut, of a kind nothing here decodes, or when decoding fails
     */
    public static Recording open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in("audio", file, "a recording", Files.isDirectory(file) ? "a folder" : "nothing at that path", "check the path");
        }
        String magic;
        try (InputStream in = Files.newInputStream(file)) {
            magic = new String(in.readNBytes(4), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw Problem.in("audio", file, "a readable file", e.getClass().getSimpleName(), "check its permissions");
        }
        boolean wav = magic.equals("RIFF") || magic.equals("RF64") || magic.isEmpty() || file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".wav");
        return wav ? WavReader.open(file) : decoded(file);
    }

    private static Recording decoded(Path file) {
        Path wav = null;
        try {
            wav = Files.createTempFile("diffsvc", ".wav");
            wav.toFile().deleteOnExit();
            Codec.decode(file, wav);
            return new Temporary(WavReader.open(wav), wav);
        } catch (IOException e) {
            throw Problem.in("audio", file, "a temporary file for what is decoded", String.valueOf(e.getMessage()), "check the temporary folder");
        } catch (RuntimeException e) {
            if (wav != null) {
                wav.toFile().delete();
            }
            throw e;
        }
    }

    /** A decoded recording; its file goes with it. */
    private record Temporary(WavReader wav, Path file) implements Recording {
        @Override public int samples() {
            return wav.samples();
        }

        @Override public int channels() {
            return wav.channels();
        }

        @Override public int sampleRateHz() {
            return wav.sampleRateHz();
        }

        @Override public Wave read(int from, int to) {
            return wav.read(from, to);
        }

        @Override public void close() {
            wav.close();
            file.toFile().delete();
        }
    }
}
