package diffsvc.training;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.platform.EngineLock;
import diffsvc.platform.ProcessMemory;
import diffsvc.progress.Progress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Trains a run in its folder, as {@code ./diffsvc train} does: writes a row of {@code ledger.csv} for each update,
 * validates every training.valid_every updates and saves every training.save_every, and saves checkpoint and voice at
 * the end. Where the disk is full, training continues and the next save tries again.
 *
 * <p>Three things end the loop before its last step, each with a saved checkpoint: a limit of time, {@link #stop}, and
 * the interruption of the thread (a notebook's stop button).
 *
 * <pre>{@code
 * new TrainingLoop(run, new RunFolder(paths.models().resolve("mine")))
 *         .listening(ProgressBar.of("training"))
 *         .each(row -> curve.add(row.step(), row.loss()))
 *         .until(2000);
 * }</pre>
 *
 * The caller holds the folder's {@link RunLock}. A voice that somebody else put there stays ({@link RunFolder#begin}).
 */
public final class TrainingLoop {
    /** Name of the stage that {@link Progress} reports. */
    public static final String STAGE = "training";

    private static final String PROBLEMS = "train";
    private static final double MIB = 1 << 20;
    private final TrainingRun run;
    private final RunFolder folder;
    private final Checkpoints checkpoints;
    private final Validation validation;
    private Progress progress = Progress.NONE;
    private Consumer<MetricsCsv.Row> each = row -> {};
    private Duration limit;
    private WeightsJudge judge;
    private int judgeEvery, patience;
    private volatile boolean asked;

    /** Of the part of the run that is going on. */
    private TensorBoardEvents events;

    private boolean metricsFailed;
    private Path saved;

    /**
     * How the loop ended.
     *
     * @param step updates behind the weights
     * @param checkpoint path of the checkpoint of that step
     * @param stopped whether {@link #stop} ended it
     */
    public record Result(long step, Path checkpoint, boolean stopped) {}

    /**
     * A loop over a run; nothing is read or written yet.
     *
     * @param run borrowed, at any step
     * @param folder where checkpoints, metrics, validation and voice go
     */
    public TrainingLoop(TrainingRun run, RunFolder folder) {
        this.run = run;
        this.folder = folder;
        checkpoints = folder.checkpoints(run.hparams());
        validation = new Validation(run, folder.home().resolve("validation"));
    }

    /**
     * Sets the listener of progress and notes.
     *
     * @param progress {@code at("training", step, last)} after each update, a note for each file that cannot be written
     *     or read, {@code ended} at the end
     */
    public TrainingLoop listening(Progress progress) {
        this.progress = progress;
        return this;
    }

    /**
     * Sets the receiver of the numbers of each update, to draw a curve for instance.
     *
     * @param listener called on the training's thread after each update; the validation loss is NaN where the update
     *     was not validated
     */
    public TrainingLoop each(Consumer<MetricsCsv.Row> listener) {
        each = listener;
        return this;
    }

    /**
     * Limits the time of each {@link #until}.
     *
     * @param limit the update that is running when it ends is the last
     */
    public TrainingLoop within(Duration limit) {
        this.limit = limit;
        return this;
    }

    /**
     * Has the weights judged while the run trains: each time the checkpoint is saved, the score goes to
     * {@code scores.csv} and to the notes, and the checkpoint of the best step stays ({@link Scores}).
     *
     * @param every updates from judgement to judgement, at least 1
     * @param patience ends the loop after so many judgements without a better score; 0 never ends it
     */
    public TrainingLoop judging(int every, int patience, WeightsJudge judge) {
        Bound.whole(PROBLEMS, "updates from judgement to judgement", every, 1, Integer.MAX_VALUE);
        Bound.whole(PROBLEMS, "judgements without a better score", patience, 0, Integer.MAX_VALUE);
        this.judge = judge;
        judgeEvery = every;
        this.patience = patience;
        return this;
    }

    /**
     * Asks the loop to end after the update that is running, saved; may be called from any thread, before it begins
     * too.
     */
    public void stop() {
        asked = true;
    }

    /** Trains up to training.steps. */
    public Result until() {
        return until(run.hparams().training().steps());
    }

    /**
     * Trains up to a step. A run that stands there already is saved if it is not yet.
     *
     * @param last updates behind the weights at the end
     * @throws Problem {@link Problem#isStop() stopped} when this thread was interrupted, after the checkpoint was
     *     saved; when a loss, a gradient or a weight is not finite; when the last save fails
     */
    public Result until(long last) {
        EngineLock.check(PROBLEMS, "before it began");
        long start = System.nanoTime(), begun = run.step();
        saved = null;
        boolean stop;
        try (MetricsCsv metrics = MetricsCsv.open(folder.home().resolve("ledger.csv"), begun);
                TensorBoardEvents written = TensorBoardEvents.in(folder.home(), begun)) {
            events = written;
            progress.at(STAGE, begun, last);
            stop = walk(metrics, start, last);
        }
        boolean stopped = asked && run.step() < last;
        asked = false;
        Path file = finish(begun);
        if (stop && run.step() < last) {
            throw Problem.stopped(
                    PROBLEMS, "at step " + run.step() + " of " + last + ", saved in " + file.getFileName());
        }
        long updates = run.step() - begun;
        progress.ended(new Progress.Stage(
                STAGE, updates + (updates == 1 ? " update" : " updates"), "", (System.nanoTime() - start) / 1e9));
        return new Result(run.step(), file, stopped);
    }

    /** Updates up to the last step, or until something ends the loop; whether that was the stop button. */
    private boolean walk(MetricsCsv metrics, long start, long last) {
        while (run.step() < last
                && !asked
                && (limit == null || Duration.ofNanos(System.nanoTime() - start).compareTo(limit) < 0)) {
            try (EngineLock lock = EngineLock.take(PROBLEMS)) {
                update(metrics, last);
            } catch (Problem p) {
                if (p.isStop()) {
                    return true;
                }
                throw p;
            }
        }
        return false;
    }

    /** The checkpoint of the step that was reached; an interrupted thread cannot write files, so it is put off. */
    private Path finish(long begun) {
        boolean interrupted = Thread.interrupted();
        try {
            return saved != null && saved.equals(checkpoints.file(run.step()))
                    ? saved
                    : folder.finish(run, checkpoints, begun, this::setAside);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void update(MetricsCsv metrics, long last) {
        int validEvery = run.hparams().training().validEvery(),
                saveEvery = Math.max(1, run.hparams().training().saveEvery());
        long at = System.nanoTime();
        TrainingRun.Update u = run.update();
        double seconds = (System.nanoTime() - at) / 1e9;
        boolean valid = validEvery > 0 && u.step() % validEvery == 0;
        MetricsCsv.Row row = new MetricsCsv.Row(
                u.step(),
                u.loss(),
                valid ? validate(u.step() + validEvery, last) : Double.NaN,
                u.lr(),
                u.gradientNorm(),
                u.embeddingNorm(),
                u.wavenetNorm(),
                seconds,
                ProcessMemory.resident() / MIB);
        if (!metrics.add(row) && !metricsFailed) {
            metricsFailed = true;
            progress.note("ledger.csv cannot be written: make space; training continues");
        }
        events.add(row);
        each.accept(row);
        progress.at(STAGE, u.step(), last);
        if (u.step() % saveEvery == 0 && u.step() < last) {
            run.state().requireFinite(Checkpoints.OLDER_STAY);
            saved = null;
            unlessFull(
                    next(u.step() + saveEvery, last, "the next try is at the end, step " + last),
                    () -> saved = folder.save(run, checkpoints, this::setAside));
        }
        if (judge != null && u.step() % judgeEvery == 0) {
            judge(last);
        }
    }

    /**
     * A judge that fails costs a score and not the run. The stop button during a judgement ends the loop after this
     * update, without the score.
     */
    private void judge(long last) {
        try {
            Scores scores = Scores.in(folder.home()).before(run.step());
            double best = scores.best().map(Scores.Row::score).orElse(Double.NEGATIVE_INFINITY);
            double score = judge.score(run);
            if (!Double.isFinite(score)) {
                progress.note("step " + run.step() + " has no score: nothing that it is made of could be measured");
                return;
            }
            events.addScore(run.step(), score);
            progress.note(String.format(
                    Locale.ROOT,
                    "step %d has the score %.4f%s",
                    run.step(),
                    score,
                    score > best ? ", the best so far" : String.format(Locale.ROOT, "; the best is %.4f", best)));
            unlessFull(next(run.step() + judgeEvery, last, "the score of this step is lost"), () -> {
                if (!checkpoints.file(run.step()).equals(saved)) {
                    saved = folder.save(run, checkpoints, this::setAside);
                }
                Scores now = scores.with(run.step(), score);
                if (patience > 0 && now.sinceBest() >= patience && run.step() < last) {
                    progress.note(
                            "no better score in " + now.sinceBest() + " judgements: the run ends; the best is step "
                                    + now.best().orElseThrow().step());
                    asked = true;
                }
            });
        } catch (Problem p) {
            if (!p.isStop()) {
                progress.note("step " + run.step() + " has no score: " + p.getMessage() + "; training continues");
            }
        }
    }

    /** The validation loss; NaN when the stop button is pressed meanwhile, which ends the loop after this update. */
    private double validate(long next, long last) {
        double loss = Double.NaN;
        try {
            loss = run.validate();
            unlessFull(next(next, last, "the pictures of this step are left out"), validation::save);
        } catch (Problem p) {
            if (!p.isStop()) {
                throw p;
            }
        }
        return loss;
    }

    private void setAside(String why) {
        progress.note("a checkpoint cannot be read: " + why);
    }

    /** When the next try comes, as far as the run goes. */
    private static String next(long step, long last, String otherwise) {
        return step < last ? "the next try is at step " + step : otherwise;
    }

    /** Writing fails when the disk is full: no reason to lose the run. */
    private void unlessFull(String next, Runnable writing) {
        try {
            writing.run();
        } catch (Problem e) {
            if (e.isStop()) {
                throw e;
            }
            if (!EngineLock.pressed()) { // an interrupted thread cannot write; the loop saves when it ends
                progress.note("not saved: " + e.getMessage() + "; training continues, " + next);
            }
        }
    }
}
