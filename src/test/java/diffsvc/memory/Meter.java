package diffsvc.memory;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.ProcessMemory;
import diffsvc.random.RandomSource;
import diffsvc.training.TrainingRun;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.VocoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Measures what one model takes: builds it with random weights, runs it once small, then at the size asked for, and
 * prints resident memory before, with the weights, and at the peak. A process of its own each time, because memory that
 * was once touched stays resident:
 *
 * <pre>{@code java -cp ... diffsvc.memory.Meter pair 2 517 "wavenet.residual_channels=256"}</pre>
 */
public final class Meter {
    static final List<String> MODELS =
            List.of("hubert", "whisper", "crepe", "pe", "embedding", "wavenet", "nsf_hifigan", "hifigan", "pair");

    private static final int SMALL = 16;

    private Meter() {}

    /** What was measured, in bytes: of the process before, with the weights, at the peak. */
    public record Measured(long baseline, long weights, long peak) {}

    /**
     * Prints three numbers: bytes before, bytes the weights took, bytes above both at the peak.
     *
     * @param args model, batch, frames
     */
    public static void main(String[] args) {
        if (args.length < 3) {
            throw Problem.in("memory", "MODEL BATCH FRAMES [HPARAMS]", args.length + " words", "models: " + MODELS);
        }
        Measured m = measure(
                args[0],
                Integer.parseInt(args[1]),
                Integer.parseInt(args[2]),
                Arg2Hparams.apply(Hparams.defaults(), args.length > 3 ? args[3] : ""));
        System.out.println(m.baseline + " " + m.weights + " " + m.peak);
    }

    static Measured measure(String model, int batch, int frames, Hparams hparams) {
        try (NDManager manager = NDManager.newBaseManager()) {
            try (NDManager first = manager.newSubManager()) { // the engine itself, before anything of ours
                first.randomNormal(new Shape(64, 64))
                        .matMul(first.randomNormal(new Shape(64, 64)))
                        .toFloatArray();
            }
            long before = ProcessMemory.resident();
            List<AutoCloseable> open = new ArrayList<>();
            BiConsumer<Integer, Integer> run = runner(model, manager, hparams, open, batch, frames);
            long loaded = ProcessMemory.resident();
            run.accept(1, SMALL);
            System.gc();
            ProcessMemory.forgetPeak();
            run.accept(batch, frames);
            run.accept(batch, frames);
            return new Measured(before, loaded - before, ProcessMemory.peak() - loaded);
        }
    }

    private static BiConsumer<Integer, Integer> content(NDManager manager, ContentEncoder encoder) {
        return (b, t) -> {
            try (NDManager scratch = manager.newSubManager()) {
                Wave wave = Wave.mono(new float[t * encoder.hopSamples()], encoder.sampleRateHz());
                wave.first()[7] = 0.1f;
                encoder.units(scratch, wave, Precision.FLOAT32).toFloatArray();
            }
        };
    }

    private static BiConsumer<Integer, Integer> runner(
            String model, NDManager manager, Hparams h, List<AutoCloseable> open, int batch, int frames) {
        switch (model) {
            case "pair":
                return (b, t) -> {
                    Hparams own = Arg2Hparams.apply(h, "training.batch=" + b + ",training.crop_frames=" + t);
                    int bins = h.audio().melBins(), width = h.embedding().unitWidth(), p = Math.max(1, t * 50 / 86);
                    float[] f0 = new float[t];
                    Arrays.fill(f0, 220);
                    Dataset data = Dataset.of(List.of(
                            Clip.of("noise", new float[t * bins], bins, List.of(new float[p * width]), width, f0)));
                    if (open.isEmpty()) {
                        open.add(new TrainingRun(manager, own, data));
                    }
                    TrainingRun run = (TrainingRun) open.get(0);
                    try (NDManager scratch = manager.newSubManager()) {
                        run.training()
                                .accumulate(new Batches(
                                                data.training(), own, h.noise().steps())
                                        .batch(scratch, 1, 0));
                    }
                    run.update(1);
                };
            case "wavenet":
                WaveNetScript wavenet;
                try (WaveNet passing = WaveNet.random(manager, WaveNet.Sizes.of(h), 1)) {
                    wavenet = WaveNetScript.of(manager, passing, Precision.FLOAT32);
                }
                ProcessMemory.release();
                return (b, t) -> {
                    try (NDManager scratch = manager.newSubManager()) {
                        NDArray cond =
                                scratch.randomNormal(new Shape(b, h.embedding().hiddenSize(), t));
                        wavenet.given(cond)
                                .at(
                                        scratch.randomNormal(
                                                new Shape(b, 1, h.audio().melBins(), t)),
                                        500)
                                .toFloatArray();
                    }
                };
            case "embedding":
                EmbeddingModel embedding = EmbeddingModel.random(manager, h, 1);
                return (b, t) -> {
                    try (NDManager scratch = manager.newSubManager()) {
                        int p = Math.max(1, t * 50 / 86);
                        long[] one = Conds2Tensor.mel2ph(t, p), all = new long[b * t];
                        for (int i = 0; i < b; i++) {
                            System.arraycopy(one, 0, all, i * t, t);
                        }
                        embedding
                                .embed(new Conds2Tensor.Conds(
                                        scratch.randomNormal(
                                                new Shape(b, p, h.embedding().unitWidth())),
                                        scratch.create(all, new Shape(b, t)),
                                        scratch.ones(new Shape(b, t)).mul(7.8f),
                                        scratch.zeros(new Shape(b, t))))
                                .cond()
                                .toFloatArray();
                    }
                };
            case "hubert":
                return content(manager, HubertSoft.random(manager, HubertSoft.Sizes.PUBLISHED, 1));
            case "whisper":
                return content(
                        manager,
                        WhisperEncoder.random(manager, WhisperEncoder.Sizes.TINY, WhisperEncoder.Form.PLACELESS, 1));
            case "crepe":
                Crepe crepe = Crepe.random(manager, Crepe.published(), 1);
                return (b, t) -> {
                    float[][] windows = new float[t][1024];
                    windows[0][5] = 1;
                    crepe.probabilities(windows, b);
                };
            case "pe":
                XiaomaPe pe = XiaomaPe.random(manager, XiaomaPe.Sizes.PUBLISHED, 1);
                return (b, t) -> {
                    try (NDManager scratch = manager.newSubManager()) {
                        pe.extract(scratch.randomNormal(new Shape(b, t, XiaomaPe.Sizes.PUBLISHED.mels())), false)
                                .f0Hz()
                                .toFloatArray();
                    }
                };
            case "nsf_hifigan":
                HifiGan nsf = random(manager, VocoderKind.NSF_HIFIGAN);
                return (b, t) -> vocode(manager, nsf, t);
            case "hifigan":
                HifiGan hifigan = random(manager, VocoderKind.HIFIGAN);
                return (b, t) -> vocode(manager, hifigan, t);
            default:
                throw Problem.in("memory", "one of " + MODELS, model, "correct the name");
        }
    }

    private static HifiGan random(NDManager manager, VocoderKind kind) {
        return HifiGan.random(manager, kind, VocoderConfig.published(kind), 1);
    }

    private static void vocode(NDManager manager, HifiGan net, int frames) {
        float[] f0 = new float[frames];
        Arrays.fill(f0, 220);
        VocoderConfig config = net.config();
        try (NDManager scratch = manager.newSubManager()) {
            net.vocode(
                    scratch.create(new float[frames * config.mels()], new Shape(1, frames, config.mels())),
                    f0,
                    new boolean[frames],
                    frames * config.hopSamples(),
                    RandomSource.keyed(1),
                    Hparams.Quirks.FIXED,
                    Precision.FLOAT32);
        }
    }
}
