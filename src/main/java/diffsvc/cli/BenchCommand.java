package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Bound;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.training.TrainingRun;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Times a training step of the published size, random weights and mel, as bench/peer.py does in PyTorch. */
@Command(
        name = "bench",
        description = "Times a joint training step of the published size (bench/train.sh compares it with PyTorch).",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class BenchCommand implements Callable<Integer> {
    private static final int WARM_UP = 10;

    @Option(names = "--seconds", defaultValue = "6", description = "length of the clip (default ${DEFAULT-VALUE})")
    double seconds;

    @Option(names = "--repeat", defaultValue = "5", description = "timed steps (default ${DEFAULT-VALUE})")
    int repeat;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    @Override
    public Integer call() {
        Bound.whole("bench", "--repeat", repeat, 1, 10_000);
        Bound.number("bench", "--seconds", seconds, 0.1, 60);
        Hparams base = Hparams.defaults();
        int
                frames =
                        (int) Math.round(seconds
                                * base.audio().sampleRateHz()
                                / base.audio().hopSamples()),
                units = frames / 2;
        Hparams hparams = Arg2Hparams.apply(
                base, Arg2Hparams.join("project=bench,training.batch=1,training.crop_frames=" + frames, overrides));
        Random random = new Random(1);
        float[] mel = new float[frames * hparams.audio().melBins()],
                content = new float[units * hparams.embedding().hiddenSize()],
                f0 = new float[frames];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = (float) (-2.5 + 0.7 * random.nextGaussian());
        }
        for (int i = 0; i < content.length; i++) {
            content[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, 220);
        Dataset data = Dataset.of(List.of(Clip.of(
                "noise",
                mel,
                hparams.audio().melBins(),
                List.of(content),
                hparams.embedding().hiddenSize(),
                f0)));
        double[] took = new double[repeat];
        try (NDManager manager = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(manager, hparams, data);
                ConsoleProgress bar = new ConsoleProgress()) {
            for (int i = -WARM_UP; i < repeat; i++) {
                long start = System.nanoTime();
                run.update();
                took[Math.max(0, i)] = (System.nanoTime() - start) / 1e9;
                bar.at("steps", WARM_UP + i + 1, WARM_UP + repeat);
            }
        }
        Arrays.sort(took);
        System.out.printf(
                Locale.ROOT,
                "min %.4f s, median %.4f s%n",
                took[0],
                repeat % 2 == 1 ? took[repeat / 2] : (took[repeat / 2 - 1] + took[repeat / 2]) / 2);
        return 0;
    }
}
