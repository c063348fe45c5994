package diffsvc.audio;

import diffsvc.check.Problem;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Writes WAV and FLAC, chosen by the file's ending, whole or not at all. An integer sample beyond full scale would wrap
 * or clip, so the caller scales first ({@link #fitted}) and reports it.
 */
public final class WaveWriter {
    /** The peak of a wave that was scaled because it would clip. */
    public static final float HEADROOM = 0.99f;

    private static final String STAGE = "output";
    private static final int BLOCK = 1 << 16;

    private WaveWriter() {}

    /** The wave, scaled to a peak of 0.99 if it goes beyond 1, and how far it was scaled (1 = untouched). */
    public record Fitted(Wave wave, float scale) {}

    /** Scales a wave that would clip; one that fits is returned as it is. */
    public static Fitted fitted(Wave wave) {
        float peak = wave.peak();
        return peak <= 1 ? new Fitted(wave, 1) : new Fitted(wave.times(HEADROOM / peak), HEADROOM / peak);
    }

    /**
     * Writes {@code file}, .wav or .flac, 16 bits per sample.
     *
     * @param file .wav or .flac
     */
    public static Path write(Path file, Wave wave) {
        return write(file, wave, Depth.PCM16);
    }

    /**
     * Writes {@code file}, .wav or .flac.
     *
     * @param file .wav or .flac
     * @throws Problem for another ending, an integer sample beyond [-1, 1], floats in FLAC, or a file that cannot be
     *     written
     */
    public static Path write(Path file, Wave wave, Depth depth) {
        return write(file, Recording.of(wave), depth, 1);
    }

    /**
     * The same of a recording that may be longer than memory, every sample times {@code scale}.
     *
     * @param file .wav or .flac
     * @param scale factor of every sample
     */
    public static Path write(Path file, Recording sound, Depth depth, float scale) {
        require(file, depth);
        return WholeFile.write(STAGE, file, part -> {
            if (isFlac(file)) {
                flac(file, part, sound, depth, scale);
            } else {
                wav(file, part, sound, depth, scale);
            }
        });
    }

    /** Writes by way of a temporary WAV; an error there does not concern the file's folder. */
    private static void flac(Path named, Path flac, Recording sound, Depth depth, float scale) throws IOException {
        Path wav = Temporary.file(STAGE, ".wav");
        try {
            try {
                wav(named, wav, sound, depth, scale);
            } catch (IOException e) {
                throw Temporary.refused(STAGE, e);
            }
            Codec.flac(wav, flac);
        } finally {
            Files.deleteIfExists(wav);
        }
    }

    private static void wav(Path named, Path wav, Recording sound, Depth depth, float scale) throws IOException {
        try (WavWriter out = WavWriter.open(wav, sound.channels(), sound.sampleRateHz(), depth)) {
            for (int at = 0; at < sound.samples(); at += BLOCK) {
                Wave block =
                        sound.read(at, Math.min(sound.samples(), at + BLOCK)).times(scale);
                if (depth != Depth.FLOAT && block.peak() > 1) {
                    throw Problem.in(
                            STAGE,
                            named,
                            "samples in [-1, 1]",
                            "a peak of " + block.peak(),
                            "call WaveWriter.fitted first");
                }
                out.append(block);
            }
        }
    }

    private static boolean isFlac(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".flac");
    }

    /**
     * Refuses an ending or a depth that no file can hold, before any work.
     *
     * @param file .wav or .flac
     */
    public static void require(Path file, Depth depth) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".wav") && !name.endsWith(".flac")) {
            throw Problem.in(STAGE, file, "a name that ends in .wav or .flac", name, "choose one of the two");
        }
        if (name.endsWith(".flac") && depth == Depth.FLOAT) {
            throw Problem.in(STAGE, file, "16 or 24 bits in FLAC", "float", "write a .wav, or take --depth 24");
        }
    }

    /** The bytes of a whole 16-bit FLAC file, about half of a WAV's: for the notebook's player. */
    public static byte[] flacBytes(Wave wave) {
        Path flac = Temporary.file(STAGE, ".flac");
        try {
            flac(flac, flac, Recording.of(wave), Depth.PCM16, 1);
            return Files.readAllBytes(flac);
        } catch (IOException e) {
            throw Temporary.refused(STAGE, e);
        } finally {
            flac.toFile().delete();
        }
    }
}
