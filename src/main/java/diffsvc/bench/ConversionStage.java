package diffsvc.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.F0Track;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.diffusion.Denoiser;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.Draw;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Prediction;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.Samplers;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Hparams;
import diffsvc.platform.PartListener;

/** Wave to wave: mel, F0, content, condition, sampling with 20 evaluations, vocoder. */
final class ConversionStage {
    private static final int EVALUATIONS = 20;
    private final BenchSetting setting;
    private final Hparams hparams;
    private final Wave song;
    private final FrontEnd front;
    private final PraatPitch praat;
    private final HubertSoft encoder;
    private final Conds2Tensor conds;
    private final EmbeddingModel embedding;
    private final WaveNetScript denoiser;
    private final NoiseSchedule schedule;
    private final Prediction prediction;
    private final Sampler sampler;
    private final MelRange range;

    ConversionStage(BenchSetting setting) {
        this.setting = setting;
        hparams = setting.hparams();
        song = setting.sung();
        front = FrontEnd.of(hparams);
        praat = PraatPitch.of(hparams.pitch());
        encoder = setting.hubert();
        conds = new Conds2Tensor(hparams.pitch(), hparams.quirks());
        embedding = EmbeddingModel.random(setting.manager(), hparams, 2);
        denoiser = setting.denoiser();
        schedule = NoiseSchedule.of(hparams.noise());
        prediction = new Prediction(schedule, StatedPrediction.of(hparams.noise()));
        sampler = Samplers.unipc(2).on(schedule, Draw.seeded(1));
        range = MelRange.of(hparams.noise());
        setting.vocoder(); // opens before the clock starts
    }

    static Runnable of(BenchSetting setting) {
        ConversionStage conversion = new ConversionStage(setting);
        return () -> conversion.run(Spans.off());
    }

    void run(Spans spans) {
        try (NDManager scratch = setting.manager().newSubManager()) {
            NDArray mel = spans.stage("mel", parts -> front.of(scratch, song.first()));
            int t = (int) mel.getShape().get(1);
            F0Track f0 =
                    spans.stage("F0", parts -> praat.f0(song, hparams.audio().hopSamples(), t, 0));
            NDArray units = spans.stage(
                    "content",
                    parts -> encoder.units(scratch, song, setting.precision().denoiser(), parts));
            Condition condition =
                    spans.stage("condition", parts -> embedding.embed(conds.align(scratch, units, f0, mel)));
            NDArray sampled = spans.stage("sampling", parts -> sampled(scratch, condition, t, parts));
            spans.stage("vocoder", parts -> {
                float[] f0Hz = condition.f0Denorm().toFloatArray();
                SynthesisStages.vocode(setting, range.denorm(sampled), f0Hz, parts);
                return null;
            });
        }
    }

    private NDArray sampled(NDManager scratch, Condition condition, int t, PartListener parts) {
        Shape shape = new Shape(1, 1, hparams.audio().melBins(), t);
        NDArray noise = scratch.randomNormal(shape, DataType.FLOAT32);
        Denoiser net = parts.timed("project", () -> denoiser.given(condition.forDenoiser()));
        return Denoising.run(
                sampler,
                prediction.eps((x, step) -> parts.timed("evaluation", () -> net.at(x, step))),
                noise,
                sampler.times(schedule.steps(), EVALUATIONS));
    }
}
