package diffsvc.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.diffusion.Denoiser;
import diffsvc.hparams.Hparams;
import diffsvc.platform.PartListener;
import diffsvc.random.RandomSource;
import diffsvc.vocoder.HifiGan;
import java.util.Arrays;

/** Stages from the condition to the wave: one evaluation of the denoiser, and the vocoder. */
final class SynthesisStages {
    private SynthesisStages() {}

    static Runnable denoiser(BenchSetting s) {
        int frames = s.frames();
        NDArray
                cond =
                        s.manager()
                                .randomNormal(
                                        new Shape(1, s.hparams().embedding().hiddenSize(), frames)),
                spec =
                        s.manager()
                                .randomNormal(
                                        new Shape(1, 1, s.hparams().audio().melBins(), frames));
        Denoiser denoiser = s.denoiser().given(cond);
        return () -> {
            try (NDManager scratch = s.manager().newSubManager()) {
                NDArray predicted = denoiser.at(spec, 500);
                predicted.attach(scratch);
                predicted.getFloat(0, 0, 0, 0); // a GPU works on while Java goes on; a value has to wait for it
            }
        };
    }

    static Runnable vocoder(BenchSetting s) {
        HifiGan net = s.vocoder();
        NDArray mel =
                s.manager().randomNormal(new Shape(1, s.frames(), net.config().mels()));
        float[] f0 = new float[s.frames()];
        Arrays.fill(f0, (float) BenchSetting.SUNG_HZ);
        return () -> vocode(s, mel, f0, PartListener.NONE);
    }

    /** The wave of a mel [1, T, M] with F0 [T] in Hz, voiced throughout. */
    static void vocode(BenchSetting s, NDArray mel, float[] f0, PartListener listener) {
        boolean[] voiced = new boolean[f0.length];
        Arrays.fill(voiced, true);
        HifiGan net = s.vocoder();
        net.vocode(
                mel,
                f0,
                voiced,
                f0.length * net.config().hopSamples(),
                RandomSource.keyed(1),
                Hparams.Quirks.FIXED,
                s.precision().vocoder(),
                listener);
    }
}
