package diffsvc.evaluate.identity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import diffsvc.files.Sha256;
import diffsvc.hparams.ProjectPaths;
import diffsvc.tensor.Npz;
import diffsvc.testing.Judges;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The encoder against the Python package's numbers (make_judge_identity.py), and the figures of known answers. */
@Tag("process")
class IdentityGoldenTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();
    private static final Path FOLDER = Path.of("src/test/resources/judges");

    @BeforeAll
    static void theWeightsAreThere() {
        Judges.require(List.of(JudgeKind.IDENTITY));
        assertEquals(IdentityJudge.WEIGHTS.sha256(), Sha256.of(IdentityJudge.WEIGHTS.at(PATHS)));
    }

    private static float[] song(int number) {
        return WavReader.read(FOLDER.resolve("identity_music" + number + ".wav"))
                .first();
    }

    private static float[] times(float[] x, float factor) {
        float[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] *= factor;
        }
        return y;
    }

    /** The clips as the script makes them. */
    private static Map<String, float[]> clips() {
        Map<String, float[]> clips = new HashMap<>();
        for (int song = 1; song <= 3; song++) {
            for (int seconds : new int[] {1, 3, 7}) {
                clips.put("music" + song + "_" + seconds + "s", Arrays.copyOf(song(song), seconds * Sound.RATE_HZ));
            }
        }
        float[] padded = new float[5 * Sound.RATE_HZ];
        System.arraycopy(song(2), 0, padded, Sound.RATE_HZ, 3 * Sound.RATE_HZ);
        clips.put("padded", padded);
        clips.put("quiet", times(clips.get("music1_3s"), 0.015625f));
        clips.put("loud", times(clips.get("music3_3s"), 4));
        return clips;
    }

    @Test
    void theEncoderGivesThePackagesNumbers() {
        Map<String, float[]> clips = clips();
        int mels = 0;
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.load(m, IdentityJudge.WEIGHTS.at(PATHS))) {
            assertEquals(SpeakerEncoder.Sizes.PUBLISHED, net.sizes());
            Map<String, NDArray> golden = Npz.read(m, "evaluate", FOLDER.resolve("identity.npz"));
            for (Map.Entry<String, float[]> clip : clips.entrySet()) {
                String name = clip.getKey();
                float[] x = clip.getValue();
                NDArray mel = golden.get(name + "/mel");
                if (mel != null) {
                    mels++;
                    float[] theirs = mel.toFloatArray();
                    float most = mel.max().getFloat();
                    float[] ours = net.mel(m, x, SpeakerEncoder.gain(x), 0, (int)
                                    mel.getShape().get(0))
                            .toFloatArray();
                    // both transform in float32, and the package takes the level as float32 too: measured 1.6e-6
                    assertArrayEquals(theirs, ours, 4e-6f * most, name + ", mel");
                }
                float[][] parts = net.parts(x);
                NDArray partials = golden.get(name + "/partials");
                assertEquals(partials.getShape().get(0), parts.length, name);
                for (int i = 0; i < parts.length; i++) {
                    // measured 3e-7; the LSTM sums 296 products in another order
                    assertArrayEquals(partials.get(i).toFloatArray(), parts[i], 2e-5f, name + ", part " + i);
                }
                Embedding theirs = new Embedding(golden.get(name + "/embedding").toFloatArray());
                assertEquals(1, net.embedding(x).cosine(theirs), 1e-6, name);
            }
        }
        assertEquals(9, mels, "the 7 s clips store none");
        assertEquals(12, clips.size());
    }

    private static Sound sound(String name, float[] at16kHz) {
        return Sound.of(name, Wave.mono(at16kHz, Sound.RATE_HZ));
    }

    /** A half of a song, 5 or 7 s. */
    private static Sound half(int number, int which) {
        Wave song = WavReader.read(Path.of("src/test/resources/songs/music" + number + ".wav"));
        double seconds = song.seconds() / 2;
        return Sound.of("music" + number, song.slice(which * seconds, (which + 1) * seconds));
    }

    private static double[] figures(IdentityJudge judge, Subject subject) {
        return judge.judge(subject).stream().mapToDouble(Figure::value).toArray();
    }

    @Test
    void aCopyOfTheTargetIsTheTargetAndACopyOfTheSourceIsNot() {
        Sound source = sound("source", song(1)), target = sound("target", song(2));
        Target voice = new Target("two", List.of(target));
        try (IdentityJudge judge = IdentityJudge.open(PATHS)) {
            double between = judge.embedding(source).cosine(judge.embedding(target));
            double[] ideal = figures(
                    judge, Subject.of(sound("copy", song(2))).towards(voice).against(source, 0));
            assertArrayEquals(new double[] {1, between, 1 - between}, ideal, 1e-6, "float32");
            double[] unchanged = figures(
                    judge,
                    Subject.of(sound("unchanged", song(1))).towards(voice).against(source, 0));
            assertArrayEquals(new double[] {between, 1, between - 1}, unchanged, 1e-6, "float32");
        }
    }

    @Test
    void quietCopiesAreOneVoiceAtAnyLevel() {
        try (IdentityJudge judge = IdentityJudge.open(PATHS)) {
            Embedding one = judge.embedding(sound("-36 dB", times(song(1), 0.25f))),
                    other = judge.embedding(sound("-56 dB", times(song(1), 0.025f)));
            assertEquals(1, one.cosine(other), 1e-6, "both are raised to -30 dB");
        }
    }

    /**
     * Three singers in two halves each, and noise. Measured: the other half 0.854 to 0.907, halves of other songs 0.65
     * to 0.85, noise below 0.56: what a song shares with any other leaves little room above.
     */
    @Test
    void theSameVoiceIsNearerThanAnotherAndAnotherNearerThanNoise() {
        Random random = new Random(5);
        float[] noise = new float[7 * Sound.RATE_HZ];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) (0.05 * random.nextGaussian());
        }
        Sound nobody = sound("noise", noise);
        Sound[] first = new Sound[4], second = new Sound[4]; // each is resampled and embedded once
        for (int song = 1; song <= 3; song++) {
            first[song] = half(song, 0);
            second[song] = half(song, 1);
        }
        try (IdentityJudge judge = IdentityJudge.open(PATHS)) {
            for (int song = 1; song <= 3; song++) {
                Target voice = new Target("first half", List.of(first[song]));
                double same = figures(judge, Subject.of(second[song]).towards(voice))[0],
                        none = figures(judge, Subject.of(nobody).towards(voice))[0];
                for (int other = 1; other <= 3; other++) {
                    if (other != song) {
                        Subject subject =
                                Subject.of(second[song]).towards(voice).against(first[other], 0);
                        double[] right = figures(judge, subject),
                                unchanged = figures(judge, subject.output(second[other]));
                        String said = song + " and " + other + ": " + same + ", " + unchanged[0] + ", " + none;
                        assertTrue(same > unchanged[0] && unchanged[0] > none + 0.05, said);
                        assertTrue(right[2] > 0 && unchanged[2] < 0, "the target's voice, and the source's: " + said);
                    }
                }
            }
        }
    }
}
