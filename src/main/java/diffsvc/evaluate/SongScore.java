package diffsvc.evaluate;

import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.progress.Progress;
import diffsvc.training.TrainingRun;
import diffsvc.training.TrainingState;
import diffsvc.training.WeightsJudge;
import diffsvc.voice.Voice;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Judges a run's weights while it trains: converts a fixed set of songs at a fixed seed and gives the mean
 * {@link Score}, as {@link CheckpointRanking} does for checkpoints that are there.
 *
 * @param panel borrowed
 * @param songs at least one
 * @param target null leaves the voice's part out
 * @param edit of the voice's settings
 */
public record SongScore(
        Panel panel,
        ProjectPaths paths,
        List<Song> songs,
        Target target,
        UnaryOperator<Hparams> edit,
        ComputeDevice device)
        implements WeightsJudge {
    public SongScore {
        songs = List.copyOf(songs);
        if (songs.isEmpty()) {
            throw new IllegalArgumentException("a song is needed");
        }
    }

    @Override
    public double score(TrainingRun run) {
        TrainingState state = run.state();
        Hparams hparams = run.hparams().steps(run.step());
        List<Evaluation.Candidate> outputs;
        try (Voice voice = Checkpoint.opened(
                paths,
                hparams,
                state.buffers(),
                state.average().isEmpty() ? state.weights() : state.average(),
                edit,
                device)) {
            outputs = songs.stream()
                    .map(song -> new Evaluation.Candidate(
                            song.subject(song.sound().name(), song.convert(voice, c -> c), song.key(voice), target),
                            null))
                    .toList();
        }
        Evaluation evaluation = Evaluation.of(panel, outputs, Progress.NONE);
        Set<Score.Part> parts = evaluation.parts();
        return evaluation.outputs().stream()
                .mapToDouble(r -> evaluation.score(r).value(parts))
                .average()
                .orElse(Double.NaN);
    }
}
