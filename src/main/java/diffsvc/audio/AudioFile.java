package diffsvc.audio;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A recording, whatever wraps it: WAV by {@link WavReader}, everything else (FLAC, Ogg, MP3, M4A, WAV in codings of its
 * own ...) by FFmpeg in a process of its own ({@link Codec}) into a temporary WAV. The first bytes decide, not the
 * name.
 */
public final class AudioFile {
    /** Endings that are taken for recordings when a folder is walked. */
    public static final List<String> ENDINGS =
            List.of(".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma");

    private static final String STAGE = "audio";

    private AudioFile() {}

    /**
     * Whether a name ends like a recording's.
     *
     * @param file a recording of any kind
     * @return by its ending
     */
    public static boolean isOne(Path file) {
        String name =
                file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
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
        Input.require(STAGE, file, "a recording");
        if (!isWav(file)) {
            return decoded(file, false);
        }
        WavReader wav = WavReader.header(file, file);
        if (wav.decodable()) {
            return wav;
        }
        wav.close();
        return decoded(file, wav.untold());
    }

    /**
     * By the first bytes. What is empty or too short to tell gets the reader's own sentence, and so does RIFX, of which
     * the decoder makes noise.
     */
    private static boolean isWav(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(12), StandardCharsets.ISO_8859_1);
            return start.isEmpty()
                    || start.length() >= 4
                            && (WavReader.RIFF.contains(start.substring(0, 4)) || start.startsWith("RIFX"))
                            && (start.length() < 12 || start.endsWith("WAVE"));
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, file, "a readable file", WholeFile.reason(e), "check the disk and the file's permissions");
        }
    }

    private static Recording decoded(Path file, boolean untold) {
        Path wav = Temporary.file(STAGE, ".wav");
        try {
            List<String> notes = new ArrayList<>(Codec.decode(file, wav));
            WavReader reader = WavReader.header(wav, file);
            if (untold) {
                notes.add(WavReader.untold(reader.seconds()));
            }
            return new Decoded(reader, wav, List.copyOf(notes));
        } catch (RuntimeException e) {
            wav.toFile().delete();
            throw e;
        }
    }

    /** A decoded recording; its file goes with it. */
    private record Decoded(WavReader wav, Path file, List<String> notes) implements Recording {
        @Override
        public int samples() {
            return wav.samples();
        }

        @Override
        public int channels() {
            return wav.channels();
        }

        @Override
        public int sampleRateHz() {
            return wav.sampleRateHz();
        }

        @Override
        public Wave read(int from, int to) {
            return wav.read(from, to);
        }

        @Override
        public void close() {
            wav.close();
            file.toFile().delete();
        }
    }
}
