package diffsvc.evaluate.quality;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import diffsvc.testing.Judges;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** The clips of src/test/python/make_judge_mos.py, what the packages say of them, and what spoils a sound. */
final class Clips {
    static final Path FOLDER = Path.of("src/test/resources/judges/mos");

    private Clips() {}

    /** The judge; skips the test where its files are not there, unless CI must have them. */
    static Judge open(JudgeKind kind) {
        Judges.require(List.of(kind));
        return kind.open(ProjectPaths.find());
    }

    static double[] figures(Judge judge, Sound sound) {
        return judge.judge(Subject.of(sound)).stream()
                .mapToDouble(Figure::value)
                .toArray();
    }

    /** Names of the clips that have reference figures. */
    static Stream<String> names() throws IOException {
        return reference().keySet().stream();
    }

    /** The packages' figures: signal, background, overall, P.808, DistillMOS. */
    static double[] reference(String name) throws IOException {
        JsonArray row = reference().getAsJsonArray(name);
        return row.asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
    }

    private static JsonObject reference() throws IOException {
        return JsonParser.parseString(Files.readString(FOLDER.resolve("figures.json")))
                .getAsJsonObject()
                .getAsJsonObject("clips");
    }

    /** A clip, or what its name says of one, made as the script makes it. */
    static Sound clip(String name) {
        return switch (name) {
            case "9.5s at -40 dB" -> sound(times(samples("9.5s"), 0.01f));
            case "9.5s times 8, clipped" -> sound(clipped(times(samples("9.5s"), 8)));
            case "15s twice" -> {
                float[] x = samples("15s"), twice = new float[2 * x.length];
                System.arraycopy(x, 0, twice, 0, x.length);
                System.arraycopy(x, 0, twice, x.length, x.length);
                yield sound(twice);
            }
            default -> sound(samples(name));
        };
    }

    static float[] samples(String name) {
        return WavReader.read(FOLDER.resolve(name + ".wav")).first();
    }

    /** The first 9.5 s of src/test/resources/songs/musicN.wav: one window of DNSMOS. */
    static float[] song(int number) {
        return Arrays.copyOf(
                WavReader.read(Path.of("src/test/resources/songs/music" + number + ".wav"))
                        .first(),
                152_000);
    }

    static Sound sound(float[] samples) {
        return Sound.of("clip", Wave.mono(samples, Sound.RATE_HZ));
    }

    static float[] times(float[] x, float gain) {
        return Wave.mono(x, Sound.RATE_HZ).times(gain).first();
    }

    static float[] clipped(float[] x) {
        float[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.max(-1, Math.min(1, y[i]));
        }
        return y;
    }

    /** White noise so many dB below the mean power of the sound. */
    static float[] noisy(float[] x, double snrDb) {
        double power = 0;
        for (float v : x) {
            power += v * (double) v;
        }
        double deviation = Math.sqrt(power / x.length) * Math.pow(10, -snrDb / 20);
        SplittableRandom random = new SplittableRandom(1);
        float[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] += (float) (deviation * random.nextGaussian());
        }
        return y;
    }

    /** Sounds that have no quality: empty, silent, silent but for dither, too short, and one with a NaN. */
    static List<Sound> nothing() {
        float[] tone = tone(10), dither = times(noisy(tone, 0), 1e-6f), broken = tone.clone();
        broken[5000] = Float.NaN;
        return Stream.of(new float[0], new float[160_000], dither, tone(0.4), broken)
                .map(Clips::sound)
                .toList();
    }

    static float[] tone(double seconds) {
        float[] x = new float[(int) (seconds * Sound.RATE_HZ)];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.3 * Math.sin(2 * Math.PI * 220 * i / Sound.RATE_HZ));
        }
        return x;
    }
}
