package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.hparams.Hparams;
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

/** The source-filter vocoder with its three corrections, whose mels the engine makes. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SourceFilterBenchmark {
    @Param("6")
    double seconds;

    private NDManager manager;
    private SourceFilter vocoder;
    private float[] mel, f0Hz;
    private boolean[] voiced;
    private int samples;

    @Setup
    public void analyse() {
        Hparams.Audio audio = Hparams.defaults().audio();
        manager = NDManager.newBaseManager();
        vocoder = new SourceFilter(audio);
        Wave sound = SungTone.wave(seconds);
        try (NDArray made = vocoder.frontEnd().of(manager, sound.first())) {
            mel = made.toFloatArray();
        }
        int frames = mel.length / audio.melBins();
        samples = frames * audio.hopSamples();
        f0Hz = SungTone.f0Hz(frames, 1 / audio.framesPerSecond());
        voiced = new boolean[frames];
        for (int t = 0; t < frames; t++) {
            voiced[t] = f0Hz[t] > 0;
        }
    }

    @TearDown
    public void close() {
        manager.close();
    }

    @Benchmark
    public float[] synthesize() {
        return vocoder.synthesize(manager, mel, f0Hz, voiced, samples, 1);
    }
}
