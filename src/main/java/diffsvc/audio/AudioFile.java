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
import java.util.function.Consumer;

/**
 * Opens a recording of any container: WAV by {@link WavReader}, everything else (FLAC, Ogg, MP3, M4A, WAV in other
 * codings ...) by FFmpeg in a process of its own ({@link Codec}) into a temporary WAV. The first bytes decide, not the
 * name.
 */
public final class AudioFile {
    /** Endings that count as recordings when a folder is walked. */
    public static final List<String> ENDINGS =
            List.of(".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aac", ".aiff", ".aif", ".wma");

    private static final String STAGE = "audio";

    private AudioFile() {}

    /** Whether a name ends like a recording's. */
    public static boolean isOne(Path file) {
        String name =
                file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
        return ENDINGS.stream().anyMatch(name::endsWith) && !name.startsWith(".");
    }

    /** Reads all channels of a file into memory. */
    public static Wave read(Path file) {
        return read(file, note -> {});
    }

    /**
     * The same with what a person should know of the file.
     *
     * @param notes receives each of {@link Recording#notes}
     */
    public static Wave read(Path file, Consumer<String> notes) {
        try (Recording recording = open(file)) {
            recording.notes().forEach(notes);
            return recording.whole();
        }
    }

    /**
     * Opens a file by its first bytes, not by its name.
     *
     * @return the recording; the caller closes it
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
        return decoded(file, wav.lengthOpen());
    }

    /**
     * By the first bytes. {@link WavReader} reports an empty or too short file, and RIFX too, because the decoder turns
     * RIFX into noise.
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

    private static Recording decoded(Path file, boolean lengthOpen) {
        Path wav = Temporary.file(STAGE, ".wav");
        try {
            List<String> notes = new ArrayList<>(Codec.decode(file, wav));
            WavReader reader = WavReader.header(wav, file);
            if (lengthOpen) {
                notes.add(WavReader.lengthNote(reader.seconds()));
            }
            return new Decoded(reader, wav, List.copyOf(notes));
        } catch (RuntimeException e) {
            wav.toFile().delete();
            throw e;
        }
    }

    /** A decoded recording; closing it deletes its temporary file. */
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
