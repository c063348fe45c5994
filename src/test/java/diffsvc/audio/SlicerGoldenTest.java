package diffsvc.audio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The slicer cuts where the Python project's does, and bounds what has no pause. */
class SlicerGoldenTest {
    private static final Pattern RATE = Pattern.compile("(\\d+) kHz");

    @Test
    void cutsAreThoseOfTheReference() {
        try (Golden golden = new Golden("slicer.npz")) {
            float[] signal = golden.get("audio_int16")
                    .toType(DataType.FLOAT32, false)
                    .div(32768f)
                    .toFloatArray();
            JsonObject arrays = Golden.file("slicer.npz").getAsJsonObject("arrays");
            Matcher rate = RATE.matcher(
                    arrays.getAsJsonObject("audio_int16").get("meaning").getAsString());
            assertTrue(rate.find());
            int compared = 0;
            for (String name : golden.names()) {
                if (!name.startsWith("chunks_")) {
                    continue;
                }
                String meaning = arrays.getAsJsonObject(name).get("meaning").getAsString();
                JsonObject settings = JsonParser.parseString(
                                meaning.substring(meaning.indexOf('{')).replace('\'', '"'))
                        .getAsJsonObject();
                Slicer standard = Slicer.standard();
                Slicer slicer = new Slicer(
                        of(settings, "db_threshold", standard.thresholdDb()),
                        of(settings, "min_length", standard.minMs()),
                        of(settings, "win_l", standard.longMs()),
                        of(settings, "win_s", standard.shortMs()),
                        of(settings, "max_silence_kept", standard.keptMs()));
                List<Long> ours = new ArrayList<>();
                slicer.slice(Recording.of(Wave.mono(signal, 1000 * Integer.parseInt(rate.group(1)))))
                        .forEach(s -> ours.addAll(List.of((long) s.start(), (long) s.end(), s.silent() ? 1L : 0L)));
                golden.sameIds(name, ours.stream().mapToLong(Long::longValue).toArray());
                compared++;
            }
            assertTrue(compared > 0);
        }
    }

    private static double of(JsonObject settings, String key, double otherwise) {
        return settings.has(key) ? settings.get(key).getAsDouble() : otherwise;
    }

    @Test
    void aPhraseWithoutAPauseIsCutAtItsWeakestPlaceAndNothingIsLost() {
        int rate = 8000, n = 40 * rate, most = 15 * rate;
        float[] signal = new float[n];
        Random random = new Random(5);
        for (int i = 0; i < n; i++) {
            double dip =
                    Math.abs(i - 11.0 * rate) < 0.05 * rate || Math.abs(i - 24.0 * rate) < 0.05 * rate ? 0.05 : 0.5;
            signal[i] = (float) (dip * random.nextGaussian() / 4);
        }
        Slicer slicer = Slicer.standard();
        List<Slicer.Slice> parts = new ArrayList<>();
        Recording sound = Recording.of(Wave.mono(signal, rate));
        slicer.slice(sound).forEach(s -> parts.addAll(slicer.bound(sound, s, most)));
        int at = 0;
        for (Slicer.Slice part : parts) {
            assertEquals(at, part.start());
            assertTrue(part.samples() > 0 && part.samples() <= most, part.toString());
            at = part.end();
        }
        assertEquals(n, at);
        assertEquals(11.0, parts.get(0).end() / (double) rate, 0.06);
        assertEquals(24.0, parts.get(1).end() / (double) rate, 0.06);
    }

    @Test
    void windowsThatDoNotFitEachOtherAreRefused() {
        assertTrue(assertThrows(Problem.class, () -> new Slicer(-40, 100, 300, 20, 500))
                .getMessage()
                .contains("long window"));
    }
}
