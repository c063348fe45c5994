package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.conds.mel.MelSpectrogram;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every number has bounds, whichever door it comes through, and the sentence names the key. */
class HparamsBoundsTest {
    @TempDir
    Path folder;

    private static String said(String overrides) {
        return assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), overrides), overrides)
                .getMessage();
    }

    private static Map<String, Class<?>> numbers(Class<?> type, String prefix) {
        Map<String, Class<?>> numbers = new LinkedHashMap<>();
        for (RecordComponent c : type.getRecordComponents()) {
            String name = prefix + Components.key(c);
            if (c.getType().isRecord()) {
                numbers.putAll(numbers(c.getType(), name + "."));
            } else if (c.getType() == int.class
                    || c.getType() == double.class
                    || c.getType() == long.class
                    || c.getType() == List.class) {
                numbers.put(name, c.getType());
            }
        }
        return numbers;
    }

    @Test
    void noNumberIsWithoutBounds() {
        List<String> unbounded = new ArrayList<>();
        numbers(Hparams.class, "").forEach((name, type) -> {
            if (name.endsWith(".seed")) {
                return;
            }
            for (String far : type == int.class || type == long.class
                    ? new String[] {"-2147483647"}
                    : new String[] {"1e300", "-1e300", "NaN", "Infinity", "-Infinity"}) {
                try {
                    Arg2Hparams.apply(Hparams.defaults(), name + "=" + far);
                    unbounded.add(name + "=" + far);
                } catch (Problem e) {
                    assertTrue(
                            e.getMessage().startsWith("hparams: need ")
                                    && e.getMessage().contains(name),
                            e.getMessage());
                }
            }
        });
        assertEquals(List.of(), unbounded);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "audio.sample_rate_hz=0",
                "audio.sample_rate_hz=1999",
                "audio.sample_rate_hz=2147483647",
                "audio.hop_samples=-512",
                "audio.hop_samples=0",
                "audio.fft_size=2000000000",
                "audio.fft_size=15",
                "audio.mel_bins=0",
                "audio.mel_bins=2049",
                "audio.fmin_hz=-1",
                "audio.fmin_hz=16000",
                "audio.fmax_hz=40",
                "audio.mel_vmin=1.5",
                "audio.mel_vmax=-7",
                "pitch.f0_min_hz=0",
                "pitch.f0_min_hz=1100",
                "pitch.f0_bins=1",
                "pitch.f0_bins=301",
                "pitch.extractor=harvest",
                "hubert.heads=-1",
                "hubert.sha256=xyz",
                "embedding.hidden_size=0",
                "embedding.enc_layers=-1",
                "embedding.enc_ffn_kernel_size=8",
                "embedding.num_heads=0",
                "wavenet.residual_channels=2",
                "wavenet.residual_channels=385",
                "wavenet.residual_layers=0",
                "wavenet.dilation_cycle_length=0",
                "wavenet.dilation_cycle_length=17",
                "noise.steps=0",
                "noise.steps=-1",
                "noise.steps=100001",
                "noise.k_step=-1",
                "noise.k_step=1001",
                "noise.schedule=sqrt",
                "noise.max_beta=5",
                "noise.max_beta=0",
                "noise.max_beta=1",
                "noise.spec_min=1",
                "noise.spec_max=-6",
                "noise.spec_min=",
                "dataset.silence_db=1",
                "dataset.min_clip_seconds=0",
                "dataset.max_clip_seconds=1e9",
                "dataset.valid_share=1.1",
                "dataset.test_share=-0.1",
                "dataset.key_shifts=3 49",
                "dataset.unit_speeds=1 0",
                "dataset.sung_share=2",
                "training.lr=0",
                "training.lr=1e30",
                "training.beta1=1",
                "training.beta2=-0.1",
                "training.eps=0",
                "training.weight_decay=-1",
                "training.decay_steps=0",
                "training.clip_grad_norm=-1",
                "training.loss=l3",
                "training.precision=float16",
                "training.batch=-1",
                "training.batch=4097",
                "training.accumulate=0",
                "training.crop_frames=-1",
                "training.volume_db=-1",
                "training.unit_noise=-0.1",
                "training.saved_levels=-1",
                "training.saved_levels=1025",
                "training.steps=-1",
                "training.save_every=0",
                "training.keep=0",
                "training.keep_every=-1",
                "training.valid_every=-1",
                "training.ema_decay=1",
                "infer.sampler=euler",
                "infer.steps=0",
                "infer.steps=100001",
                "infer.temperature=-0.1",
                "infer.temperature=2.1",
                "infer.key=1e9",
                "infer.key=48.1",
                "infer.key=-49",
                "infer.add_noise_step=0",
                "infer.threads=-1",
                "infer.threads=1000000",
                "infer.format=mp3",
                "infer.depth=12",
                "infer.slice_db=1",
                "infer.slice_seconds=0",
                "infer.slice_seconds=3601",
                "vocoder.kind=world",
                "range.median_hz=-1",
                "range.semitones=0.5 2",
                "steps=-1"
            })
    void whatIsBeyondThemIsRefusedByName(String override) throws IOException {
        String key = override.substring(0, override.indexOf('=')), value = override.substring(key.length() + 1);
        assertTrue(said(override).startsWith("hparams: need ") && said(override).contains(key), said(override));
        int dot = key.indexOf('.');
        String list = value.contains(" ") ? "[" + value.replace(" ", ", ") + "]" : "\"" + value + "\"";
        Path yaml = Files.writeString(
                folder.resolve("h.yaml"),
                dot < 0
                        ? key + ": " + list + "\nnoise: {}\n"
                        : key.substring(0, dot) + ":\n  " + key.substring(dot + 1) + ": " + list + "\n");
        String file =
                assertThrows(Problem.class, () -> HparamsYaml.readEither(yaml)).getMessage();
        assertEquals(said(override).replace("hparams: ", "hparams: " + yaml + ": "), file);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "infer.key=48",
                "infer.key=-48",
                "audio.sample_rate_hz=192000",
                "audio.fft_size=16384",
                "pitch.extractor=crepe-tiny",
                "noise.k_step=0",
                "noise.k_step=1000",
                "noise.steps=4000",
                "noise.max_beta=0.5",
                "training.ema_decay=0.9999",
                "infer.depth=FLOAT",
                "infer.format=FLAC",
                "training.batch=4096",
                "infer.steps=2e1",
                "infer.steps=20.0",
                "noise.spec_min=-5 -4.5",
                "noise.spec_min=[-5 -4.5]",
                "dataset.key_shifts=",
                "hubert.sha256=00",
                "project=목소리",
                "project="
            })
    void whatIsWithinThemIsTaken(String override) {
        Hparams h = Arg2Hparams.apply(Hparams.defaults(), override);
        assertEquals(h, Arg2Hparams.apply(h, ""));
    }

    @Test
    void callsOfTheLibraryAreHeldToTheSame() {
        Hparams.Infer i = Hparams.defaults().infer();
        Hparams.Noise n = Hparams.defaults().noise().steps(100);
        assertEquals(
                "hparams: need infer.key from -48 to 48, got Infinity; correct infer.key",
                assertThrows(Problem.class, () -> i.key(Double.POSITIVE_INFINITY))
                        .getMessage());
        assertEquals(
                "hparams: need infer.sampler to be given, got nothing; correct infer.sampler",
                assertThrows(Problem.class, () -> i.sampler(null)).getMessage());
        assertEquals(
                "hparams: need noise.k_step from 0 to 100, got 101; correct noise.k_step",
                assertThrows(Problem.class, () -> n.kStep(101)).getMessage());
        assertThrows(Problem.class, () -> n.specMin(null));
        assertThrows(Problem.class, () -> Hparams.defaults().project("../../evil"));
        List<Double> min = new ArrayList<>(List.of(-5.0));
        Hparams.Noise noise = n.specMin(min);
        min.set(0, Double.NaN);
        assertEquals(-5, noise.specMin().get(0), "a record keeps its own list");
    }

    @Test
    void sizesThatDoNotGoTogetherMakeNoMel() {
        for (String sizes : new String[] {
            "audio.hop_samples=4096",
            "audio.window_samples=4096",
            "audio.fft_size=4096",
            "audio.hop_samples=441",
            "audio.sample_rate_hz=16000"
        }) {
            Hparams.Audio audio = Arg2Hparams.apply(Hparams.defaults(), sizes).audio();
            String said = assertThrows(Problem.class, () -> new MelSpectrogram(audio, Hparams.Quirks.FIXED))
                    .getMessage();
            assertTrue(said.startsWith("hparams: need audio.") && said.contains(", got "), said);
        }
        assertEquals(
                List.of(),
                Hparams.defaults()
                        .audio()
                        .sampleRateHz(24000)
                        .hopSamples(128)
                        .windowSamples(512)
                        .fftSize(512)
                        .melBins(80)
                        .fminHz(30)
                        .fmaxHz(12000)
                        .misfits());
        assertTrue(said("audio.fft_size=1048576,audio.mel_bins=2048")
                .contains("audio.mel_bins times half of audio.fft_size"));
    }

    @Test
    void aWholeNumberArrivesAsItIsWritten() throws IOException {
        for (long seed : new long[] {9007199254740993L, -9007199254740993L, Long.MAX_VALUE, Long.MIN_VALUE + 1}) {
            assertEquals(
                    seed,
                    Arg2Hparams.apply(Hparams.defaults(), "infer.seed=" + seed)
                            .infer()
                            .seed());
            for (String text : new String[] {String.valueOf(seed), "\"" + seed + "\""}) {
                assertEquals(
                        seed,
                        HparamsYaml.read(Files.writeString(folder.resolve("h.yaml"), "infer:\n  seed: " + text + "\n"))
                                .infer()
                                .seed());
            }
        }
        assertTrue(said("infer.seed=9223372036854775808")
                .contains("infer.seed to be a whole number up to 9223372036854775807"));
        assertTrue(said("infer.seed=1e300").contains("infer.seed to be a whole number"));
        assertTrue(said("infer.seed=1e-300").contains("infer.seed to be a whole number"));
        assertTrue(said("infer.seed=1e1000000000").contains("infer.seed to be a number"));
        assertTrue(said("infer.seed=" + "9".repeat(1_000_000)).length() < 300);
        for (String odd : new String[] {"0x10", "1f", "1d", "1_000", "++1", "1e", "", " ", "true", "None"}) {
            assertTrue(said("infer.steps=" + odd).contains("infer.steps to be a number"), odd);
        }
    }

    @Test
    void aKeyThatComesTwiceIsRefused() throws IOException {
        assertEquals(
                "hparams: need each key once, got infer.steps twice; leave one out",
                said("infer.steps=20,infer.key=1,infer.steps=10"));
        assertEquals(
                "hparams: need each key once, got infer.steps twice; leave one out",
                said("infer.steps=20, infer.steps =20"));
        Path yaml = Files.writeString(folder.resolve("h.yaml"), "infer:\n  steps: 20\n  steps: 10\n");
        String said = assertThrows(Problem.class, () -> HparamsYaml.read(yaml)).getMessage();
        assertTrue(said.contains("steps") && said.contains("duplicate") && said.contains("line 3"), said);
    }

    @Test
    void whatAPersonOverridesReplacesWhatAProgramSets() {
        assertEquals("a=1,c=3,b=4", Arg2Hparams.join("a=1,b=2,c=3", "b=4"));
        assertEquals("b=4", Arg2Hparams.join("", "b=4"));
        assertEquals("a=1", Arg2Hparams.join("a=1", ""));
        assertEquals(
                "a=1,b=4,b=5", Arg2Hparams.join("a=1", "b=4,b=5"), "a person's own repetition stays, and is refused");
    }

    @Test
    void aPythonConfigIsHeldToTheSameAndNamedInItsOwnKeys() throws IOException {
        Path yaml = folder.resolve("config.yaml");
        for (String[] bad : new String[][] {
            {"hop_size: 0", "need hop_size from 1 to 65536, got 0; correct hop_size"},
            {"K_step: 2000\ntimesteps: 1000", "need K_step from 0 to 1000, got 2000"},
            {"K_step: 0", "need K_step from 1 to timesteps, got 0"},
            {"hop_size: -512", "hop_size"},
            {"f0_bin: many", "f0_bin to be a number, got many"},
            {"hidden_size: 1.5", "hidden_size to be a whole number, got 1.5"},
            {"spec_min: [1, .nan]", "spec_min"},
            {"audio_sample_rate: {a: 1}", "audio_sample_rate to be one value, got a map"}
        }) {
            Files.writeString(yaml, bad[0] + "\n");
            String said = assertThrows(Problem.class, () -> HparamsYaml.readEither(yaml), bad[0])
                    .getMessage();
            assertTrue(said.startsWith("hparams: " + yaml + ": need ") && said.contains(bad[1]), said);
        }
        for (String[] name : new String[][] {
            {"checkpoints/singer", "singer"},
            {"a/b/", "b"},
            {"../../evil", "evil"},
            {"my voice?", "my voice_"},
            {"..", ""},
            {"-x", "x"},
            {"frozen", ""},
            {"12", "12"}
        }) {
            Files.writeString(yaml, "exp_name: \"" + name[0] + "\"\n");
            assertEquals(name[1], HparamsYaml.readEither(yaml).project());
        }
        Files.writeString(yaml, "K_step: 1000\ntimesteps: 1000\n");
        assertEquals(0, HparamsYaml.readEither(yaml).noise().kStep());
        assertEquals(1000, HparamsYaml.readEither(yaml).noise().trainedSteps());
        Files.writeString(yaml, "spec_min: []\nspec_max: []\n");
        assertEquals(
                Hparams.defaults().noise().specMin(),
                HparamsYaml.readEither(yaml).noise().specMin());
        Files.writeString(yaml, "K_step: 100\n");
        assertEquals(100, HparamsYaml.readEither(yaml).noise().trainedSteps());
    }
}
