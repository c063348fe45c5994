package diffsvc.bench;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.plot.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The stages at the published sizes (HuBERT-soft, 20 layers of 384 channels, NSF-HiFiGAN) with random weights, timed.
 * Each {@link BenchStage} names the work that it times; networks open with the first stage that needs them.
 */
public final class Bench implements AutoCloseable {
    private final BenchSetting setting;
    private final Map<BenchStage, Runnable> works = new EnumMap<>(BenchStage.class);

    /**
     * Opens nothing yet.
     *
     * @param seconds of sound, 0.1 to 60
     * @param precision of the networks, not auto
     * @param overrides of the published settings, key=value separated by commas
     * @param device of all networks
     */
    public Bench(double seconds, Precision precision, String overrides, ComputeDevice device) {
        Bound.number("bench", "--seconds", seconds, 0.1, 60);
        Hparams base = Hparams.defaults();
        int frames = (int) Math.round(seconds * base.audio().framesPerSecond());
        Hparams hparams = Arg2Hparams.apply(
                base, Arg2Hparams.join("project=bench,training.batch=1,training.crop_frames=" + frames, overrides));
        setting = new BenchSetting(seconds, precision, hparams, device);
    }

    /**
     * Runs a stage {@code warmUp} times without timing, and then {@code repeat} times.
     *
     * @param warmUp repetitions that do not count
     */
    public Timing time(BenchStage stage, int warmUp, int repeat) {
        Runnable work = works.computeIfAbsent(stage, one -> one.work(setting));
        for (int i = 0; i < warmUp; i++) {
            work.run();
        }
        List<Double> took = new ArrayList<>();
        for (int i = 0; i < repeat; i++) {
            long start = System.nanoTime();
            work.run();
            took.add((System.nanoTime() - start) / 1e9);
        }
        return new Timing(took);
    }

    /**
     * Times {@link BenchStage#END_TO_END} with all its stages and their parts.
     *
     * @param warmUp repetitions that do not count
     * @throws Problem on a GPU, where a call ends before its work does
     */
    public StageTimes stageTimes(int warmUp, int repeat) {
        if (setting.device().isGpu()) {
            throw Problem.in(
                    "bench",
                    "--device cpu for the times of parts",
                    setting.device() + ", where a call ends before its work does",
                    "add --device cpu");
        }
        ConversionStage conversion = new ConversionStage(setting);
        for (int i = 0; i < warmUp; i++) {
            conversion.run(Spans.off());
        }
        List<Span> runs = new ArrayList<>();
        for (int i = 0; i < repeat; i++) {
            Spans spans = Spans.on();
            conversion.run(spans);
            runs.add(spans.whole("wave to wave"));
        }
        Timing timing = new Timing(runs.stream().map(Span::seconds).toList());
        runs.sort(Comparator.comparingDouble(Span::seconds));
        return new StageTimes(timing, runs.get((repeat - 1) / 2));
    }

    @Override
    public void close() {
        setting.close();
    }
}
