package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import diffsvc.training.LabelledSpeech;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Phones of a copy, of another song, of noise and of silence. */
@Tag("conversion")
class PhoneJudgeTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();
    private static PhoneJudge judge;

    @BeforeAll
    static void open() {
        judge = (PhoneJudge) JudgeKind.PHONES.open(PATHS);
    }

    @AfterAll
    static void close() {
        judge.close();
    }

    private static Wave song(int number) {
        return WavReader.read(PATHS.resolve("src/test/resources/songs/music" + number + ".wav"));
    }

    private static double[] figures(Wave output, Wave source) {
        return judge.judge(Subject.of(Sound.of("output", output)).against(Sound.of("source", source), 0)).stream()
                .mapToDouble(f -> f.value())
                .toArray();
    }

    @Test
    void runsAreOnePhoneAndPausesAreNone() {
        int aa = LabelledSpeech.PHONES.indexOf("aa"), t = LabelledSpeech.PHONES.indexOf("t");
        int[] labels = {0, 0, 0, aa, aa, aa, t, t, t, t, aa, aa, aa, 0, 0, 0, aa, aa, aa};
        assertEquals(List.of(aa, t, aa, aa), PhoneJudge.phones(labels));
        int[] wavering = {aa, aa, aa, t, t, aa, aa, aa, 0, aa, aa, t};
        assertEquals(List.of(aa), PhoneJudge.phones(wavering), "below 60 ms nothing is a phone or a pause");
        assertEquals(List.of(), PhoneJudge.phones(new int[] {0, 0}));
    }

    @Test
    void framesMatchWhereTheSongSoundsAndTheLabelIsEqual() {
        assertEquals(0.5, PhoneJudge.match(new int[] {0, 5, 5, 7, 7, 0}, new int[] {1, 5, 4, 7, 0, 0}));
        assertEquals(0.25, PhoneJudge.match(new int[] {5, 5, 7, 7}, new int[] {5}), "what is cut off is lost");
        assertEquals(Double.NaN, PhoneJudge.match(new int[] {0, 0}, new int[] {5, 5}));
    }

    @Test
    void aCopyHasAllPhonesAtAnyLevel() {
        assertArrayEquals(new double[] {0, 1}, figures(song(3), song(3)));
        for (float level : new float[] {0.01f, 0.1f, 3}) {
            double[] f = figures(song(3).times(level), song(3));
            assertEquals(0, f[0], 0.02); // one phone, where the scale's rounding in float32 turns a label
            assertEquals(1, f[1], 0.01);
        }
    }

    @Test
    void anotherSongAndNoiseHaveFewOfThem() {
        double[] other = figures(song(1), song(3));
        assertTrue(other[0] > 0.7 && other[1] < 0.2, Arrays.toString(other)); // measured: 0.86, 0.05
        float[] noise = new float[song(3).samples()];
        Random random = new Random(1);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) (0.1 * random.nextGaussian());
        }
        double[] hiss = figures(Wave.mono(noise, Sound.RATE_HZ), song(3));
        assertTrue(hiss[0] > 0.7 && hiss[1] < 0.1, Arrays.toString(hiss));
    }

    @Test
    void aDelayIsSeenByTheMatchAndNotByTheRow() {
        float[] x = song(3).first(), late = new float[x.length + 3200];
        System.arraycopy(x, 0, late, 3200, x.length); // 0.2 s of silence first
        double[] f = figures(Wave.mono(late, Sound.RATE_HZ), song(3));
        assertTrue(f[0] < 0.1, "the phones follow each other as before: " + f[0]);
        assertTrue(f[1] < 0.6, "few stand at their time: " + f[1]);
    }

    @Test
    void silenceIsOnePause() {
        assertArrayEquals(new double[] {1, 0}, figures(Wave.mono(new float[16000], 16000), song(3)));
        assertArrayEquals(new double[] {1, 0}, figures(Wave.mono(new float[0], 16000), song(3)));
        assertArrayEquals(new double[] {1, 0}, figures(Wave.mono(new float[] {1, -1}, 44100), song(3)));
        assertArrayEquals(new double[] {Double.NaN, Double.NaN}, figures(song(3), Wave.mono(new float[16000], 16000)));
        assertThrows(Problem.class, () -> figures(Wave.mono(new float[] {Float.NaN}, 16000), song(3)));
    }

    @Test
    void aSongLongerThanAPieceKeepsTheClock() {
        float[] x = song(3).first(), late = new float[480_000 + x.length];
        System.arraycopy(x, 0, late, 480_000, x.length); // 30 s, where the second piece begins
        int[] labels = judge.labels(Sound.of("late", Wave.mono(late, Sound.RATE_HZ))),
                once = judge.labels(Sound.of("once", Wave.mono(x, Sound.RATE_HZ)));
        assertEquals(1500 + once.length, labels.length);
        assertArrayEquals(once, Arrays.copyOfRange(labels, 1500, labels.length), "the second piece is the song");
    }

    @Test
    void withoutASongThereIsNoFigure() {
        assertEquals(List.of(), judge.judge(Subject.of(Sound.of("output", song(3)))));
    }
}
