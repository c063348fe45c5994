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
 * Where a run keeps its files: the voice's folder and, in it, {@code training/}. Decides what a run may begin from, so
 * that neither a voice nor a checkpoint is the price of a training, and saves both.
 *
 * @param voice models/NAME
 */
public record RunFolder(Path voice) {
    private static final String STAGE = "train";
    /** What a checkpoint and a voice hold beside numbers: names, shapes, gaps. */
    private static final long ROUND = 1 << 20;

    private static final int NAMED = 3;

    /**
     * A folder, or the name of one that is not there yet.
     *
     * @param voice models/NAME
     * @throws Problem when a file lies there, or a link to nowhere
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

    /**
     * The run's own folder: checkpoints, ledger, hparams.yaml.
     *
     * @return training/ in the voice's folder
     */
    public Path home() {
        return home(voice);
    }

    /**
     * The run's checkpoints.
     *
     * @param hparams say how many stay
     * @return those in {@link #home}
     */
    public Checkpoints checkpoints(Hparams hparams) {
        return new Checkpoints(
                home(), hparams.training().keep(), hparams.training().keepEvery());
    }

    /**
     * Requires that a run may begin at step 0 in this folder: no voice is there, and no checkpoint that was damaged.
     *
     * @param checkpoints of which none can be read
     * @param project its name
     * @throws Problem naming {@code --from}
     */
    public void requireBeginning(Checkpoints checkpoints, String project) {
        List<String> aside = checkpoints.setAside(), parts = VoiceWriter.parts(voice);
        if (!aside.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    home(),
                    "a checkpoint to go on from",
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
                    "a new project, or a run to go on with",
                    "a voice without a run: " + named(parts),
                    "train it further with --from " + project + ", or choose another --project");
        }
    }

    private static String named(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(NAMED, names.size())))
                + (names.size() > NAMED ? " ... (" + names.size() + ")" : "");
    }

    /** A run that begins has written nothing yet: what lies in the folder is not its own, and stays. */
    public void begin() {
        VoiceRecord.begin(voice);
    }

    /**
     * Tries the disk before the work: room for a checkpoint and a voice beside those that are there.
     *
     * @param run that will be saved
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
     * Saves checkpoint and voice. The checkpoint comes first: with it the run can go on, whatever comes after.
     *
     * @param run as it stands between two updates
     * @param checkpoints of the run
     * @param said hears of each checkpoint that is set aside
     * @return path of the checkpoint; a file is there
     */
    public Path save(TrainingRun run, Checkpoints checkpoints, Consumer<String> said) {
        Path file = run.save(checkpoints, said);
        run.saveVoice(voice);
        return file;
    }

    /**
     * Saves at the end of a run. A run that made no update has its checkpoint already, which stays as it is; only a
     * voice that it lacks is written.
     *
     * @param run at its end
     * @param checkpoints of the run
     * @param begun step at which it began
     * @param said hears of each checkpoint that is set aside
     * @return path of the checkpoint; a file is there
     */
    public Path finish(TrainingRun run, Checkpoints checkpoints, long begun, Consumer<String> said) {
        Path file = checkpoints.file(run.step());
        if (run.step() != begun || !Files.isRegularFile(file)) {
            return save(run, checkpoints, said);
        }
        if (!VoiceWriter.isThere(voice, run.step())) {
            run.saveVoice(voice);
        }
        return file;
    }
}
