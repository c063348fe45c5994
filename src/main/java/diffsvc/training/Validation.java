package diffsvc.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.hparams.Hparams;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import diffsvc.random.KeyedRandom;
import diffsvc.vocoder.SourceFilter;
import java.nio.file.Path;
import java.util.List;

/**
 * What the present weights sing: some held-out clips (or, without a validation part, the first training clip) drawn
 * from the same noise each time, as pictures of the mel above the recording's own and as sound through the weight-free
 * vocoder.
 */
public final class Validation {
    private static final int CLIPS = 2, FRAMES = 512, STEPS = 20;
    private final TrainingRun run;
    private final Path folder;
    private final List<Clip> clips;

    /**
     * Pictures and sounds go to {@code folder}.
     *
     * @param run whose voice is heard
     * @param folder made as needed
     */
    public Validation(TrainingRun run, Path folder) {
        this.run = run;
        this.folder = folder;
        Dataset data = run.data();
        List<Clip> from = data.validation().isEmpty() ? data.training() : data.validation();
        clips = from.subList(0, Math.min(CLIPS, from.size()));
    }

    /** One clip, sampled: mel [T, M] log10, the recording's own, and the wave. */
    public record Sung(String clip, float[][] mel, float[][] target, Wave wave) {}

    /**
     * Samples clip {@code i}.
     *
     * @param i of the validation part
     * @return mel and the recording's own
     */
    public Sung sing(int i) {
        Hparams hparams = run.hparams();
        JointTraining training = run.training();
        int bins = hparams.audio().melBins();
        try (NDManager scratch = NDManager.newBaseManager()) {
            Batch batch = new Batches(clips, hparams, training.noise().steps())
                    .fixed(scratch, hparams.training().seed(), i, FRAMES);
            int frames = batch.frames();
            EmbeddingModel.Condition condition = training.embedding().embed(batch.conds());
            int most = training.noise().steps(),
                    top =
                            Math.min(
                                    most,
                                    hparams.noise().kStep() == 0
                                            ? most
                                            : hparams.noise().kStep()),
                    interval = Math.max(1, top / STEPS);
            Ddpm ddpm = new Ddpm(
                    training.noise(), interval); // its clamp keeps what a young network draws within the mel's range
            Sampler.Draw draw =
                    (y, t) -> KeyedRandom.of(y.getManager(), hparams.training().seed(), "validation posterior " + t, i)
                            .normal(y.getShape());
            NDArray noise = KeyedRandom.of(scratch, hparams.training().seed(), "validation", i)
                    .normal(new Shape(1, 1, bins, frames));
            // a shallow voice never learns from pure noise: it begins at the recording's mel with as much noise as it
            // knows
            NDArray start = top == most
                    ? noise
                    : training.noise()
                            .noised(training.range().norm(batch.mels()), scratch.create(new long[] {top - 1}), noise);
            NDArray x = Denoising.run(
                    ddpm,
                    training.wavenet().given(condition.forDenoiser()),
                    draw,
                    start,
                    ddpm.times(top, STEPS),
                    (done, of, t, step) -> {});
            NDArray mel = training.range()
                    .denorm(x, batch.conds().mel2ph())
                    .maximum((float) hparams.audio().melVmin())
                    .minimum((float) hparams.audio().melVmax());
            float[] unvoiced = batch.conds().unvoiced().toFloatArray(),
                    f0 = condition.f0Denorm().toFloatArray();
            boolean[] voiced = new boolean[frames];
            for (int t = 0; t < frames; t++) {
                voiced[t] = unvoiced[t] == 0;
            }
            float[] wave = new SourceFilter(hparams.audio())
                    .synthesize(
                            scratch,
                            mel.toFloatArray(),
                            f0,
                            voiced,
                            frames * hparams.audio().hopSamples(),
                            hparams.training().seed());
            return new Sung(
                    clips.get(i).name(),
                    FrontEnd.rows(mel),
                    FrontEnd.rows(batch.mels()),
                    Wave.mono(wave, hparams.audio().sampleRateHz()));
        }
    }

    /** Writes {@code step_N_clip_I.png} and {@code .wav} for each clip. */
    public void save() {
        Plots plots = Plots.of(run.hparams().audio());
        for (int i = 0; i < clips.size(); i++) {
            Sung sung = sing(i);
            String name = "step_" + run.step() + "_clip_" + i;
            Picture picture = plots.sideBySide(
                    sung.clip(),
                    List.of(
                            plots.mel("sampled after " + run.step() + " steps", sung.mel(), null),
                            plots.mel("recording", sung.target(), null)));
            picture.save(folder.resolve(name + ".png"));
            WaveWriter.write(
                    folder.resolve(name + ".wav"),
                    WaveWriter.fitted(sung.wave()).wave());
        }
    }
}
