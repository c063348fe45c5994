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
import diffsvc.diffusion.Draw;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.hparams.Hparams;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import diffsvc.random.KeyedRandom;
import diffsvc.vocoder.SourceFilter;
import java.nio.file.Path;
import java.util.List;

/**
 * Samples of the current weights: up to two validation clips (training clips if there is no validation part), sampled
 * from the same noise each time. Each gives a picture of the mel beside that of the recording, and sound through the
 * source-filter vocoder, which needs no weights.
 */
public final class Validation {
    private static final int CLIPS = 2, FRAMES = 512, STEPS = 20;
    private final TrainingRun run;
    private final Path folder;
    private final List<Clip> clips;

    /**
     * Pictures and sounds go to {@code folder}.
     *
     * @param run borrowed
     * @param folder created when the first file is written
     */
    public Validation(TrainingRun run, Path folder) {
        this.run = run;
        this.folder = folder;
        Dataset data = run.data();
        List<Clip> from = data.validation().isEmpty() ? data.training() : data.validation();
        clips = from.subList(0, Math.min(CLIPS, from.size()));
    }

    /**
     * A sampled clip.
     *
     * @param mel [T, M] log10, at most 512 frames
     * @param target [T, M] log10 of the recording
     * @param wave the sampled mel, vocoded
     */
    public record Sample(String clip, float[][] mel, float[][] target, Wave wave) {}

    /**
     * Samples clip {@code i}.
     *
     * @param i 0, or 1 if there are two clips
     */
    public Sample sample(int i) {
        Hparams hparams = run.hparams();
        JointTraining training = run.training();
        int bins = hparams.audio().melBins();
        try (NDManager scratch = run.newManager()) {
            Batch batch = new Batches(clips, hparams, training.noise().steps())
                    .fixed(scratch, hparams.training().seed(), i, FRAMES);
            int frames = batch.frames();
            EmbeddingModel.Condition condition = training.embedding().embed(batch.conds());
            int most = training.noise().steps(), top = hparams.noise().trainedSteps(most);
            Draw draw =
                    (y, t) -> KeyedRandom.of(y.getManager(), hparams.training().seed(), "validation posterior " + t, i)
                            .normal(y.getShape());
            // its clamp keeps the samples of a network in early training within the mel's range
            Ddpm ddpm = new Ddpm(training.noise(), draw);
            NDArray noise = KeyedRandom.of(scratch, hparams.training().seed(), "validation", i)
                    .normal(new Shape(1, 1, bins, frames));
            // a shallow voice is not trained on pure noise: it begins at the recording's mel with the noise of step k
            NDArray start = top == most
                    ? noise
                    : training.noise()
                            .noised(training.range().norm(batch.mels()), scratch.create(new long[] {top - 1}), noise);
            NDArray x = Denoising.run(
                    ddpm,
                    training.prediction().eps(training.wavenet().given(condition.forDenoiser())),
                    start,
                    ddpm.times(top, Math.min(top, STEPS)));
            NDArray mel = training.range()
                    .denorm(x, batch.conds().mel2ph())
                    .maximum((float) hparams.audio().melVmin())
                    .minimum((float) hparams.audio().melVmax());
            return new Sample(
                    clips.get(i).name(),
                    FrontEnd.rows(mel),
                    FrontEnd.rows(batch.mels()),
                    vocoded(scratch, mel, batch, condition));
        }
    }

    private Wave vocoded(NDManager scratch, NDArray mel, Batch batch, EmbeddingModel.Condition condition) {
        Hparams.Audio audio = run.hparams().audio();
        int frames = batch.frames();
        float[] unvoiced = batch.conds().unvoiced().toFloatArray(),
                f0 = condition.f0Denorm().toFloatArray();
        boolean[] voiced = new boolean[frames];
        for (int t = 0; t < frames; t++) {
            voiced[t] = unvoiced[t] == 0;
        }
        float[] wave = new SourceFilter(audio)
                .synthesize(
                        scratch,
                        mel.toFloatArray(),
                        f0,
                        voiced,
                        frames * audio.hopSamples(),
                        run.hparams().training().seed());
        return Wave.mono(wave, audio.sampleRateHz());
    }

    /** Writes {@code step_N_clip_I.png} and {@code .wav} for each clip. */
    public void save() {
        Plots plots = Plots.of(run.hparams().audio());
        for (int i = 0; i < clips.size(); i++) {
            Sample sample = sample(i);
            String name = "step_" + run.step() + "_clip_" + i;
            Picture picture = plots.sideBySide(
                    sample.clip(),
                    List.of(
                            plots.mel("sampled after " + run.step() + " steps", sample.mel()),
                            plots.mel("recording", sample.target())));
            picture.save(folder.resolve(name + ".png"));
            WaveWriter.write(
                    folder.resolve(name + ".wav"),
                    WaveWriter.fitted(sample.wave()).wave());
        }
    }
}
