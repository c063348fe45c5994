package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Table;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Npz;
import diffsvc.testing.Golden;
import diffsvc.vocoder.HarmonicSource;
import diffsvc.vocoder.HifiGan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every stage's value in a file, the first stage that differs, and the calls that show which stage is at fault. */
@Tag("conversion")
class StagesTest {
    private static final Path E2E = Golden.FOLDER.resolve("e2e");
    private static final Wave SONG = WavReader.read(E2E.resolve("input.wav"));
    private static final long SEED = 4321;

    @TempDir
    Path home;

    private Path config, checkpoint;

    @BeforeEach
    void layOut() throws IOException {
        Path voice = Files.createDirectories(home.resolve("checkpoints/golden"));
        config = Files.copy(E2E.resolve("svc/config.yaml"), voice.resolve("config.yaml"));
        checkpoint = Files.copy(
                Golden.ckpt("e2e/svc"), voice.resolve(Golden.ckpt("e2e/svc").getFileName()));
        Files.createDirectories(home.resolve("checkpoints/hubert"));
        Files.copy(E2E.resolve("hubert/hubert_soft.pt"), home.resolve("checkpoints/hubert/hubert_soft.pt"));
        Path vocoder = Files.createDirectories(home.resolve("checkpoints/nsf_hifigan"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/model"), vocoder.resolve("model"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/config.json"), vocoder.resolve("config.json"));
    }

    private Voice open(String more) {
        return Voice.open(
                config,
                checkpoint,
                h -> Arg2Hparams.apply(
                        h,
                        Arg2Hparams.join(
                                Golden.heads() + ",quirks=python,infer.sampler=plms,infer.steps=10,infer.seed=" + SEED,
                                more)));
    }

    @Test
    void everyStageIsSavedAndComesBack() {
        try (Voice voice = open("");
                Stages trace = voice.convert(SONG).stages()) {
            assertEquals(Set.copyOf(Stages.NAMES), trace.values().keySet());
            Path file = trace.save(home.resolve("stages.npz"));
            try (Stages back = Stages.load(voice.manager(), file)) {
                assertEquals(
                        "all " + Stages.NAMES.size() + " stages agree",
                        Compare.with(file).stages(back).toString());
                assertEquals(Stages.NAMES.size(), back.table().rowCount());
            }
            assertArrayEquals(
                    voice.convert(SONG).wave().first(), trace.get("wav").toFloatArray());
            assertTrue(assertThrows(Problem.class, () -> trace.get("mel"))
                    .getMessage()
                    .contains("mel_in"));
        }
    }

    /**
     * The reference's own file: everything analysed agrees, and the first that differs is the noise, which was another.
     */
    @Test
    void theReferencesFileDiffersAtTheNoise() {
        try (Voice voice = open("");
                Stages trace = voice.convert(SONG).stages()) {
            Compare.Report report =
                    Compare.with(Golden.FOLDER.resolve("e2e.npz")).stages(trace);
            assertEquals(
                    List.of("mel_in", "units", "mel2ph", "energy", "f0_log2"),
                    report.lines().stream()
                            .filter(l -> !l.differs())
                            .map(Compare.Line::stage)
                            .toList(),
                    report.table().print());
            assertEquals("x_T", report.first().orElseThrow().stage());
        }
    }

    @Test
    void theFirstThatDiffersIsNamedWithTheGreatestDifference() {
        try (Voice voice = open("");
                Stages trace = voice.convert(SONG).stages();
                NDManager m = voice.manager().newSubManager()) {
            Map<String, NDArray> values = new LinkedHashMap<>();
            NDArray cond = trace.get("cond").duplicate();
            float[] flat = cond.toFloatArray();
            flat[17] += 5;
            values.put("wav", m.create(new float[3])); // another length, but later
            values.put("cond", m.create(flat, cond.getShape()).squeeze(0).transpose()); // [T, H]: turned back
            values.put("units", trace.get("units").squeeze(0));
            Path file = Npz.write("trace", home.resolve("python.npz"), values);
            Compare.Report report = Compare.with(file).stages(trace);
            Compare.Line first = report.first().orElseThrow();
            assertEquals("cond", first.stage());
            assertEquals(17, first.at());
            assertEquals(5, first.difference(), 1e-3);
            assertTrue(report.toString().startsWith("cond differs first: greatest difference"), report.toString());
            assertEquals(
                    List.of("units", "cond", "wav"),
                    report.lines().stream().map(Compare.Line::stage).toList());
            assertTrue(report.lines().get(2).note().contains("there"));
            assertEquals(
                    "wav",
                    Compare.with(file)
                            .within(10)
                            .stages(trace)
                            .first()
                            .orElseThrow()
                            .stage());
            Path other = Npz.write("trace", home.resolve("other.npz"), Map.of("spec", m.create(1f)));
            assertTrue(assertThrows(Problem.class, () -> Compare.with(other).stages(trace))
                    .getMessage()
                    .contains("numpy.savez"));
        }
    }

    /**
     * PLMS draws once, DDPM at every step and for the last one too; then comes the vocoder: as after torch.manual_seed.
     */
    @ParameterizedTest
    @ValueSource(strings = {"plms", "ddpm"})
    void inPythonsOrderTheDrawsAreOneStream(String sampler) {
        int steps =
                sampler.equals("plms") ? 10 : Hparams.ofPython(config).noise().steps();
        try (Voice voice = open(",infer.python_order=true,infer.sampler=" + sampler + ",infer.steps=" + steps);
                Stages trace = voice.convert(SONG).stages();
                NDManager m = voice.manager().newSubManager();
                HifiGan vocoder =
                        HifiGan.load(m, VocoderKind.NSF_HIFIGAN, home.resolve("checkpoints/nsf_hifigan/model"))) {
            RandomSource random = RandomSource.inPythonOrder(SEED);
            assertArrayEquals(
                    random.normal(m, "", 0, trace.get("x_T").getShape()).toFloatArray(),
                    trace.get("x_T").toFloatArray());
            for (int i = 0; sampler.equals("ddpm") && i < steps; i++) {
                random.normal(m, "", 0, trace.get("x_T").getShape()).close();
            }
            NDArray f0 = trace.get("vocoder_f0").duplicate().expandDims(0);
            f0.attach(m);
            int harmonics = vocoder.harmonics().harmonics();
            long samples = f0.getShape().get(1) * voice.hparams().audio().hopSamples();
            NDArray phase = random.uniform(m, "", 0, new Shape(1, harmonics)),
                    noise = random.normal(m, "", 0, new Shape(1, samples, harmonics));
            NDArray mel = trace.get("vocoder_mel").duplicate();
            mel.attach(m);
            float[] wave = vocoder.wave(
                            mel.mul(HifiGan.LN_10).transpose(0, 2, 1),
                            vocoder.source(f0, new HarmonicSource.Draw(phase, noise), (a, b) -> {}),
                            (a, b) -> {})
                    .toFloatArray();
            float[] wav = trace.get("wav").toFloatArray();
            assertArrayEquals(wave, Arrays.copyOf(wav, wave.length), 1e-6f);
        }
    }

    /** NSF-HiFiGAN draws from the stream; with a given mel nothing was drawn before it, whatever has run. */
    @Test
    void inPythonsOrderAGivenMelIsVocodedFromTheStreamsBeginning() {
        try (Voice voice = open(",infer.python_order=true")) {
            Conversion c = voice.convert(SONG);
            c.wave();
            assertArrayEquals(
                    voice.convert(SONG).copySynthesis().wave().first(),
                    c.copySynthesis().wave().first());
        }
    }

    @Test
    void copySynthesisOracleAndSwappedUnitsAreOneCallEach() {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, "infer.sampler=unipc2,infer.steps=4"))) {
            Wave song = voice.read("src/test/resources/songs/music2.wav").slice(0, 2),
                    other = voice.read("src/test/resources/songs/music3.wav").slice(0, 1.5);
            Wave copy = voice.convert(song).copySynthesis().wave();
            float[] source = voice.mel(song).toFloatArray(),
                    back = voice.mel(copy).toFloatArray();
            double sum = 0;
            for (int i = 0; i < source.length; i++) {
                sum += Math.abs(source[i] - back[i]);
            }
            assertTrue(
                    sum / source.length < 0.25, "copy synthesis is " + sum / source.length + " from the source's mel");
            F0Table f0 = F0Table.of(voice.f0(song), 0);
            assertArrayEquals(
                    voice.convert(song).wave().first(),
                    voice.convert(song).withF0(f0).wave().first(),
                    "the extractor's own F0 as the oracle's");
            Wave swapped = voice.convert(song).withUnitsOf(other).wave();
            assertEquals(copy.samples(), swapped.samples());
            double[] hz = {0, 0};
            for (int i = 0; i < 2; i++) {
                float[] hzs = voice.f0((i == 0 ? voice.convert(song).wave() : swapped))
                        .f0Hz();
                int n = 0;
                for (float f : hzs) {
                    hz[i] += f;
                    n += f > 0 ? 1 : 0;
                }
                hz[i] /= n;
            }
            assertEquals(1, hz[1] / hz[0], 0.1, "F0 stays the song's");
        }
    }
}
