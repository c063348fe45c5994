package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.CentredMel;
import diffsvc.conds.mel.MelFilters;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The stages before the embedding against the reference's numbers (golden/README.md). */
class CondsGoldenTest {
    private static final Hparams.Audio AUDIO = Golden.audio("mel_44k"), AUDIO_24K = Golden.audio("mel_24k");

    private static Wave wav(String name) {
        return WavReader.read(Golden.wav(name));
    }

    @Test
    void theResamplerIsTheReferences() {
        try (Golden g = new Golden("resample.npz")) {
            for (MatchResult m : g.matching("librosa_(\\d+)_(\\d+)")) {
                int from = Integer.parseInt(m.group(1)), to = Integer.parseInt(m.group(2));
                float[] y = Resampler.resample(g.floats("in_" + from + "_" + to), from, to);
                g.same(m.group(), y);
                String kernel = "resampy_" + from + "_" + to;
                g.same(kernel, Arrays.copyOf(y, (int) g.get(kernel).size()));
            }
        }
    }

    /** The file that a mel was made of: under the name before "_to_RATE", or the only one that begins with the name. */
    private static Wave source(String mel) throws IOException {
        String name = mel.replaceAll("_to_\\d+$", "");
        if (Files.exists(Golden.wav(name))) {
            return wav(name);
        }
        try (Stream<Path> files = Files.list(Golden.wav(name).getParent())) {
            List<Path> found = files.filter(f -> f.getFileName().toString().startsWith(name + "_"))
                    .toList();
            assertEquals(1, found.size(), mel + " is of one file: " + found);
            return WavReader.read(found.get(0));
        }
    }

    private static float[] flat(Hparams.Audio audio) {
        float[][] bank =
                MelFilters.bank(audio.sampleRateHz(), audio.fftSize(), audio.melBins(), audio.fminHz(), audio.fmaxHz());
        float[] flat = new float[bank.length * bank[0].length];
        for (int m = 0; m < bank.length; m++) {
            System.arraycopy(bank[m], 0, flat, m * bank[0].length, bank[0].length);
        }
        return flat;
    }

    @Test
    void theMelIsTheReferences() throws IOException {
        try (Golden g = new Golden("mel_44k.npz")) {
            MelSpectrogram python = new MelSpectrogram(AUDIO, Hparams.Quirks.PYTHON);
            g.same("filterbank", flat(AUDIO));
            for (MatchResult m : g.matching("(.+)_mel")) {
                String name = m.group(1);
                float[] signal = python.signal(source(name));
                String head = name + (g.has(name + "_wav") ? "_wav" : "_wav_head");
                g.same(head, Arrays.copyOf(signal, (int) g.get(head).size()));
                if (g.has(name + "_len")) {
                    assertEquals(g.longs(name + "_len")[0], signal.length);
                }
                NDArray mel = python.of(g.manager(), signal).squeeze(0);
                g.same(name + "_mel", mel);
                assertEquals(python.frames(signal.length), mel.getShape().get(0));
            }
        }
    }

    @Test
    void theMelAt24KhzIsTheReferences() throws IOException {
        try (Golden g = new Golden("mel_24k.npz")) {
            CentredMel python = new CentredMel(AUDIO_24K, Hparams.Quirks.PYTHON);
            g.same("filterbank", flat(AUDIO_24K));
            for (MatchResult m : g.matching("(.+)_mel")) {
                String name = m.group(1);
                float[] signal = python.signal(source(name));
                if (g.has(name + "_wav")) {
                    g.same(name + "_wav", signal);
                }
                NDArray mel = python.of(g.manager(), signal).squeeze(0);
                // of some only the first frames are stored
                long stored = g.get(name + "_mel").getShape().get(0);
                assertTrue(name.contains("_to_") || stored == mel.getShape().get(0), name + ": " + mel.getShape());
                g.same(name + "_mel", mel.get(":" + stored));
            }
        }
    }

    @Test
    void praatsPathIsTheReferences() {
        try (Golden g = new Golden("f0_praat.npz")) {
            JsonObject h = Golden.stage("f0_praat").getAsJsonObject("hparams");
            for (MatchResult found : g.matching("((\\d+k)_)f0")) {
                String p = found.group(1);
                boolean centred = p.equals("24k_");
                Hparams.Audio audio = centred ? AUDIO_24K : AUDIO;
                Wave wave = wav("sig_" + audio.sampleRateHz());
                int hop = audio.hopSamples();
                // the centred front end hands on a wave padded with zeros to T hops
                float[] x = centred
                        ? Arrays.copyOf(wave.first(), (int) g.get(p + "f0").size() * hop)
                        : wave.first();
                double floor = h.get("floor_" + found.group(2)).getAsDouble();
                PraatPitch pitch = new PraatPitch(
                        PraatPitch.Settings.of(floor, h.get("ceiling").getAsDouble()));
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
                        floor,
                        h.get("ceiling").getAsDouble(),
                        h.get("f0_bin").getAsInt(),
                        false,
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
            for (MatchResult m : g.matching("(.+_)hz_f64")) {
                g.same(m.group(1) + "log2", Conds2Tensor.normInterp(g.doubles(m.group())));
            }
            JsonObject h = Golden.stage("f0_praat").getAsJsonObject("hparams");
            for (MatchResult m : g.matching("(\\d+k)_coarse_in_f64")) {
                String rate = m.group(1);
                Hparams.Pitch range = new Hparams.Pitch(
                        "praat",
                        h.get("floor_" + rate).getAsDouble(),
                        h.get("ceiling").getAsDouble(),
                        h.get("f0_bin").getAsInt(),
                        false,
                        false);
                g.sameIds(
                        rate + "_coarse_numpy",
                        Arrays.stream(Conds2Tensor.coarse(g.doubles(rate + "_coarse_in_f64"), range))
                                .asLongStream()
                                .toArray());
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
                for (MatchResult m : g.matching("(.+_)wav")) {
                    String p = m.group(1);
                    NDArray wave = g.get(m.group());
                    List<String> seen = new ArrayList<>();
                    net.walk(wave, (stage, value) -> {
                        if (g.has(p + stage)) {
                            g.same(p + stage, value);
                            seen.add(stage);
                        }
                    });
                    assertEquals(5 + net.sizes().layers(), seen.size(), seen.toString());
                    g.same(p + "units", net.extract(wave).units());
                    assertEquals(
                            HubertSoft.frames((int) wave.getShape().get(2)),
                            g.get(p + "units").getShape().get(1));
                }
                for (MatchResult m : g.matching("file_(.+)_units")) {
                    g.same(m.group(), net.units(g.manager(), wav(m.group(1)), Precision.FLOAT32));
                }
            }
            for (MatchResult m : g.matching("(nested_\\w+)_units")) {
                String file = m.group(1) + ".pt";
                try (HubertSoft tiny =
                        HubertSoft.load(g.manager(), folder.resolve(file), Golden.heads("hubert/" + file))) {
                    NDArray wave = g.get(g.meaning(m.group(), "for (\\w+)"));
                    g.same(m.group(), tiny.extract(wave).units());
                }
            }
        }
    }

    @Test
    void alignmentIsTheReferences() {
        try (Golden g = new Golden("align.npz")) {
            for (MatchResult m : g.matching("mel2ph_(\\d+)_(\\d+)")) {
                g.sameIds(m.group(), Conds2Tensor.mel2ph(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))));
            }
            long[] counts = g.longs("frame_counts"); // rate, hop, samples, mel frames, 16 kHz samples, units
            for (int i = 0; i < counts.length; i += 6) {
                int rate = (int) counts[i], hop = (int) counts[i + 1], n = (int) counts[i + 2];
                assertEquals(counts[i + 3], rate == AUDIO.sampleRateHz() ? n / hop : 1 + n / hop);
                int samples16k = Resampler.resampleIfNeeded(new float[n], rate, HubertSoft.RATE_HZ).length;
                assertEquals(counts[i + 4], samples16k);
                assertEquals(counts[i + 5], HubertSoft.frames(samples16k));
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
