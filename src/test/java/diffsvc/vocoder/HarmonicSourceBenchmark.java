package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.random.RandomSource;
import diffsvc.testing.SungTone;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The harmonic source of NSF-HiFiGAN, nine sines and their noise, which the engine draws. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HarmonicSourceBenchmark {
    private static final int HOP = 512;

    @Param("6")
    double seconds;

    private NDManager manager;
    private HarmonicSource source;
    private NDArray f0Hz;

    @Setup
    public void makeF0() {
        manager = NDManager.newBaseManager();
        source = HarmonicSource.random(SungTone.RATE_HZ, HOP);
        int frames = (int) (seconds * SungTone.RATE_HZ / HOP);
        f0Hz = manager.create(SungTone.f0Hz(frames, HOP / (double) SungTone.RATE_HZ), new Shape(1, frames));
    }

    @TearDown
    public void close() {
        manager.close();
    }

    @Benchmark
    public float[] source() {
        try (NDArray made = source.of(f0Hz, RandomSource.keyed(1))) {
            return made.toFloatArray();
        }
    }
}
