package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Track;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.testing.DemoCopy;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mel, F0, units and conds from the path of the hparams and the path of a recording, as a voice makes them. */
class SourceAnalysisTest {
    private static final Path MODELS = Path.of("models");

    @TempDir
    Path folder;

    private Path encoder;

    /** A folder with the demo's hparams and encoder, and without its trained pair. */
    private Path hparamsAlone() throws IOException {
        Path yaml = Files.createDirectories(folder.resolve("models/demo")).resolve("hparams.yaml");
        Files.copy(MODELS.resolve("demo/hparams.yaml"), yaml);
        Files.copy(MODELS.resolve("demo/mel_range.yaml"), yaml.resolveSibling("mel_range.yaml"));
        encoder = DemoCopy.encoder(folder);
        return yaml;
    }

    private Path clip() {
        Path raw = folder.resolve("clip.wav");
        WaveWriter.write(
                raw,
                AudioFile.read(Path.of("src/test/resources/songs/music1.wav")).slice(1, 2.5));
        return raw;
    }

    @Test
    void noTrainedNetworkIsOpenedAndTheStagesAreAVoices() throws IOException {
        Path yaml = hparamsAlone(), raw = clip();
        ModelFiles files = ModelFiles.in(folder.resolve("models"));
        assertThrows(Problem.class, () -> files.project("demo"), "the trained pair is not there");
        try (SourceAnalysis analysis = SourceAnalysis.open(yaml, UnaryOperator.identity(), files);
                Voice voice = Voice.open("demo")) {
            Source source = analysis.of(raw);
            Wave song = AudioFile.read(raw);
            float[] signal = voice.signal(song).first();
            NDArray mel = voice.mel(song), units = voice.units(song);
            F0Track f0 = voice.f0(song);
            Conds conds = voice.align(units, f0, mel);
            assertEquals(44100, source.signal().sampleRateHz());
            assertArrayEquals(signal, source.signal().first());
            same(mel, source.mel());
            assertEquals(new Shape(1, f0.frames(), 128), source.mel().getShape());
            assertArrayEquals(f0.f0Hz(), source.f0().f0Hz());
            assertArrayEquals(f0.voiced(), source.f0().voiced());
            same(units, source.units());
            assertEquals(analysis.encoder().width(), units.getShape().get(2));
            same(conds.units(), source.conds().units());
            assertArrayEquals(
                    conds.mel2ph().toLongArray(), source.conds().mel2ph().toLongArray());
            same(conds.f0(), source.conds().f0());
            same(conds.energy(), source.conds().energy());
            same(conds.unvoiced(), source.conds().unvoiced());
        }
    }

    @Test
    void everyStageIsACallOfItsOwn() throws IOException {
        Path yaml = hparamsAlone();
        Wave song = AudioFile.read(clip());
        try (SourceAnalysis analysis =
                SourceAnalysis.open(yaml, UnaryOperator.identity(), ModelFiles.in(folder.resolve("models")))) {
            Source source = analysis.of(song);
            assertSame(song, source.song());
            same(source.mel(), analysis.mel(song));
            assertArrayEquals(source.f0().f0Hz(), analysis.f0(song).f0Hz());
            same(source.units(), analysis.units(song));
            String said = assertThrows(
                            Problem.class,
                            () -> analysis.align(
                                    source.units(), source.f0(), source.mel().squeeze(0)))
                    .getMessage();
            assertTrue(said.contains("mel [1, T, M]"), said);
        }
    }

    @Test
    void aConfigOfThePythonProjectNamesItsEncoder() throws IOException {
        Path home = Files.createDirectories(folder.resolve("python"));
        Path config = Files.createDirectories(home.resolve("checkpoints/svc")).resolve("config.yaml");
        Files.copy(Golden.FOLDER.resolve("e2e/svc/config.yaml"), config);
        String hubert = String.valueOf(HparamsYaml.map(config).get("hubert_path"));
        Path encoder = home.resolve(hubert);
        Files.createDirectories(encoder.getParent());
        Files.copy(Golden.FOLDER.resolve("e2e/hubert/hubert_soft.pt"), encoder);
        try (SourceAnalysis analysis =
                SourceAnalysis.open(config, h -> Arg2Hparams.apply(h, Golden.heads()), ModelFiles.in(folder))) {
            Source source = analysis.of(clip());
            assertEquals(source.f0().frames(), source.mel().getShape().get(1));
            assertFalse(source.units().isEmpty());
        }
    }

    @Test
    void aMissingEncoderIsNamed() throws IOException {
        Path yaml = hparamsAlone();
        Files.delete(encoder);
        String said = assertThrows(
                        Problem.class,
                        () -> SourceAnalysis.open(
                                yaml, UnaryOperator.identity(), ModelFiles.in(folder.resolve("models"))))
                .getMessage();
        assertTrue(said.contains("the content encoder " + encoder.getFileName()), said);
    }

    private static void same(NDArray a, NDArray b) {
        assertEquals(a.getShape(), b.getShape());
        assertArrayEquals(a.toFloatArray(), b.toFloatArray());
    }
}
