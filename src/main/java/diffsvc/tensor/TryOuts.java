package diffsvc.tensor;

import diffsvc.files.Remembered;
import diffsvc.files.Sha256;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.CpuEngine;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Which networks were near float32 in a narrow precision ({@link Rounding}) on this machine, so that each file is tried
 * once in each form. Only successes are remembered: a failure is tried again, for the figure in its message.
 *
 * @param kept where they are remembered
 * @param machine {@link CpuEngine#key}; empty remembers nothing
 * @param network file of the weights; null for random weights, which are tried each time
 */
public record TryOuts(Remembered kept, String machine, Path network) {
    /** Each network is tried each time. */
    public static final TryOuts EACH_TIME = new TryOuts(Remembered.NOTHING, "", null);

    /** The try-outs on a device. On a GPU each network is tried each time: a driver can change beside the engine. */
    public static TryOuts on(ComputeDevice device, Remembered kept) {
        return device.isGpu() ? EACH_TIME : new TryOuts(kept, CpuEngine.key(), null);
    }

    /** Those of the network in a file. */
    public TryOuts of(Path file) {
        return new TryOuts(kept, machine, file);
    }

    /**
     * Whether the network is near float32: as remembered, or as the attempt finds.
     *
     * @param script the narrow form without its weights, precision included
     * @param attempt runs both forms; it may throw instead of returning false
     */
    public boolean isNear(byte[] script, BooleanSupplier attempt) {
        if (kept.folder() == null || machine.isEmpty() || network == null) {
            return attempt.getAsBoolean();
        }
        String key = "network " + Sha256.ofModel(network) + ", script " + Sha256.of(ByteBuffer.wrap(script)) + ", "
                + machine;
        if (kept.of(Remembered.Kind.TRIED, key).isPresent()) {
            return true;
        }
        boolean near = attempt.getAsBoolean();
        if (near) {
            kept.keep(
                    Remembered.Kind.TRIED,
                    key,
                    Map.of("file", network.getFileName().toString(), "near", "true"));
        }
        return near;
    }
}
