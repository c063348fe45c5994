package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.JudgeKind;
import diffsvc.files.Sha256;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a judge of words says where its files, Python or a package are not there. */
class MissingPartsTest {
    @TempDir
    Path root;

    @Test
    void aMissingFileNamesWhatBringsIt() {
        ProjectPaths paths = new ProjectPaths(root);
        assertEquals(
                "models/judges/whisper-tiny.en/config.json is not there: ./diffsvc weights judges fetches it",
                JudgeKind.WHISPER.missing(paths));
        assertEquals(
                "models/judges/vosk-ko/am/final.mdl is not there: ./diffsvc weights judges --korean fetches it",
                JudgeKind.VOSK.missing(paths));
        assertEquals(
                "models/frozen/content_demo.pt is not there: take it from the repository again",
                JudgeKind.PHONES.missing(paths));
        assertThrows(Problem.class, () -> JudgeKind.PHONES.open(paths));
    }

    @Test
    void aFileOfAnotherSizeIsAnotherFile() throws IOException {
        Path file = TranscriptJudge.WHISPER.get(0).at(new ProjectPaths(root));
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[5]);
        assertTrue(JudgeKind.WHISPER
                .missing(new ProjectPaths(root))
                .startsWith("models/judges/whisper-tiny.en/config.json is another file"));
    }

    @Test
    void pythonAndThePackageAreLookedForInTheProjectsEnvironment() throws IOException {
        ProjectPaths paths = new ProjectPaths(root);
        assertEquals("no Python in .venv: ./diffsvc weights judges sets it up", PythonRecognizer.whisperMissing(paths));
        Path python = Files.createFile(
                Files.createDirectories(root.resolve(".venv/bin")).resolve("python"));
        assertTrue(python.toFile().setExecutable(true));
        assertEquals(
                "no Python package vosk in .venv: ./diffsvc weights judges --korean sets it up",
                PythonRecognizer.voskMissing(paths));
        Files.createDirectories(root.resolve(".venv/lib/python3.11/site-packages/vosk"));
        assertEquals("", PythonRecognizer.voskMissing(paths));
        assertTrue(PythonRecognizer.whisperMissing(paths).contains("faster_whisper"));
    }

    @Test
    void theEncodersHashIsThatOfTheFileInTheProject() throws IOException {
        JudgeFile encoder = PhoneJudge.ENCODER;
        Path file = encoder.at(ProjectPaths.find());
        assertEquals(encoder.bytes(), Files.size(file));
        assertEquals(encoder.sha256(), Sha256.of(file));
    }
}
