package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.progress.Progress;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop as a notebook calls it: it saves, validates, writes metrics, stops, and resumes to the bit. */
@Tag("conversion")
class TrainingLoopTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=8,wavenet.residual_layers=2,"
                    + "noise.steps=40,training.batch=2,training.crop_frames=20,training.ema_decay=0.9,training.warm_start=false,"
                    + "training.accumulate=2,training.steps=7,training.save_every=2,training.valid_every=3,training.keep=2,"
                    + "training.keep_every=4");

    @TempDir
    Path home;

    private final List<String> notes = new ArrayList<>();
    private final List<Long> reached = new ArrayList<>();
    private final List<Progress.Stage> ended = new ArrayList<>();
    private final Progress progress = new Progress() {
        @Override
        public void at(String stage, long done, long of) {
            assertEquals("training", stage);
            reached.add(done);
        }

        @Override
        public void ended(Stage stage) {
            ended.add(stage);
        }

        @Override
        public void note(String text) {
            notes.add(text);
        }
    };
    private NDManager manager;
    private Path dataset;

    @BeforeEach
    void begin() {
        manager = NDManager.newBaseManager();
        dataset = home.resolve("data");
        HparamsYaml.write(dataset.resolve("hparams.yaml"), HPARAMS);
    }

    @AfterEach
    void end() {
        manager.close();
        assertFalse(Thread.interrupted());
    }

    private static Dataset clips() {
        Random random = new Random(1);
        List<Clip> clips = new ArrayList<>();
        for (int frames : new int[] {60, 40, 25, 30}) {
            float[] mel = new float[frames * 8], units = new float[(frames * 50 / 86 + 1) * 6], f0 = new float[frames];
            for (int i = 0; i < units.length; i++) {
                units[i] = (float) random.nextGaussian();
            }
            for (int i = 0; i < mel.length; i++) {
                mel[i] = -2.5f + units[i / 8 * 50 / 86 * 6 + i % 6];
            }
            Arrays.fill(f0, 200);
            clips.add(Clip.of("clip" + frames, mel, 8, List.of(units), 6, f0));
        }
        return new Dataset(clips.subList(0, 3), clips.subList(3, 4), List.of());
    }

    private RunFolder folder(String name) {
        return new RunFolder(home.resolve("models").resolve(name));
    }

    private TrainingRun open(RunFolder folder) {
        return RunStart.in(folder, dataset, "toy", notes::add).open(manager, HPARAMS, clips());
    }

    /** Step, losses, rate and norms of each row: equal text is equal to the bit. */
    private static List<String> metrics(RunFolder folder) throws IOException {
        return Files.readAllLines(folder.home().resolve("ledger.csv")).stream()
                .skip(1)
                .map(l -> String.join(",", Arrays.copyOf(l.split(",", -1), 7)))
                .toList();
    }

    private static byte[] voice(RunFolder folder, long step) throws IOException {
        return Files.readAllBytes(folder.voice().resolve("wavenet_model_steps_" + step + ".pt"));
    }

    @Test
    void itSavesValidatesWritesMetricsAndResumesToTheBit() throws IOException {
        RunFolder folder = folder("parts"), whole = folder("whole");
        List<MetricsCsv.Row> rows = new ArrayList<>();
        try (TrainingRun run = open(folder)) {
            TrainingLoop.Result result = new TrainingLoop(run, folder)
                    .listening(progress)
                    .each(rows::add)
                    .until();
            assertEquals(new TrainingLoop.Result(7, folder.checkpoints(HPARAMS).file(7), false), result);
        }
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L), reached);
        assertEquals(List.of(), notes);
        assertEquals("7 updates", ended.get(0).what());
        assertEquals(List.of(7L, 6L, 4L), folder.checkpoints(HPARAMS).steps(), "the newest two, and every fourth");
        assertEquals(
                List.of(3L, 6L),
                rows.stream()
                        .filter(r -> !Double.isNaN(r.validLoss()))
                        .map(MetricsCsv.Row::step)
                        .toList());
        assertEquals(
                rows.stream()
                        .map(r -> String.join(",", Arrays.copyOf(r.csv().split(",", -1), 7)))
                        .toList(),
                metrics(folder));
        for (String end : new String[] {".png", ".wav"}) {
            assertTrue(Files.size(folder.home().resolve("validation/step_6_clip_0" + end)) > 1000);
        }
        try (TrainingRun run = open(folder)) {
            assertEquals(7, run.step());
            new TrainingLoop(run, folder).until(9);
        }
        try (TrainingRun run = open(whole)) {
            new TrainingLoop(run, whole).until(9);
        }
        assertEquals(metrics(whole), metrics(folder));
        assertArrayEquals(voice(whole, 9), voice(folder, 9));
    }

    @Test
    void theStopButtonLeavesASavedRunThatGoesOnAsIfItHadNotStopped() throws IOException {
        RunFolder folder = folder("stopped"), whole = folder("whole");
        try (TrainingRun run = open(folder)) {
            TrainingLoop loop = new TrainingLoop(run, folder).listening(progress);
            loop.each(row -> {
                if (row.step() == 3) {
                    Thread.currentThread().interrupt();
                }
            });
            Problem p = assertThrows(Problem.class, loop::until);
            assertTrue(Thread.interrupted(), "what the caller calls next stops too");
            assertTrue(
                    p.isStop() && p.getMessage().contains("at step 3 of 7, saved in model_ckpt_steps_3.ckpt"),
                    p.getMessage());
            assertEquals(List.of(), notes);
            assertEquals(3, metrics(folder).size());
            assertEquals(
                    3, TrainingState.read(folder.checkpoints(HPARAMS).file(3)).step());
            loop.until();
        }
        try (TrainingRun run = open(whole)) {
            new TrainingLoop(run, whole).until();
        }
        assertEquals(metrics(whole), metrics(folder));
        assertArrayEquals(voice(whole, 7), voice(folder, 7));
    }

    private static long cpuNanos(Thread thread) {
        return ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId());
    }

    /** At whatever instant the button is pressed: half an update is forgotten, not added to the next. */
    @Test
    void aStopAtAnyInstantChangesNoNumber() throws Exception {
        RunFolder folder = folder("stopped"), whole = folder("whole");
        Hparams many = Arg2Hparams.apply(HPARAMS, "training.accumulate=8,training.steps=6,training.valid_every=0");
        try (TrainingRun run = RunStart.in(whole, dataset, "toy", notes::add).open(manager, many, clips())) {
            new TrainingLoop(run, whole).until();
        }
        int stops = 0;
        try (TrainingRun run = RunStart.in(folder, dataset, "toy", notes::add).open(manager, many, clips())) {
            Thread training = Thread.currentThread();
            AtomicBoolean over = new AtomicBoolean();
            // a growing pause lets every update end at last; it is counted in the training's own processor time
            Thread button = new Thread(() -> {
                for (long pause = 10_000_000; !over.get(); pause += pause / 4) {
                    long until = cpuNanos(training) + pause;
                    while (!over.get() && cpuNanos(training) < until) {
                        LockSupport.parkNanos(100_000);
                    }
                    training.interrupt();
                }
            });
            button.start();
            try {
                while (run.step() < 6) {
                    try {
                        run.train(6 - (int) run.step());
                    } catch (Problem p) {
                        assertTrue(p.isStop(), p.getMessage());
                        stops++;
                    }
                    Thread.interrupted();
                }
            } finally {
                over.set(true);
                // it may press once more before it sees that it is over
                while (button.isAlive()) {
                    Thread.interrupted();
                    Thread.onSpinWait();
                }
                Thread.interrupted();
            }
            run.saveVoice(folder.voice());
        }
        assertTrue(stops > 0, "no stop came");
        assertArrayEquals(voice(whole, 6), voice(folder, 6));
    }

    @Test
    void theBestCheckpointStaysAndPatienceEndsTheRun() throws IOException {
        RunFolder folder = folder("judged");
        double[] scores = {0.2, 0.5, 0.4, 0.5, 0.3};
        List<Long> judged = new ArrayList<>();
        try (TrainingRun run = open(folder)) {
            TrainingLoop.Result result = new TrainingLoop(run, folder)
                    .listening(progress)
                    .judging(1, 3, r -> {
                        judged.add(r.step());
                        return scores[judged.size() - 1];
                    })
                    .until(20);
            assertEquals(5, result.step(), "step 2 is the best; 3, 4 and 5 are no better");
        }
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), judged);
        Scores kept = Scores.in(folder.home());
        assertEquals(5, kept.rows().size());
        assertEquals(2, kept.best().orElseThrow().step());
        assertEquals(List.of(5L, 4L, 2L), folder.checkpoints(HPARAMS).steps(), "the newest two, and the best");
        assertTrue(notes.contains("step 2 has the score 0.5000, the best so far"), notes.toString());
        assertTrue(notes.contains("step 4 has the score 0.5000; the best is 0.5000"), notes.toString());
        assertTrue(
                notes.contains("no better score in 3 judgements: the run ends; the best is step 2"), notes.toString());
    }

    @Test
    void aResumedRunGoesOnWithItsScoresAndDropsThoseOfLostUpdates() throws IOException {
        RunFolder folder = folder("resumed");
        try (TrainingRun run = open(folder)) {
            new TrainingLoop(run, folder)
                    .judging(2, 0, r -> 0.5 - 0.1 * r.step())
                    .until(4);
        }
        new Scores(folder.home().resolve("scores.csv"), Scores.in(folder.home()).rows()).with(6, 0.9); // a lost future
        try (TrainingRun run = open(folder)) {
            assertEquals(4, run.step());
            new TrainingLoop(run, folder).judging(1, 0, r -> 0.05).until(5);
        }
        assertEquals(
                List.of(2L, 4L, 5L),
                Scores.in(folder.home()).rows().stream().map(Scores.Row::step).toList());
        assertEquals(2, Scores.in(folder.home()).best().orElseThrow().step());
    }

    @Test
    void aJudgeThatFailsOrHasNothingToMeasureCostsTheScoreAndNotTheRun() throws IOException {
        RunFolder folder = folder("unjudged");
        try (TrainingRun run = open(folder)) {
            TrainingLoop.Result result = new TrainingLoop(run, folder)
                    .listening(progress)
                    .judging(1, 1, r -> {
                        if (r.step() == 1) {
                            throw Problem.in("evaluate", "ears", "none", "buy some");
                        }
                        return Double.NaN;
                    })
                    .until(3);
            assertEquals(3, result.step(), "patience counts scores only");
        }
        assertTrue(Scores.in(folder.home()).rows().isEmpty());
        assertTrue(
                notes.contains("step 1 has no score: evaluate: need ears, got none; buy some; training continues"),
                notes.toString());
        assertTrue(
                notes.contains("step 2 has no score: nothing that it is made of could be measured"), notes.toString());
    }

    @Test
    void scoresThatCannotBeReadCostNoCheckpoint() throws IOException {
        RunFolder folder = folder("garbled");
        try (TrainingRun run = open(folder)) {
            new TrainingLoop(run, folder).judging(1, 0, r -> 0.5).until(1);
            Files.writeString(folder.home().resolve("scores.csv"), "step,score\n1,0.5.5\n");
            new TrainingLoop(run, folder)
                    .listening(progress)
                    .judging(1, 0, r -> 0.6)
                    .until(4);
        }
        assertTrue(folder.checkpoints(HPARAMS).steps().contains(4L));
        assertTrue(folder.checkpoints(HPARAMS).steps().contains(1L), "which is the best is not known");
        assertTrue(
                notes.stream()
                        .anyMatch(
                                n -> n.startsWith("step 2 has no score: train: ") && n.contains("rows of step,score")),
                notes.toString());
    }

    @Test
    void whoAsksItToStopGetsTheResult() throws IOException {
        RunFolder folder = folder("asked");
        try (TrainingRun run = open(folder)) {
            TrainingLoop loop = new TrainingLoop(run, folder);
            TrainingLoop.Result result = loop.each(row -> loop.stop()).until();
            assertEquals(new TrainingLoop.Result(1, folder.checkpoints(HPARAMS).file(1), true), result);
            assertEquals(2, loop.each(row -> {}).until(2).step(), "it was asked once");
            result = loop.within(Duration.ZERO).until();
            assertEquals(new TrainingLoop.Result(2, folder.checkpoints(HPARAMS).file(2), false), result);
        }
    }

    @Test
    void whatCannotBeWrittenIsNotedAndTrainingGoesOn() throws IOException {
        RunFolder folder = folder("full");
        try (TrainingRun run = open(folder)) {
            Files.createDirectories(folder.checkpoints(HPARAMS).file(2).resolve("in the way"));
            Files.writeString(folder.home().resolve("validation"), "in the way");
            new TrainingLoop(run, folder).listening(progress).until(5);
        }
        assertEquals(2, notes.size(), notes.toString());
        assertTrue(
                notes.get(0).contains("model_ckpt_steps_2.ckpt")
                        && notes.get(0).contains("training continues, the next try is at step 4"),
                notes.get(0));
        assertTrue(notes.get(1).contains("the pictures of this step are left out"), notes.get(1));
        assertTrue(new TreeSet<>(folder.checkpoints(HPARAMS).steps()).containsAll(List.of(4L, 5L)));
        assertEquals(5, metrics(folder).size());
    }
}
