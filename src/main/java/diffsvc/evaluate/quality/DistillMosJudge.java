package diffsvc.evaluate.quality;

import ai.djl.ndarray.NDManager;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineLock;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * DistillMOS: what listeners would say of the whole, learned from a large network that had learned from ratings of
 * speech (arXiv:2502.05356). It never heard singing. The level of the sound does not matter.
 *
 * <p>Segments of 7.68 s at most 1 s apart, and the mean over them, as the Python package distillmos does it: silence
 * follows a shorter sound. A segment without sound (peak below -80 dB of full scale) is left out; the package raises
 * its noise to full scale and scores that.
 */
public final class DistillMosJudge implements Judge {
    /** Its figure. */
    public static final List<Measure> MEASURES = List.of(new Measure(
            "distillmos",
            "MOS",
            Better.HIGHER,
            2,
            "overall quality by DistillMOS, learned from ratings of speech: compare outputs of one song, and trust no"
                    + " single number"));
    /** Its file. */
    public static final List<JudgeFile> WEIGHTS = List.of(new JudgeFile(
            "judges/distillmos.pt",
            "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
            16_907_522,
            "MIT",
            "distillmos 0.9.1"));

    private static final int MOST_HOP = Sound.RATE_HZ;

    private final NDManager manager = ComputeDevice.CPU.newManager();
    private final DistillMos network;

    /** Opens a network below a manager that closes with the judge. */
    DistillMosJudge(Function<NDManager, DistillMos> network) {
        this.network = network.apply(manager);
    }

    /**
     * Opens its file, on the CPU.
     *
     * @throws diffsvc.check.Problem when the file is missing or damaged
     */
    public static DistillMosJudge open(ProjectPaths paths) {
        return new DistillMosJudge(
                manager -> DistillMos.load(manager, WEIGHTS.get(0).at(paths)));
    }

    @Override
    public List<Figure> judge(Subject subject) {
        Sound output = subject.output();
        return List.of(new Figure(MEASURES.get(0), Scorable.is(output) ? mean(output.at16kHz()) : Double.NaN));
    }

    /** NaN where no segment has sound. */
    private double mean(float[] x) {
        int length = network.sizes().segmentSamples();
        int[] starts = starts(x.length, length);
        double sum = 0;
        int scored = 0;
        try (EngineLock lock = EngineLock.take("evaluate")) {
            for (int i = 0; i < starts.length; i++) {
                EngineLock.check("evaluate", i, starts.length, "segments");
                float[] segment = Arrays.copyOfRange(x, starts[i], starts[i] + length);
                if (Scorable.isSound(segment)) {
                    scored++;
                    sum += network.mos(new float[][] {segment})[0]; // a batch of more is not faster on a CPU
                }
            }
        }
        return sum / scored;
    }

    /**
     * First samples of the segments of N samples: the first and the last touch the ends, the others lie evenly between
     * them.
     *
     * @param length of a segment
     */
    static int[] starts(int samples, int length) {
        int over = Math.max(0, samples - length), hops = (over + MOST_HOP - 1) / MOST_HOP;
        int[] starts = new int[hops + 1];
        for (int i = 1; i < hops; i++) {
            starts[i] = (int) (i * (1.0 / hops) * over);
        }
        starts[hops] = over;
        return starts;
    }

    @Override
    public void close() {
        manager.close();
    }
}
