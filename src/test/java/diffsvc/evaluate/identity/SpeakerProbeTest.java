package diffsvc.evaluate.identity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.evaluate.identity.SpeakerProbe.Accuracy;
import diffsvc.evaluate.identity.SpeakerProbe.Utterance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Features of which it is known beforehand what they tell of the speaker. */
class SpeakerProbeTest {
    private static final List<String> SPEAKERS = List.of("a", "b", "c", "d");
    private static final int WIDTH = 12;

    /** Changes the features of a frame. */
    private interface Feature {
        void in(float[] frame, int speaker);
    }

    /** Recordings of normal noise [T][12] for each of the first speakers. */
    private static List<Utterance> recordings(int speakers, int each, int frames, long seed, Feature feature) {
        Random random = new Random(seed);
        List<Utterance> all = new ArrayList<>();
        for (int s = 0; s < speakers; s++) {
            for (int r = 0; r < each; r++) {
                float[][] x = new float[frames][WIDTH];
                for (float[] frame : x) {
                    for (int i = 0; i < WIDTH; i++) {
                        frame[i] = (float) random.nextGaussian();
                    }
                    feature.in(frame, s);
                }
                all.add(new Utterance(SPEAKERS.get(s), x));
            }
        }
        return all;
    }

    private static Accuracy accuracy(int speakers, Feature feature) {
        return SpeakerProbe.fit(recordings(speakers, 4, 250, 1, feature))
                .accuracy(recordings(speakers, 4, 250, 2, feature));
    }

    private static Utterance utterance(String speaker, float... values) {
        float[][] frames = new float[values.length][1];
        for (int t = 0; t < values.length; t++) {
            frames[t][0] = values[t];
        }
        return new Utterance(speaker, frames);
    }

    @Test
    void twoSpeakersInOneDimensionAreAlwaysNamed() {
        assertEquals(new Accuracy(1, 1, 0.5, 2000, 8), accuracy(2, (x, s) -> x[5] = 3 + 1e-3f * s));
    }

    @Test
    void eachSpeakerInADimensionOfItsOwnIsAlwaysNamed() {
        assertEquals(new Accuracy(1, 1, 0.25, 4000, 16), accuracy(4, (x, s) -> x[s] += 100));
    }

    @Test
    void featuresThatDoNotDependOnTheSpeakerComeToChance() {
        Accuracy none = accuracy(4, (x, s) -> {});
        assertEquals(0.25, none.chance());
        // 4000 independent frames: one standard error is 0.0068; four of them
        assertEquals(0.25, none.frames(), 4 * Math.sqrt(0.25 * 0.75 / 4000));
        // 16 recordings: one standard error is 0.11; two of them
        assertEquals(0.25, none.recordings(), 2 * Math.sqrt(0.25 * 0.75 / 16));
    }

    /** A mean that is one deviation off in one feature: with equal shares, Phi(1/2) of the frames of each are right. */
    @Test
    void overlappingSpeakersAreNamedAsOftenAsTheBestOfAllRulesNamesThem() {
        Accuracy some = accuracy(2, (x, s) -> x[7] += s);
        assertEquals(0.6915, some.frames(), 4 * Math.sqrt(0.6915 * 0.3085 / 2000));
        assertEquals(1, some.recordings(), "the sum over 250 frames is 16 deviations off");
    }

    @Test
    void levelsAndUnitsOfAFeatureDoNotMatter() {
        Feature speaker = (x, s) -> x[7] += s;
        Accuracy loud = accuracy(2, (x, s) -> {
            speaker.in(x, s);
            x[7] = 1e-3f * x[7] - 40;
        });
        // -40 with steps of 4e-6 in a float: a frame between two speakers may tip over
        assertEquals(accuracy(2, speaker).frames(), loud.frames(), 2e-3);
    }

    @Test
    void aConstantFeatureDoesNoHarm() {
        Feature speaker = (x, s) -> x[7] += s;
        float third = 1 / 3f; // its mean over 2000 frames is rounded
        Accuracy constant = accuracy(2, (x, s) -> {
            x[0] = third;
            speaker.in(x, s);
        });
        Accuracy zero = accuracy(2, (x, s) -> {
            x[0] = 0;
            speaker.in(x, s);
        });
        assertEquals(zero, constant);
        List<Utterance> training = recordings(2, 2, 50, 1, (x, s) -> {
            x[0] = third;
            x[7] = s;
        });
        List<Utterance> moved = recordings(2, 2, 50, 2, (x, s) -> {
            x[0] = 1000;
            x[7] = s;
        });
        assertEquals(
                1, SpeakerProbe.fit(training).accuracy(moved).frames(), "what was constant in training is not read");
    }

    @Test
    void copiesOfOneFeatureCanBeSolved() {
        assertEquals(1, accuracy(2, (x, s) -> Arrays.fill(x, s)).frames());
    }

    /** By hand: x = 0, 0 and 2, 2; z = -1 and 1; W = -+ 1/2 / (1 + r), r = 1e-4. */
    @Test
    void scoresAreTheFormulasAndSumToOne() {
        SpeakerProbe probe = SpeakerProbe.fit(List.of(utterance("b", 2, 2), utterance("a", 0, 0)));
        assertEquals(List.of("a", "b"), probe.speakers());
        double w = 0.5 / (1 + 1e-4);
        assertArrayEquals(new double[] {0.5 + w, 0.5 - w}, probe.scores(new float[] {0}), 1e-12);
        assertArrayEquals(new double[] {0.5, 0.5}, probe.scores(new float[] {1}), 1e-12);
        assertArrayEquals(new double[] {0.5 - 2 * w, 0.5 + 2 * w}, probe.scores(new float[] {3}), 1e-12);
    }

    /** Six frames of one and two of the other: unweighted, the border would lie nearer to the smaller one. */
    @Test
    void aSpeakerWithMoreFramesCountsNoMore() {
        SpeakerProbe probe = SpeakerProbe.fit(List.of(utterance("a", -1, 1, -1, 1, -1, 1), utterance("b", 3, 5)));
        double[] between = probe.scores(new float[] {2});
        assertEquals(between[0], between[1], 1e-12);
        // of a 3 of 4 frames are right, of b 1 of 1; unweighted it would be 4 of 5
        Accuracy accuracy = probe.accuracy(List.of(utterance("a", 0, 0, 1, 4), utterance("b", 4)));
        assertEquals(new Accuracy((0.75 + 1) / 2, 1, 0.5, 5, 2), accuracy);
    }

    private static void refused(String sentence, Runnable work) {
        String said = assertThrows(Problem.class, work::run).getMessage();
        assertTrue(said.startsWith("leak: ") && said.contains(sentence), said);
    }

    @Test
    void tooFewSpeakersOrRecordingsAreRefused() {
        Utterance a = utterance("a", 0, 1), b = utterance("b", 2, 3);
        refused("need recordings of at least two speakers, got none", () -> SpeakerProbe.fit(List.of()));
        refused(
                "need recordings of at least two speakers, got those of a alone",
                () -> SpeakerProbe.fit(List.of(a, a)));
        SpeakerProbe probe = SpeakerProbe.fit(List.of(a, b));
        refused("in training and test, got a, b and a; give each speaker", () -> probe.accuracy(List.of(a)));
        refused("got a, b and none", () -> probe.accuracy(List.of()));
        refused("got a, b and a, b, c", () -> probe.accuracy(List.of(a, b, utterance("c", 0))));
    }

    @Test
    void featuresThatAreNoneAreRefused() {
        Utterance a = utterance("a", 0, 1), wide = new Utterance("b", new float[3][2]);
        refused("at least one frame of each recording, got none of a", () -> utterance("a"));
        refused("finite values, got other ones of a", () -> utterance("a", 0, Float.NaN));
        refused("frames of one width", () -> new Utterance("a", new float[][] {{1}, {1, 2}}));
        refused("features of one width, got 1 and, of b, 2", () -> SpeakerProbe.fit(List.of(a, wide)));
        SpeakerProbe probe = SpeakerProbe.fit(List.of(a, utterance("b", 2)));
        refused("features of one width, got 1 and, of b, 2", () -> probe.accuracy(List.of(a, wide)));
    }
}
