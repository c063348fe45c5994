package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.platform.WeakManager;
import diffsvc.progress.Progress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What holds for every conversion by the committed demo. What it sounds like is for judges: DemoVoiceTest. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConversionTest {
    private Voice voice;

    @BeforeAll
    void open() {
        voice = Voice.open("demo");
    }

    @AfterAll
    void close() {
        voice.close();
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

    private static Weights encoder(Voice voice) {
        return voice.encoder() instanceof WhisperEncoder whisper
                ? whisper.weights()
                : ((HubertSoft) voice.encoder()).weights();
    }

    /** Arrays that somebody refers to: what waits for the collector is not left behind. */
    private static int count(Voice voice) {
        WeakManager.collect();
        return voice.manager().getManagedArrays().size()
                + voice.wavenet().weights().manager().getManagedArrays().size()
                + encoder(voice).manager().getManagedArrays().size()
                + voice.embedding().weights().manager().getManagedArrays().size();
    }
}
