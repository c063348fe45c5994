package diffsvc.conds;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.files.CacheFiles;
import diffsvc.files.Sha256;
import diffsvc.tensor.Npz;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * F0 and units of earlier conversions, in files named by the SHA-256 of everything that shaped them: the samples, their
 * rate, the model's file and every setting. So no entry can be stale. Each value carries its checksum (CRC-32, the
 * archive's own); a damaged file is reported and computed again. The least used files go when the cache grows beyond
 * its limit.
 *
 * @param folder of the files; null keeps nothing
 * @param mostBytes bytes that all files together may take
 * @param notes receives a sentence for each damaged file
 */
public record CondsCache(Path folder, long mostBytes, Consumer<String> notes) {
    /** Changes when the computation from sound to value does. */
    private static final String VERSION = "1";

    private static final String STAGE = "cache", ENDING = ".npz";
    private static final long MOST_BYTES = 2L << 30;
    /** Keeps nothing. */
    public static final CondsCache NONE = new CondsCache(null, 0);

    /**
     * A cache that discards its notes.
     *
     * @param folder of the files; null keeps nothing
     */
    public CondsCache(Path folder, long mostBytes) {
        this(folder, mostBytes, note -> {});
    }

    /** A cache of up to 2 GiB in a folder, which the first entry creates. */
    public static CondsCache in(Path folder) {
        return new CondsCache(folder, MOST_BYTES);
    }

    /**
     * The same cache with another receiver of its notes.
     *
     * @param to receives a sentence for each damaged file
     */
    public CondsCache noting(Consumer<String> to) {
        return new CondsCache(folder, mostBytes, to);
    }

    /**
     * The F0 of a wave, T frames, from the cache or computed.
     *
     * @param manager owner of the result
     * @param settings a text that names everything else that shapes the result
     * @param compute runs where the cache has no entry
     */
    public F0Track f0(NDManager manager, Wave wave, String settings, Supplier<F0Track> compute) {
        if (folder == null) {
            return compute.get();
        }
        Path file = file("f0", wave, settings);
        try (NDManager scratch = manager.newSubManager()) {
            Map<String, NDArray> kept = kept(scratch, file);
            if (kept != null && isF0(file, kept)) {
                float[] hz = kept.get("f0_hz").toFloatArray();
                int[] sounds = kept.get("voiced").toIntArray();
                boolean[] voiced = new boolean[hz.length];
                for (int t = 0; t < voiced.length; t++) {
                    voiced[t] = sounds[t] != 0;
                }
                return new F0Track(hz, voiced, kept.get("frame_seconds").toDoubleArray()[0]);
            }
            F0Track f0 = compute.get();
            int[] sounds = new int[f0.frames()];
            for (int t = 0; t < sounds.length; t++) {
                sounds[t] = f0.voiced()[t] ? 1 : 0;
            }
            keep(
                    file,
                    Map.of(
                            "f0_hz",
                            scratch.create(f0.f0Hz()),
                            "voiced",
                            scratch.create(sounds),
                            "frame_seconds",
                            scratch.create(new double[] {f0.frameSeconds()}, new Shape(1))));
            return f0;
        }
    }

    /**
     * The units of a wave, [1, P, H], from the cache or computed.
     *
     * @param manager owner of the result
     * @param settings a text that names everything else that shapes the result
     * @param compute runs where the cache has no entry
     */
    public NDArray units(NDManager manager, Wave wave, String settings, Supplier<NDArray> compute) {
        if (folder == null) {
            return compute.get();
        }
        Path file = file("units", wave, settings);
        Map<String, NDArray> kept = kept(manager, file);
        if (kept != null && isUnits(file, kept)) {
            return kept.get("units");
        }
        NDArray units = compute.get();
        keep(file, Map.of("units", units));
        return units;
    }

    /** Whether the arrays form an F0 track; the archive's checksums were right. */
    private boolean isF0(Path file, Map<String, NDArray> kept) {
        NDArray hz = kept.get("f0_hz"), voiced = kept.get("voiced"), seconds = kept.get("frame_seconds");
        boolean fits = hz != null
                && voiced != null
                && seconds != null
                && hz.getDataType() == DataType.FLOAT32
                && voiced.getDataType() == DataType.INT32
                && seconds.getDataType() == DataType.FLOAT64
                && hz.getShape().dimension() == 1
                && hz.getShape().equals(voiced.getShape())
                && seconds.size() == 1
                && Finite.all(hz)
                && Finite.all(seconds);
        return fits || damaged(file);
    }

    private boolean isUnits(Path file, Map<String, NDArray> kept) {
        NDArray units = kept.get("units");
        boolean fits = units != null
                && units.getDataType() == DataType.FLOAT32
                && units.getShape().dimension() == 3
                && units.getShape().get(0) == 1
                && Finite.all(units);
        return fits || damaged(file);
    }

    private boolean damaged(Path file) {
        notes.accept("cache/" + file.getFileName() + " was damaged and is made again");
        return false;
    }

    private Map<String, NDArray> kept(NDManager manager, Path file) {
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            Map<String, NDArray> arrays = Npz.read(manager, STAGE, file);
            try {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            } catch (IOException e) {
                // a cache that may only be read serves as well
            }
            return arrays;
        } catch (Problem e) {
            damaged(file);
            return null;
        }
    }

    private void keep(Path file, Map<String, NDArray> values) {
        try {
            Npz.write(STAGE, file, values);
        } catch (Problem e) {
            return; // a folder that cannot be written costs time, not the song
        }
        long all = entries().stream().mapToLong(CacheFiles.Entry::bytes).sum();
        for (CacheFiles.Entry e : entries().stream()
                .sorted(Comparator.comparing(CacheFiles.Entry::used))
                .toList()) {
            if (all <= mostBytes) {
                break;
            }
            all -= e.file().toFile().delete() ? e.bytes() : 0;
        }
    }

    private Path file(String kind, Wave wave, String settings) {
        MessageDigest digest = Sha256.digest();
        digest.update(
                (VERSION + "|" + kind + "|" + settings + "|" + wave.sampleRateHz() + "|" + wave.channels().length + "|")
                        .getBytes(StandardCharsets.UTF_8));
        for (float[] channel : wave.channels()) {
            ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
            for (float v : channel) {
                bytes.putFloat(v);
                if (!bytes.hasRemaining()) {
                    digest.update(bytes.flip());
                    bytes.clear();
                }
            }
            digest.update(bytes.flip());
        }
        return folder.resolve(kind + "-" + Sha256.hex(digest) + ENDING);
    }

    private CacheFiles files() {
        return new CacheFiles(folder, "f0|units", ENDING);
    }

    /** All files in the cache, the last used first. */
    public List<CacheFiles.Entry> entries() {
        return files().entries();
    }

    /** Removes all files and returns the freed bytes. */
    public long clear() {
        return files().clear();
    }
}
