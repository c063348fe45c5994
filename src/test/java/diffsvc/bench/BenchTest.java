package diffsvc.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.plot.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchTest {
    private static final String SMALL =
            "wavenet.residual_channels=32,wavenet.residual_layers=2,embedding.hidden_size=256";

    @TempDir
    Path folder;

    @Tag("conversion")
    @ParameterizedTest
    @EnumSource(value = BenchStage.class, mode = EnumSource.Mode.EXCLUDE, names = "START")
    void everyStageRunsAsOftenAsAsked(BenchStage stage) {
        runs(stage);
    }

    @Tag("process")
    @Test
    void aStartIsAProcessOfItsOwn() {
        runs(BenchStage.START);
    }

    private static void runs(BenchStage stage) {
        try (Bench bench = new Bench(0.4, Precision.FLOAT32, SMALL, ComputeDevice.CPU)) {
            Timing timing = bench.time(stage, 1, 3);
            assertEquals(3, timing.seconds().size());
            assertTrue(timing.min() > 0 && timing.min() <= timing.median(), timing.toString());
        }
    }

    @Tag("conversion")
    @Test
    void theStagesOfAConversionAndTheirPartsAddUp() {
        StageTimes times;
        try (Bench bench = new Bench(0.4, Precision.FLOAT32, SMALL, ComputeDevice.CPU)) {
            times = bench.stageTimes(1, 3);
        }
        Span whole = times.whole();
        assertEquals(times.timing().median(), whole.seconds());
        assertEquals(
                List.of("mel", "F0", "content", "condition", "sampling", "vocoder"),
                whole.parts().stream().map(Span::name).toList());
        assertEquals(
                List.of("resample 1", "fold 1", "features 1", "project 1", "layer 12", "units 1"),
                runs(whole.parts().get(2)));
        assertEquals(List.of("project 1", "evaluation 20"), runs(whole.parts().get(4)));
        assertEquals(List.of("source 1", "part 1"), runs(whole.parts().get(5)));
        double parts = whole.rest();
        for (Span stage : whole.parts()) {
            assertTrue(stage.rest() >= 0, stage.toString());
            parts += stage.seconds();
        }
        assertEquals(whole.seconds(), parts, 1e-9);
        List<String> table = times.table();
        assertTrue(
                table.stream().anyMatch(line -> line.matches("    layer +12 +\\d+\\.\\d{4} +\\d+\\.\\d")),
                String.join("\n", table));
        assertTrue(times.picture("0.4 s").title().endsWith("goes: 0.4 s"));
    }

    private static List<String> runs(Span stage) {
        return stage.runs().stream()
                .map(run -> run.get(0).name() + " " + run.size())
                .toList();
    }

    @Test
    void theMedianIsTheMiddle() {
        assertEquals(2, new Timing(List.of(9.0, 1.0, 2.0)).median());
        assertEquals(3, new Timing(List.of(9.0, 4.0, 2.0, 1.0)).median());
        assertEquals(1, new Timing(List.of(9.0, 4.0, 2.0, 1.0)).min());
    }

    @Test
    void stagesGoByTheirNames() {
        assertEquals(List.of(BenchStage.HUBERT, BenchStage.TRAIN), BenchStage.named("hubert, train"));
        assertEquals(List.of(BenchStage.values()), BenchStage.named("all"));
        assertEquals(
                "bench: need stages among mel,f0,f0-crepe,f0-crepe-tiny,f0-mel,hubert,whisper,denoiser,vocoder,"
                        + "end-to-end,train,start, got sampler; "
                        + "correct --stages",
                assertThrows(Problem.class, () -> BenchStage.named("mel,sampler"))
                        .getMessage());
    }

    /** A peer that prints what it was asked, a warning before it. */
    @Test
    void thePeersFigureIsReadFromItsJson() throws IOException {
        Path script = Files.writeString(
                folder.resolve("peer.sh"),
                "echo a warning >&2\n[ \"$*\" = \"--seconds 6.0 --threads 2 --repeat 3 --stages denoiser\" ] && "
                        + "printf '{\"threads\": 2,\\n \"denoiser_one_evaluation\": {\"min_s\": 0.1, \"median_s\": 0.25}}'\n");
        assertEquals(0.25, new Peer("sh", script).median(BenchStage.DENOISER, 6, 2, 3));
        String said = assertThrows(Problem.class, () -> new Peer("sh", script).median(BenchStage.TRAIN, 6, 2, 3))
                .getMessage();
        assertEquals(
                "bench: need a Python with torch and numpy that runs bench/peer.py, got a warning; "
                        + "give its path with --peer",
                said);
        String none = folder.resolve("none").toString();
        assertTrue(assertThrows(Problem.class, () -> new Peer(none, script).median(BenchStage.TRAIN, 6, 2, 3))
                .getMessage()
                .contains("got " + none + ", which cannot be started;"));
    }
}
