package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Metrics;
import diffsvc.hparams.ProjectPaths;
import diffsvc.progress.Progress;
import diffsvc.testing.Judges;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What the committed demo makes of three songs, as it comes: the melody, the words and another voice, by judges that
 * know nothing of the conversion. {@link FakesTest} shows that they tell fakes from it. A recognizer hears a word more
 * or less by chance, so the words are judged over the songs together.
 */
@Tag("process")
class DemoVoiceTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();
    private static final List<String> SONGS = List.of("music1", "music2", "music3");

    @Test
    void theDemoSingsTheSongs() {
        Judges.require(JudgeKind.ofLanguage("en"));
        Target target = Target.of(PATHS, "demo").orElseThrow();
        double words = 0;
        try (Voice voice = Voice.open("demo");
                Panel panel = Panel.open(PATHS, JudgeKind.ofLanguage("en"))) {
            for (String name : SONGS) {
                Song song = song(name);
                Wave source = song.sound().wave();
                try (Conversion made = voice.convert(source)) {
                    assertEquals(
                            Math.round(song.sound().seconds() * 44_100),
                            made.wave().samples(),
                            "output samples = round(seconds x rate)");
                    F0Metrics f0 = F0Metrics.of(voice.f0(source), voice.f0(made.wave()));
                    assertTrue(f0.medianCents() < 30 && f0.voicing() > 0.9, name + ": " + f0);
                    Score score = score(panel, song, made.wave(), target);
                    System.out.println(name + ": " + score + "; " + f0);
                    assertTrue(part(score, Score.Part.MELODY) > 0.95, name + ": " + score);
                    assertTrue(part(score, Score.Part.VOICE) > 0.25, name + ": " + score);
                    words += part(score, Score.Part.WORDS) / SONGS.size();
                }
            }
            assertTrue(words > 0.65, "words: " + words);
            Song song = song("music2");
            try (Conversion mixed = shuffledUnits(voice, song.sound().wave())) {
                Score fake = score(panel, song, mixed.wave(), target);
                System.out.println("shuffled units: " + fake);
                assertTrue(part(fake, Score.Part.WORDS) < words / 2, "words of shuffled units: " + fake);
            }
        }
    }

    /** Of both built-in voices, each output is nearer to recordings of its own voice than the other's output is. */
    @Test
    void eachVoiceSoundsMoreLikeItsOwnRecordingsThanTheOtherDoes() {
        List<JudgeKind> identity = List.of(JudgeKind.IDENTITY);
        Judges.require(identity);
        Map<String, Target> targets = new HashMap<>();
        for (String name : List.of("demo", "f001")) {
            targets.put(name, Target.of(PATHS, name).orElseThrow());
        }
        Map<String, Double> similarity = new HashMap<>();
        try (Panel panel = Panel.open(PATHS, identity)) {
            for (String name : targets.keySet()) {
                try (Voice voice = Voice.open(name)) {
                    Wave song = voice.read("src/test/resources/songs/music3.wav");
                    try (Conversion made = voice.convert(song)) {
                        Subject output = Subject.of(Sound.of(name, made.wave()));
                        targets.forEach((recorded, target) -> similarity.put(
                                name + " like " + recorded,
                                Score.value(panel.figures(output.towards(target)), "similarity")));
                    }
                }
            }
        }
        System.out.println(similarity);
        assertTrue(similarity.get("demo like demo") > similarity.get("f001 like demo"), similarity.toString());
        assertTrue(similarity.get("f001 like f001") > similarity.get("demo like f001"), similarity.toString());
    }

    private static Song song(String name) {
        return Song.read(PATHS.resolve("src/test/resources/songs/" + name + ".wav"));
    }

    private static double part(Score score, Score.Part part) {
        return score.parts().get(part);
    }

    private static Score score(Panel panel, Song song, Wave output, Target target) {
        Evaluation evaluation = Evaluation.of(
                panel,
                List.of(new Evaluation.Candidate(song.subject("output", output, 0, target), null)),
                Progress.NONE);
        return evaluation.score(evaluation.output("output"));
    }

    /** The same conversion with the units in random order: what remains of the words is chance. */
    private static Conversion shuffledUnits(Voice voice, Wave song) {
        NDArray units = voice.units(song);
        List<Long> order = new ArrayList<>(
                LongStream.range(0, units.getShape().get(1)).boxed().toList());
        Collections.shuffle(order, new Random(1));
        NDArray mixed = units.squeeze(0)
                .get(voice.manager()
                        .create(order.stream().mapToLong(Long::longValue).toArray()))
                .expandDims(0);
        return voice.convert(song).withUnits(mixed);
    }
}
