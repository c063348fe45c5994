package diffsvc.diffusion.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;

/** Lets golden tests call the embedding's own rounding, which no notebook needs. */
public final class CoarseAccess {
    private CoarseAccess() {}

    public static long[] coarse(Hparams.Pitch range, NDArray f0Hz) {
        Hparams h = Arg2Hparams.apply(
                Hparams.defaults(),
                "pitch.f0_min_hz=" + range.f0MinHz() + ",pitch.f0_max_hz=" + range.f0MaxHz() + ",pitch.f0_bins="
                        + range.f0Bins() + ",embedding.hidden_size=2");
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.random(m, h, 1)) {
            return model.coarse(f0Hz).toLongArray();
        }
    }
}
