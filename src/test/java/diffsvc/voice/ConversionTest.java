package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Metrics;
import diffsvc.conds.F0Track;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.platform.WeakManager;
import diffsvc.progress.Progress;
import diffsvc.testing.DemoEnvelope;
import diffsvc.training.LabelledSpeech;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a conversion by the committed demo must be: the F0, the words, and the other voice. The measures are run on
 * fakes too, which must fail: noise, the mean mel, and the source itself.
 */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConversionTest {
    private static final double SECONDS_A_UNIT = 0.02;
    private Voice voice;
    private float[][] demoEnvelope;

    @BeforeAll
    void open() {
        voice = Voice.open("demo");
        demoEnvelope = DemoEnvelope.read();
    }

    @AfterAll
    void close() {
        voice.close();
    }

    /** What the measures need of a song: its words as labels, its F0, its mel. */
    private record Analysis(long[] labels, F0Track f0, float[][] mel) {}

    private Analysis analyse(Wave wave) {
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray units = voice.encoder().units(m, wave, voice.precision().denoiser());
            NDArray mel = voice.mel(wave);
            mel.attach(m);
            float[] flat = mel.toFloatArray();
            int bins = voice.hparams().audio().melBins();
            float[][] rows = new float[flat.length / bins][];
            for (int t = 0; t < rows.length; t++) {
                rows[t] = Arrays.copyOfRange(flat, t * bins, (t + 1) * bins);
            }
            return new Analysis(hubert(voice).logits(units).argMax(2).toLongArray(), voice.f0(wave), rows);
        }
    }

    /** Figures of one output against its source. */
    private record Figures(
            double cents, double voicing, double content, double envelopeToDemo, double envelopeToSource) {
        boolean f0Follows() {
            return cents < 30 && voicing > 0.9;
        }

        boolean wordsStay() {
            return content >= 0.6;
        }

        boolean voiceIsTheDemos() {
            return envelopeToDemo < envelopeToSource;
        }

        boolean passes() {
            return f0Follows() && wordsStay() && voiceIsTheDemos();
        }
    }

    private Figures measure(Analysis source, Analysis copy, Analysis output) {
        F0Metrics a = F0Metrics.of(source.f0(), output.f0());
        return new Figures(
                a.medianCents(),
                a.voicing(),
                content(source, copy, output),
                envelope(output, source, true),
                envelope(output, source, false));
    }

    /**
     * Of the frames on which copy synthesis keeps the source's label (silence aside), the share on which the output
     * keeps it too.
     */
    private static double content(Analysis source, Analysis copy, Analysis output) {
        int kept = 0, same = 0;
        int n = Math.min(source.labels().length, Math.min(copy.labels().length, output.labels().length));
        for (int i = 0; i < n; i++) {
            if (source.labels()[i] != 0 && copy.labels()[i] == source.labels()[i]) {
                kept++;
                same += output.labels()[i] == source.labels()[i] ? 1 : 0;
            }
        }
        return same / (double) kept;
    }

    /**
     * Share of the source's labels, silence aside, that copy synthesis keeps: what the words are judged on must be most
     * of them.
     */
    private static double kept(Analysis source, Analysis copy) {
        int all = 0, kept = 0;
        for (int i = 0; i < Math.min(source.labels().length, copy.labels().length); i++) {
            all += source.labels()[i] != 0 ? 1 : 0;
            kept += source.labels()[i] != 0 && copy.labels()[i] == source.labels()[i] ? 1 : 0;
        }
        return kept / (double) all;
    }

    /**
     * Mean distance of the output's per-phone mel envelopes (shape only, below 7 kHz, where every voice has sound) from
     * the demo's or the source's.
     */
    private double envelope(Analysis output, Analysis source, boolean toDemo) {
        float[][] ours = envelopes(output.mel(), source.labels()),
                theirs = toDemo ? demoEnvelope : envelopes(source.mel(), source.labels());
        double sum = 0;
        int n = 0;
        for (int p = 1; p < ours.length; p++) {
            if (ours[p] != null && theirs[p] != null && demoEnvelope[p] != null) {
                for (int m = 0; m < DemoEnvelope.BINS; m++) {
                    sum += Math.abs(ours[p][m] - theirs[p][m]);
                    n++;
                }
            }
        }
        return sum / n;
    }

    private float[][] envelopes(float[][] mel, long[] labels) {
        return DemoEnvelope.of(
                mel,
                labels,
                voice.hparams().audio().hopSamples()
                        / (double) voice.hparams().audio().sampleRateHz(),
                SECONDS_A_UNIT);
    }

    private Wave copy(Wave song, Analysis source) {
        float[] flat = new float[source.mel().length * source.mel()[0].length];
        for (int t = 0; t < source.mel().length; t++) {
            System.arraycopy(source.mel()[t], 0, flat, t * source.mel()[0].length, source.mel()[0].length);
        }
        try (NDManager m = NDManager.newBaseManager()) {
            int n = (int) Math.round(song.seconds() * 44100);
            NDArray mel = m.create(flat, new Shape(1, source.mel().length, source.mel()[0].length));
            return voice.vocode(mel, source.f0(), n, 1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"music1", "music2", "music3"})
    void theDemoSingsTheSong(String name) {
        Wave song = voice.read("raw/" + name + ".wav");
        Analysis source = analyse(song), copy = analyse(copy(song, source));
        Conversion made = voice.convert(song);
        assertEquals(
                Math.round(song.seconds() * 44100), made.wave().samples(), "output samples = round(seconds x rate)");
        Analysis output = analyse(made.wave());
        Figures f = measure(source, copy, output);
        double shuffled = content(source, copy, analyse(shuffledUnits(song)));
        System.out.printf(
                "%s: F0 %.1f cents, voicing %.1f %%, words %.1f %% (shuffled units %.1f %%), envelope to demo %.3f, to source %.3f%n",
                name,
                f.cents(),
                100 * f.voicing(),
                100 * f.content(),
                100 * shuffled,
                f.envelopeToDemo(),
                f.envelopeToSource());
        assertTrue(f.f0Follows(), f.toString());
        assertTrue(f.wordsStay(), f.toString());
        assertTrue(kept(source, copy) > 0.5, "copy synthesis keeps only " + kept(source, copy) + " of the labels");
        assertTrue(f.content() >= 3 * shuffled, f.content() + " against " + shuffled + " with shuffled units");
        assertTrue(f.voiceIsTheDemos(), f.toString());
        // fakes, by the same measures
        assertFalse(measure(source, copy, source).passes(), "the source passed through unchanged must fail");
        assertFalse(measure(source, copy, analyse(noise(made.wave()))).passes(), "noise must fail");
        assertFalse(measure(source, copy, analyse(meanMel(song, source, made))).passes(), "the mean mel must fail");
    }

    /** The same conversion with the units in random order: what remains of the words is chance. */
    private Wave shuffledUnits(Wave song) {
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray units = voice.units(song);
            long p = units.getShape().get(1);
            List<Long> order = new ArrayList<>();
            for (long i = 0; i < p; i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(1));
            NDArray mixed = units.squeeze(0)
                    .get(voice.manager()
                            .create(order.stream().mapToLong(Long::longValue).toArray()))
                    .expandDims(0);
            return voice.convert(song).withUnits(mixed).seed(1).wave();
        }
    }

    private static Wave noise(Wave like) {
        Random random = new Random(2);
        float[] x = new float[like.samples()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.1 * random.nextGaussian());
        }
        return Wave.mono(x, like.sampleRateHz());
    }

    /** One mel for all frames, the mean of the conversion's, vocoded on the source's F0. */
    private Wave meanMel(Wave song, Analysis source, Conversion made) {
        float[][] rows = FrontEnd.rows(made.sampled());
        int bins = rows[0].length;
        float[][] flat = new float[rows.length][bins];
        for (float[] row : rows) {
            for (int m = 0; m < bins; m++) {
                flat[0][m] += row[m] / rows.length;
            }
        }
        for (int t = 1; t < flat.length; t++) {
            flat[t] = flat[0].clone();
        }
        return copy(song, new Analysis(source.labels(), source.f0(), flat));
    }

    @Test
    void oneSeedIsOneWaveAndTheSourceMelIsThrownAway() {
        Wave song = voice.read("raw/music2.wav").slice(0, 2);
        try (Voice quick = Voice.open("demo", h -> Arg2Hparams.apply(h, "infer.steps=5"))) {
            float[] a = quick.convert(song).wave().first();
            assertArrayEquals(a, quick.convert(song).wave().first(), 0);
            try (Voice other = Voice.open("demo", h -> Arg2Hparams.apply(h, "infer.steps=5,infer.seed=8"))) {
                assertFalse(Arrays.equals(a, other.convert(song).wave().first()), "another seed is another wave");
            }
            NDArray mel = quick.mel(song);
            assertArrayEquals(
                    quick.start(mel, 5).toFloatArray(),
                    quick.start(mel.mul(0).sub(3), 5).toFloatArray(),
                    0,
                    "with use_gt_mel false the mel changes nothing");
            try (Voice fromMel = Voice.open(
                    "demo",
                    h -> Arg2Hparams.apply(h, "infer.steps=5,infer.use_gt_mel=true,infer.add_noise_step=200"))) {
                assertFalse(
                        Arrays.equals(
                                fromMel.start(mel, 5).toFloatArray(),
                                fromMel.start(mel.mul(0).sub(3), 5).toFloatArray()),
                        "with use_gt_mel it does");
            }
        }
    }

    @Test
    void silenceGivesSilenceAndIsSaid() {
        List<String> said = new ArrayList<>();
        Conversion made = voice.convert(Wave.mono(new float[16000], 16000)).listening(new Progress() {
            @Override
            public void at(String stage, long done, long of) {}

            @Override
            public void ended(Stage stage) {
                said.add(stage.what());
            }
        });
        assertTrue(made.silent());
        assertEquals(44100, made.wave().samples());
        assertEquals(0, made.wave().peak());
        assertEquals(List.of("silence in, silence out"), said, "no network ran");
    }

    /** A conversion leaves nothing with the models' managers. */
    @Test
    void nothingIsLeftBehind() {
        try (Voice quick = Voice.open("demo", h -> Arg2Hparams.apply(h, "infer.steps=2"))) {
            Wave song = quick.read("raw/music2.wav").slice(0, 1);
            quick.convert(song).wave();
            int before = count(quick);
            quick.convert(song).wave();
            quick.convert(song).wave();
            assertEquals(before, count(quick));
        }
    }

    private static HubertSoft hubert(Voice voice) {
        return (HubertSoft) voice.encoder();
    }

    /** Arrays that somebody refers to: what waits for the collector is not left behind. */
    private static int count(Voice voice) {
        WeakManager.collect();
        return voice.manager().getManagedArrays().size()
                + voice.wavenet().weights().manager().getManagedArrays().size()
                + hubert(voice).weights().manager().getManagedArrays().size()
                + voice.embedding().weights().manager().getManagedArrays().size();
    }

    @Test
    void theEncodersLabelsAreThePhones() {
        assertEquals(LabelledSpeech.PHONES.size(), hubert(voice).sizes().labels());
    }
}
