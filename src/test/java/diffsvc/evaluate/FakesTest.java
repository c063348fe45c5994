package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.diffusion.Samplers;
import diffsvc.hparams.ProjectPaths;
import diffsvc.progress.Progress;
import diffsvc.testing.Judges;
import diffsvc.testing.Tones;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** All judges together: what is no conversion comes out last. */
@Tag("process")
class FakesTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();

    @Test
    void noiseTheMeanMelSilenceAndTheSongUnchangedComeOutLast() {
        Judges.require(JudgeKind.ofLanguage("en"));
        Song song = Song.read(PATHS.resolve("src/test/resources/songs/music3.wav"));
        Target target = Target.of(PATHS, "demo").orElseThrow();
        try (Voice voice = Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(20)));
                Conversion made = voice.convert(song.sound().wave());
                Panel panel = Panel.open(PATHS, JudgeKind.ofLanguage("en"))) {
            NDArray mel = made.sampled();
            NDArray mean =
                    mel.mean(new int[] {1}, true).repeat(1, mel.getShape().get(1));
            Map<String, Wave> outputs = Map.of(
                    "conversion", made.wave(),
                    "noise", Tones.noise(44_100, song.sound().seconds(), 0.1, 2),
                    "mean mel", made.withSampled(mean).wave(),
                    "silence", Wave.mono(new float[made.wave().samples()], 44_100),
                    "song unchanged", song.sound().wave());
            List<Evaluation.Candidate> candidates = outputs.entrySet().stream()
                    .map(e -> new Evaluation.Candidate(song.subject(e.getKey(), e.getValue(), 0, target), null))
                    .toList();
            Evaluation evaluation = Evaluation.of(panel, candidates, Progress.NONE);
            System.out.println(evaluation);
            assertEquals(Set.of(Score.Part.values()), evaluation.parts());
            assertEquals("conversion", evaluation.ranked().get(0).name());
            double conversion = score(evaluation, "conversion");
            for (String fake : List.of("noise", "mean mel", "silence", "song unchanged")) {
                assertTrue(score(evaluation, fake) < conversion / 2, evaluation.toString());
            }
        }
    }

    private static double score(Evaluation evaluation, String name) {
        return evaluation.score(evaluation.output(name)).value(evaluation.parts());
    }
}
