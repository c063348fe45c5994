package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * The folder of a voice and, in it, {@code training/}, where its run keeps checkpoints, metrics and settings. Decides
 * where a run may begin, so that no training destroys a voice or a checkpoint, and saves both.
 *
 * @param voice models/NAME
 */
public record RunFolder(Path voice) {
    private static final String STAGE = "train";
    /** Bytes of a checkpoint and a voice beside their numbers: names, shapes, alignment. */
    private static final long ROUND = 1 << 20;

    private static final int NAMED = 3;

    /**
     * A folder that exists or will be created.
     *
     * @throws Problem when the path is a file, or a link to nowhere
     */
    public RunFolder {
        for (Path p : new Path[] {voice, home(voice)}) {
            if (Files.exists(p, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(p)) {
                throw Problem.in(
                        STAGE,
                        p,
                        "a folder for the voice and its training",
                        Input.kind(p),
                        "move it elsewhere, or train under another name");
            }
        }
    }

    static Path home(Path voice) {
        return voice.resolve("training");
    }

    /** The run's own folder {@code training/}: checkpoints, ledger.csv, hparams.yaml, validation. */
    public Path home() {
        return home(voice);
    }

    /**
     * The run's checkpoints.
     *
     * @param hparams training.keep and training.keep_every are used
     */
    public Checkpoints checkpoints(Hparams hparams) {
        return new Checkpoints(
                home(), hparams.training().keep(), hparams.training().keepEvery());
    }

    /**
     * Requires that a run may begin at step 0 in this folder.
     *
     * @param checkpoints those of the run, none of which can be read
     * @param project name of the voice, for the remedy
     * @throws Problem when there is a voice, or a checkpoint that was set aside as damaged
     */
    public void requireBeginning(Checkpoints checkpoints, String project) {
        List<String> aside = checkpoints.setAside(), parts = VoiceWriter.parts(voice);
        if (!aside.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    home(),
                    "a checkpoint to resume from",
                    "none that can be read (set aside: " + named(aside) + ")",
                    "put a whole one there, or "
                            + (parts.isEmpty()
                                    ? "move this folder elsewhere to begin from step 0"
                                    : "begin from the voice with --from " + project));
        }
        if (!parts.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    voice,
                    "a new project, or a run to resume",
                    "a voice without a run: " + named(parts),
                    "train it further with --from " + project + ", or choose another --project");
        }
    }

    private static String named(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
                + (names.size() > NAMED ? " ... (" + names.size() + ")" : "");
    }

    /** Begins a new run: none of the files in the folder counts as its own, so all of them stay. */
    public void begin() {
        VoiceRecord.begin(voice);
    }

    /**
     * Tests the disk before the work: there must be room for a checkpoint and a voice beside those that exist.
     *
     * @throws Problem when the folder cannot be written or has no room
     */
    public void requireRoom(TrainingRun run) {
        Output.tryOut(STAGE, home().resolve("model_ckpt_steps_N.ckpt"), bytes(run));
        Output.tryOut(STAGE, voice.resolve("wavenet_model_steps_N.pt"), weights(run) + ROUND);
    }

    private static long weights(TrainingRun run) {
        return run.parameters() * Float.BYTES;
    }

    /** Bytes of a checkpoint (weights, two moments, average) and a voice, rounded up: the most that one save takes. */
    static long bytes(TrainingRun run) {
        return weights(run) * (run.hparams().training().emaDecay() > 0 ? 5 : 4) + ROUND;
    }

    /**
     * Saves checkpoint and voice, the checkpoint first: if the voice cannot be written, the run can still be resumed.
     *
     * @param run between two updates
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @return path of the checkpoint, which exists
     */
    public Path save(TrainingRun run, Checkpoints checkpoints, Consumer<String> notes) {
        Path file = run.save(checkpoints, notes);
        run.saveVoice(voice);
        return file;
    }

    /**
     * Saves at the end of a run. If the run made no update, its checkpoint stays as it is, and the voice is written
     * only if it is missing.
     *
     * @param begun step at which the run began or resumed
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @return path of the checkpoint, which exists
     */
    public Path finish(TrainingRun run, Checkpoints checkpoints, long begun, Consumer<String> notes) {
        Path file = checkpoints.file(run.step());
        if (run.step() != begun || !Files.isRegularFile(file)) {
            return save(run, checkpoints, notes);
        }
        if (!VoiceWriter.isThere(voice, run.step())) {
            run.saveVoice(voice);
        }
        return file;
    }
}
