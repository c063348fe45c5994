package diffsvc.memory;

import static diffsvc.tensor.Cost.FLOAT;
import static diffsvc.tensor.Cost.MIB;

import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Cost;

/** What joint training takes in memory; in inference each network has a {@link Cost} of its own. */
public final class TrainingCost {
    /** Frames of a validation clip at most; training reads the number here, because the plan counts with it. */
    public static final int VALIDATION_FRAMES = 512;

    private TrainingCost() {}

    /**
     * Embedding and denoiser in training, named {@code pair}: weights, gradients, two moments (and the averaged
     * weights), and of each layer what the backward pass needs. Part of the training is a validation pass, whatever the
     * batch.
     */
    public static Cost of(Hparams h) {
        WaveNet.Sizes s = WaveNet.Sizes.of(h);
        Cost sampling = WaveNet.cost(h), embedding = EmbeddingModel.cost(h);
        double weights = sampling.weights() + embedding.weights(),
                fps = h.audio().framesPerSecond();
        double state = (h.training().emaDecay() > 0 ? 4 : 3) * weights,
                unitsPerSecond = h.hubert().type().unitsPerSecond();
        boolean narrow = h.training().precision().equals("bfloat16");
        // of the weights: what the optimizer works with, and in bfloat16 their copies
        double copies = narrow ? 0.94 : 0.226, perChannel = narrow ? 4.2 : 10.8;
        return new Cost(
                "pair",
                fps,
                Math.round(weights),
                (b, t) -> 37 * MIB
                        + state
                        + copies * weights
                        + Math.max(
                                sampling.atWork(1, Math.min(t, VALIDATION_FRAMES)),
                                FLOAT
                                        * ((perChannel * s.channels() * s.layers() + 71.3 * s.mels()) * b * t
                                                + EmbeddingModel.encoderFloats(
                                                        h.embedding(), b, t * unitsPerSecond / fps)
                                                + EmbeddingModel.convFloats(
                                                        h.embedding(), b, t * unitsPerSecond / fps))));
    }
}
