package diffsvc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH's benchmarks of the Java code (docs/performance.md) work: each runs once here, in this process. */
class BenchmarksTest {
    private static final Set<String> ALL = Set.of(
            "diffsvc.audio.ResamplerBenchmark.resample",
            "diffsvc.audio.SlicerBenchmark.slice",
            "diffsvc.conds.praat.PraatPitchBenchmark.f0",
            "diffsvc.vocoder.HarmonicSourceBenchmark.source",
            "diffsvc.vocoder.SourceFilterBenchmark.synthesize");

    @Test
    void eachBenchmarkRunsOnce() throws RunnerException {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include("Benchmark")
                        .param("seconds", "0.4")
                        .mode(Mode.SingleShotTime)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.NONE)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
        assertEquals(
                new TreeSet<>(ALL),
                results.stream().map(r -> r.getParams().getBenchmark()).collect(Collectors.toCollection(TreeSet::new)));
        for (RunResult result : results) {
            assertTrue(result.getPrimaryResult().getScore() > 0, result.toString());
        }
    }
}
