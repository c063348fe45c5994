package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A voice's hparams.yaml holds what differs from base.yaml, and its mel range lies beside it. */
class VoiceFileTest {
    private static final Path FULL = Path.of("src/test/resources/hparams/full-2026.yaml");
    private static final Hparams VOICE = HparamsYaml.read(FULL);

    @TempDir
    Path folder;

    private Path yaml, range;

    @BeforeEach
    void paths() {
        yaml = folder.resolve("hparams.yaml");
        range = folder.resolve("mel_range.yaml");
    }

    private void write(String text) throws IOException {
        Files.writeString(yaml, text);
        Files.writeString(range, HparamsYaml.melRange(VOICE));
    }

    private String refused() {
        return assertThrows(Problem.class, () -> HparamsYaml.readEither(yaml)).getMessage();
    }

    @Test
    void theFullFileOfBeforeIsTheSameVoice() throws IOException {
        assertEquals(128, VOICE.noise().specMin().size());
        assertEquals(VOICE, HparamsYaml.read(FULL.resolveSibling("tenor/hparams.yaml")));
        write(HparamsYaml.text(VOICE, "mel_range.yaml"));
        assertEquals(VOICE, HparamsYaml.readEither(yaml));
        assertEquals(List.of(yaml, range), HparamsYaml.files(yaml));
        assertEquals(List.of(FULL), HparamsYaml.files(FULL));
        assertTrue(Files.readString(yaml).lines().count() < 32);
        Files.delete(range);
        HparamsYaml.write(yaml, VOICE);
        assertEquals(VOICE, HparamsYaml.readEither(yaml), "or one file that needs no other");
        assertEquals(List.of(yaml), HparamsYaml.files(yaml));
    }

    @Test
    void onlyWhatDiffersIsWritten() throws IOException {
        Hparams h = Hparams.defaults()
                .project("voice")
                .steps(7)
                .infer(i -> i.steps(30))
                .quirks(Hparams.Quirks.PYTHON);
        HparamsYaml.write(yaml, h);
        Map<String, Object> map = HparamsYaml.map(yaml);
        assertEquals(
                Map.of("base", 1, "project", "voice", "steps", 7, "quirks", "python", "infer", Map.of("steps", 30)),
                map);
        assertEquals(h, HparamsYaml.readEither(yaml));
        HparamsYaml.write(yaml, Hparams.defaults());
        assertTrue(HparamsYaml.isOurs(yaml));
        assertEquals(Hparams.defaults(), HparamsYaml.readEither(yaml));
        // a mel range of the defaults is written whole as well
        Files.writeString(range, HparamsYaml.melRange(Hparams.defaults()));
        Map<String, Object> whole = HparamsYaml.map(range);
        assertEquals(Map.of("spec_min", List.of(-5.0), "spec_max", List.of(0.0)), whole.get("noise"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "0", "one", "[1]", "null"})
    void aBaseThatIsNotKnownIsRefused(String version) throws IOException {
        write("base: " + version + "\nproject: a\n");
        String said = refused();
        assertTrue(said.startsWith("hparams: " + yaml + ": need base 1, ") && said.contains("wrote the file"), said);
    }

    @Test
    void aMelRangeThatIsNotThereIsMissed() throws IOException {
        write("base: 1\nmel_range: mel_range.yaml\n");
        Files.delete(range);
        String said = refused();
        assertTrue(said.contains(range + ": need the mel range that hparams.yaml names, got "), said);
        assertTrue(said.endsWith("copy it along with hparams.yaml"), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a.yaml", "/etc/passwd", "a/b", "\"a\\\\b\"", ".hidden", "5", "[a]", "", "\"\""})
    void itsNameIsThatOfAFileBesideIt(String name) throws IOException {
        write("base: 1\nmel_range: " + name + "\n");
        assertTrue(refused().contains("need mel_range to be the name of a file beside this one"), refused());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "noise: {spec_min: [-5, many]}|noise.spec_min to be a number",
                "noise: {spec_min: [1], spec_max: [0]}|noise.spec_min up to noise.spec_max",
                "noise: {max_beta: 0.5}|only noise.spec_min, noise.spec_max, range.median_hz",
                "steps: 3|only noise.spec_min",
                "base: 1|known keys only",
                "range: {medain_hz: 3}|did you mean range.median_hz?",
                "noise: 3|noise to be a map",
                "mel_range: mel_range.yaml|known keys only"
            })
    void theMelRangeIsCheckedUnderItsOwnName(String text, String need) throws IOException {
        write("base: 1\nmel_range: mel_range.yaml\n");
        Files.writeString(range, text + "\n");
        String said = refused();
        assertTrue(said.contains("mel_range.yaml: need ") && said.contains(need), said);
    }

    @Test
    void aKeyInBothFilesIsRefused() throws IOException {
        write("mel_range: mel_range.yaml\nnoise:\n  max_beta: 0.01\n  spec_max: [1]\n");
        assertTrue(refused().contains("each key once, got noise.spec_max here and in mel_range.yaml"), refused());
        write("mel_range: mel_range.yaml\nnoise: 5\ninfer: {}\n");
        assertTrue(refused().contains("hparams.yaml: need noise to be a map"), refused());
        write("mel_range: mel_range.yaml\nnoise:\n  max_beta: 0.01\n");
        assertEquals(0.01, HparamsYaml.read(yaml).noise().maxBeta());
        assertEquals(VOICE.range(), HparamsYaml.read(yaml).range());
        assertFalse(HparamsYaml.read(yaml)
                .noise()
                .specMin()
                .equals(Hparams.defaults().noise().specMin()));
    }
}
