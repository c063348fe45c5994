package diffsvc.bench;

import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Hparams;
import diffsvc.training.TrainingRun;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A joint training step with one clip of random values. */
final class TrainStage {
    private TrainStage() {}

    static Runnable of(BenchSetting s) {
        Hparams hparams = s.hparams();
        Random random = new Random(1);
        int frames = s.frames(),
                bins = hparams.audio().melBins(),
                width = hparams.embedding().unitWidth();
        float[] mel = new float[frames * bins], units = new float[frames / 2 * width], f0 = new float[frames];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = (float) (-2.5 + 0.7 * random.nextGaussian());
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, (float) BenchSetting.SUNG_HZ);
        Clip clip = Clip.of("noise", mel, bins, List.of(units), width, f0);
        TrainingRun run = new TrainingRun(s.manager(), hparams, Dataset.of(List.of(clip)));
        s.atTheEnd(run::close);
        return run::update;
    }
}
