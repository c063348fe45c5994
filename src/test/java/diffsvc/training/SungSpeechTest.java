package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.dataset.SungSpeech;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sung speech keeps what was said and when, and changes what was sung. */
class SungSpeechTest {
    private static final Hparams HPARAMS = Hparams.defaults();
    private static final Wave SONG = WavReader.read(ProjectPaths.find().resolve("src/test/resources/songs/music1.wav"))
            .slice(0, 3);

    @Test
    void aShareIsDrawnOnceAndWithoutRepeats() {
        int[] drawn = SungSpeech.drawn(40, 0.25, 3);
        assertEquals(10, drawn.length);
        assertEquals(
                10,
                Arrays.stream(drawn).distinct().filter(i -> i >= 0 && i < 40).count());
        assertArrayEquals(drawn, SungSpeech.drawn(40, 0.25, 3));
        assertFalse(Arrays.equals(drawn, SungSpeech.drawn(40, 0.25, 4)));
        assertEquals(0, SungSpeech.drawn(40, 0, 3).length);
    }

    @Tag("conversion")
    @Test
    void onePassKeepsTheF0AnotherFollowsItsOwnNotesAndIsLonger() {
        double own = median(f0(SONG));
        int plain = 0, other = 0;
        try (NDManager manager = NDManager.newBaseManager()) {
            SungSpeech singer = new SungSpeech(HPARAMS);
            for (int n = 0; n < 6; n++) {
                SungSpeech.Sung sung = singer.sing(manager, SONG, 7, n);
                assertEquals(SONG.seconds() * sung.stretch(), sung.wave().seconds(), 0.03);
                assertTrue(sung.wave().peak() <= 0.951f && sung.wave().peak() > 0.05f);
                double octaves = Math.abs(Math.log(median(f0(sung.wave())) / own) / Math.log(2));
                assertTrue(octaves < 0.7 + 5 / 12.0 + 0.05, "sung " + octaves + " octaves away");
                if (sung.stretch() == 1) {
                    plain++;
                    assertTrue(octaves < 0.02, "a plain pass moved the pitch by " + octaves + " octaves");
                } else {
                    other++;
                }
            }
            assertArrayEquals(
                    singer.sing(manager, SONG, 7, 0).wave().first(),
                    singer.sing(manager, SONG, 7, 0).wave().first());
        }
        assertTrue(plain > 0 && other > 0, plain + " plain, " + other + " sung");
    }

    @Test
    void phonesEndWhereTheirSoundEnds() {
        float[] x = Resampler.to(16000, SONG).first();
        short[] samples = new short[x.length];
        for (int i = 0; i < x.length; i++) {
            samples[i] = (short) (x[i] * 32767);
        }
        LabelledSpeech speech = new LabelledSpeech(
                List.of(new LabelledSpeech.Clip("a", "b", samples, new int[] {1, 2}, new double[] {1, 3})));
        LabelledSpeech both = speech.withSong(HPARAMS, 1, 5);
        assertEquals(2, both.clips().size());
        LabelledSpeech.Clip sung = both.clips().get(1);
        double stretch = sung.ends()[1] / 3;
        assertEquals(stretch, sung.ends()[0], 1e-9);
        assertEquals(3 * stretch, sung.samples().length / 16000.0, 0.03);
        assertEquals(
                sung.samples().length,
                speech.asSong(HPARAMS, 1, 5).clips().get(0).samples().length);
    }

    private static F0Track f0(Wave wave) {
        float[] signal = new MelSpectrogram(HPARAMS.audio(), Hparams.Quirks.FIXED).signal(wave);
        return new PraatPitch(PraatPitch.Settings.of(40, 1100))
                .f0(Wave.mono(signal, 44100), 512, signal.length / 512, 0);
    }

    private static double median(F0Track track) {
        double[] sounding = IntStream.range(0, track.frames())
                .filter(t -> track.voiced()[t])
                .mapToDouble(t -> track.f0Hz()[t])
                .sorted()
                .toArray();
        return sounding[sounding.length / 2];
    }
}
