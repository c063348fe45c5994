package diffsvc.conds.praat;

import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
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
import org.openjdk.jmh.annotations.Warmup;

/** F0 by Praat's method. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PraatPitchBenchmark {
    @Param("6")
    double seconds;

    private Wave sound;
    private int hop, frames;
    private PraatPitch praat;

    @Setup
    public void makeSound() {
        Hparams hparams = Hparams.defaults();
        sound = SungTone.wave(seconds);
        hop = hparams.audio().hopSamples();
        frames = sound.samples() / hop;
        praat = PraatPitch.of(hparams.pitch());
    }

    @Benchmark
    public F0Track f0() {
        return praat.f0(sound, hop, frames, 0);
    }
}
