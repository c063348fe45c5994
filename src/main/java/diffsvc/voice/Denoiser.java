package diffsvc.voice;

import ai.djl.ndarray.NDManager;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A voice's denoiser in the forms that are in use: conversions run a script of it in one precision, and whoever looks
 * inside gets the network operation by operation. Each form opens when first asked for, so that the weights are in
 * memory once.
 */
final class Denoiser {
    private final NDManager manager;
    private final Supplier<WaveNet> load;
    private final Map<Precision, WaveNetScript> scripts = new EnumMap<>(Precision.class);
    private WaveNet network;

    /**
     * Opens nothing yet.
     *
     * @param manager owner of all forms
     */
    Denoiser(NDManager manager, Supplier<WaveNet> load) {
        this.manager = manager;
        this.load = load;
    }

    /** The precision of a conversion under these settings on a device, with auto decided. */
    static Precision precision(Hparams hparams, ComputeDevice device) {
        return Precision.named(hparams.infer().precision()).decided(hparams.quirks(), device);
    }

    /** The network operation by operation. */
    synchronized WaveNet network() {
        if (network == null) {
            network = load.get();
        }
        return network;
    }

    /** The network in one call, in float32, bfloat16 or float16. */
    synchronized WaveNetScript script(Precision precision) {
        return scripts.computeIfAbsent(precision, p -> {
            if (network != null) {
                return WaveNetScript.of(manager, network, p);
            }
            try (WaveNet passing = load.get()) {
                return WaveNetScript.of(manager, passing, p);
            } finally {
                ProcessMemory.release();
            }
        });
    }
}
