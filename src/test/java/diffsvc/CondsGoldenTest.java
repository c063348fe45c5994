package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.F0Track;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.CentredMel;
import diffsvc.conds.mel.MelFilters;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Hparams;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The stages before the embedding against the reference's numbers (golden/README.md). */
class CondsGoldenTest {
    private static final Hparams.Audio AUDIO = audio();

    private static Hparams.Audio audio() {
        JsonObject h = Golden.stage("mel_44k").getAsJsonObject("hparams");
        return new Hparams.Audio(
                h.get("sample_rate").getAsInt(),
                h.get("hop").getAsInt(),
                h.get("win").getAsInt(),
                h.get("n_fft").getAsInt(),
                h.get("n_mels").getAsInt(),
                h.get("fmin").getAsDouble(),
                h.get("fmax").getAsDouble(),
                -6,
                1.5);
    }

    private static Wave wav(String name) {
        return WavReader.read(Golden.FOLDER.resolve("audio").resolve(name + ".wav"));
    }

    @Test
    void theResamplerIsTheReferences() {
        try (Golden g = new Golden("resample.npz")) {
            int compared = 0;
            for (String name : g.names()) {
                Matcher m = Pattern.compile("librosa_(\\d+)_(\\d+)").matcher(name);
                if (m.matches()) {
                    int from = Integer.parseInt(m.group(1)), to = Integer.parseInt(m.group(2));
                    float[] y = Resampler.resample(g.floats("in_" + from + "_" + to), from, to);
                    g.same(name, y);
                    String kernel = "resampy_" + from + "_" + to;
                    g.same(kernel, Arrays.copyOf(y, (int) g.get(kernel).size()));
                    compared++;
                }
            }
            assertTrue(compared > 0);
        }
    }

    @Test
    void theMelIsTheReferences() {
        try (Golden g = new Golden("mel_44k.npz")) {
            MelSpectrogram python = new MelSpectrogram(AUDIO, Hparams.Quirks.PYTHON);
            float[][] bank = MelFilters.bank(
                    AUDIO.sampleRateHz(), AUDIO.fftSize(), AUDIO.melBins(), AUDIO.fminHz(), AUDIO.fmaxHz());
            float[] flat = new float[bank.length * bank[0].length];
            for (int m = 0; m < bank.length; m++) {
                System.arraycopy(bank[m], 0, flat, m * bank[0].length, bank[0].length);
            }
            g.same("filterbank", flat);
            String[][] cases = {
                {"sig_44100", "sig_44100"},
                {"stereo", "stereo_44100"},
                {"loud", "loud_float_44100"},
                {"sig_24000_to_44100", "sig_24000"},
                {"sig_48000_to_44100", "sig_48000"}
            };
            for (String[] c : cases) {
                float[] signal = python.signal(wav(c[1]));
                String head = c[0] + (g.has(c[0] + "_wav") ? "_wav" : "_wav_head");
                g.same(head, Arrays.copyOf(signal, (int) g.get(head).size()));
                if (g.has(c[0] + "_len")) {
                    assertEquals(g.longs(c[0] + "_len")[0], signal.length);
                }
                NDArray mel = python.of(g.manager(), signal);
                g.same(c[0] + "_mel", mel.squeeze(0));
                assertEquals(python.frames(signal.length), mel.getShape().get(1));
            }
        }
    }

    @Test
    void theMelAt24KhzIsTheReferences() {
        JsonObject h = Golden.stage("mel_24k").getAsJsonObject("hparams");
        Hparams.Audio audio = new Hparams.Audio(
                h.get("sample_rate").getAsInt(),
                h.get("hop").getAsInt(),
                h.get("win").getAsInt(),
                h.get("n_fft").getAsInt(),
                h.get("n_mels").getAsInt(),
                h.get("fmin").getAsDouble(),
                h.get("fmax").getAsDouble(),
                -6,
                1.5);
        try (Golden g = new Golden("mel_24k.npz")) {
            CentredMel python = new CentredMel(audio, Hparams.Quirks.PYTHON);
            float[] signal = python.signal(wav("sig_24000"));
            g.same("sig_24000_wav", signal);
            g.same("sig_24000_mel", python.of(g.manager(), signal).squeeze(0));
            NDArray resampled = python.of(g.manager(), python.signal(wav("sig_44100")));
            g.same(
                    "sig_44100_to_24000_mel",
                    resampled.get(
                            "0, :" + g.get("sig_44100_to_24000_mel").getShape().get(0)));
        }
    }

    @Test
    void praatsPathIsTheReferences() {
        try (Golden g = new Golden("f0_praat.npz")) {
            JsonObject h = Golden.stage("f0_praat").getAsJsonObject("hparams");
            Object[][] cases = {
                {"44k_", "sig_44100", AUDIO.hopSamples(), "floor_44k"}, {"24k_", "sig_24000", 128, "floor_24k"}
            };
            for (Object[] c : cases) {
                String p = (String) c[0];
                Wave wave = wav((String) c[1]);
                int hop = (Integer) c[2];
                // the 24 kHz front end hands on a wave padded with zeros to T hops
                float[] x = wave.sampleRateHz() == 24000
                        ? Arrays.copyOf(wave.first(), (int) g.get(p + "f0").size() * hop)
                        : wave.first();
                PraatPitch pitch = new PraatPitch(PraatPitch.Settings.of(
                        h.get((String) c[3]).getAsDouble(), h.get("ceiling").getAsDouble()));
                PraatPitch.Path path = pitch.path(x, wave.sampleRateHz(), hop / (double) wave.sampleRateHz());
                g.same(p + "raw_f0_f64", path.f0Hz());
                g.same(p + "raw_strength_f64", path.strength());
                F0Track track = pitch.f0(
                        Wave.mono(x, wave.sampleRateHz()),
                        hop,
                        (int) g.get(p + "f0").size(),
                        0);
                g.same(p + "f0", track.f0Hz());
                double[] exact = new double[track.frames()];
                for (int t = 0; t < exact.length; t++) {
                    exact[t] = track.f0Hz()[t];
                }
                Hparams.Pitch range = new Hparams.Pitch(
                        "praat",
                        h.get((String) c[3]).getAsDouble(),
                        h.get("ceiling").getAsDouble(),
                        h.get("f0_bin").getAsInt(),
                        false);
                g.sameIds(
                        p + "coarse",
                        Arrays.stream(Conds2Tensor.coarse(exact, range))
                                .asLongStream()
                                .toArray());
            }
        }
    }

    @Test
    void edgesOfTheF0AreTheReferences() {
        try (Golden g = new Golden("f0_edges.npz")) {
            int compared = 0;
            for (String name : g.names()) {
                if (name.endsWith("_hz_f64")) {
                    String p = name.substring(0, name.length() - 6);
                    g.same(p + "log2", Conds2Tensor.normInterp(g.doubles(name)));
                    compared++;
                }
            }
            assertTrue(compared > 3);
            JsonObject h = Golden.stage("f0_praat").getAsJsonObject("hparams");
            for (String rate : new String[] {"44k", "24k"}) {
                Hparams.Pitch range = new Hparams.Pitch(
                        "praat",
                        h.get("floor_" + rate).getAsDouble(),
                        h.get("ceiling").getAsDouble(),
                        h.get("f0_bin").getAsInt(),
                        false);
                g.sameIds(
                        rate + "_coarse_numpy",
                        Arrays.stream(Conds2Tensor.coarse(g.doubles(rate + "_coarse_in_f64"), range))
                                .asLongStream()
                                .toArray());
                g.sameIds(
                        rate + "_coarse_torch",
                        diffsvc.diffusion.embedding.CoarseAccess.coarse(
                                range, g.get(rate + "_coarse_in_f64").toType(DataType.FLOAT32, false)));
            }
        }
    }

    @Test
    void everyStageOfHubertFollowsTheReference() {
        try (Golden g = new Golden("hubert.npz")) {
            int heads = Golden.stage("hubert_soft")
                    .getAsJsonObject("hparams")
                    .get("heads")
                    .getAsInt();
            Path folder = Golden.FOLDER.resolve("hubert");
            try (HubertSoft net = HubertSoft.load(g.manager(), folder.resolve("hubert_soft.pt"), heads)) {
                for (String name : g.names()) {
                    if (name.startsWith("len") && name.endsWith("_wav")) {
                        String p = name.substring(0, name.length() - 3);
                        List<String> seen = new ArrayList<>();
                        net.walk(g.get(name), (stage, value) -> {
                            if (g.has(p + stage)) {
                                g.same(p + stage, value);
                                seen.add(stage);
                            }
                        });
                        assertEquals(5 + net.sizes().layers(), seen.size(), seen.toString());
                        g.same(p + "units", net.extract(g.get(name)).units());
                        assertEquals(
                                HubertSoft.frames((int) g.get(name).size()),
                                g.get(p + "units").getShape().get(1));
                    }
                    if (name.startsWith("file_") && name.endsWith("_units")) {
                        String file = name.substring(5, name.length() - 6);
                        g.same(
                                name,
                                net.extract(HubertSoft.input(g.manager(), wav(file)))
                                        .units());
                    }
                }
            }
            Matcher nested = Pattern.compile("'heads': (\\d+)")
                    .matcher(Golden.file("hubert/nested_tiny.pt").get("note").getAsString());
            assertTrue(nested.find());
            try (HubertSoft tiny =
                    HubertSoft.load(g.manager(), folder.resolve("nested_tiny.pt"), Integer.parseInt(nested.group(1)))) {
                g.same("nested_tiny_units", tiny.extract(g.get("len7999_wav")).units());
            }
        }
    }

    @Test
    void alignmentIsTheReferences() {
        try (Golden g = new Golden("align.npz")) {
            int compared = 0;
            for (String name : g.names()) {
                Matcher m = Pattern.compile("mel2ph_(\\d+)_(\\d+)").matcher(name);
                if (m.matches()) {
                    g.sameIds(name, Conds2Tensor.mel2ph(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))));
                    compared++;
                }
            }
            assertTrue(compared > 3);
            long[] counts = g.longs("frame_counts"); // rate, hop, samples, mel frames, 16 kHz samples, units
            for (int i = 0; i < counts.length; i += 6) {
                int rate = (int) counts[i], hop = (int) counts[i + 1], n = (int) counts[i + 2];
                assertEquals(counts[i + 3], rate == 44100 ? n / hop : 1 + n / hop);
                int heard = Resampler.resampleIfNeeded(new float[n], rate, HubertSoft.RATE_HZ).length;
                assertEquals(counts[i + 4], heard);
                assertEquals(counts[i + 5], HubertSoft.frames(heard));
            }
        }
    }

    @Test
    void aClipOf518HopsGivesTheUsersShapes() {
        try (NDManager m = NDManager.newBaseManager()) {
            MelSpectrogram mel = new MelSpectrogram(AUDIO, Hparams.Quirks.FIXED);
            float[] x = new float[518 * AUDIO.hopSamples()];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) (0.3 * Math.sin(2 * Math.PI * 220 * i / AUDIO.sampleRateHz()));
            }
            assertEquals("(1, 518, 128)", mel.of(m, x).getShape().toString());
        }
    }
}
