package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.ProjectPaths;
import diffsvc.voice.Doctor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which files the judges have, and what is told of one that is absent, or another. */
class JudgeFilesTest {
    @TempDir
    Path root;

    private Doctor.Line line(JudgeKind kind) {
        return JudgeKind.doctor(new ProjectPaths(root)).get(kind.ordinal());
    }

    private Path file(long bytes) throws IOException {
        Path file = JudgeKind.IDENTITY.weights().get(0).at(new ProjectPaths(root));
        Files.createDirectories(file.getParent());
        try (RandomAccessFile zeros = new RandomAccessFile(file.toFile(), "rw")) {
            zeros.setLength(bytes);
        }
        return file;
    }

    @Test
    void anAbsentFileIsOptionalAndHasItsRemedy() {
        Doctor.Line line = line(JudgeKind.IDENTITY);
        assertEquals(Doctor.Grade.MISSING, line.grade());
        assertEquals("judge identity", line.what());
        assertEquals("similarity, similarity-source, identity; resemblyzer 0.1.4 (Apache-2.0), 16 MiB", line.found());
        assertEquals(
                "optional; models/judges/resemblyzer.pt is not there: ./diffsvc weights judges fetches it",
                line.remedy());
        String said = assertThrows(Problem.class, () -> JudgeKind.IDENTITY.open(new ProjectPaths(root)))
                .getMessage();
        assertTrue(said.startsWith("evaluate") && said.contains("./diffsvc weights judges fetches it"), said);
    }

    @Test
    void anotherFileIsNoticedByItsSizeAndByItsHash() throws IOException {
        String another = "optional; models/judges/resemblyzer.pt is another file than that of resemblyzer 0.1.4: "
                + "remove it, then ./diffsvc weights judges fetches it";
        file(99);
        assertEquals(another, line(JudgeKind.IDENTITY).remedy());
        file(JudgeKind.IDENTITY.weights().get(0).bytes());
        assertEquals("", JudgeKind.IDENTITY.missing(new ProjectPaths(root)), "its size is right");
        assertEquals(another, line(JudgeKind.IDENTITY).remedy());
    }

    @Tag("process")
    @Test
    void theRightFileIsSaidToBeRight() throws IOException {
        Path fetched = JudgeKind.IDENTITY.weights().get(0).at(ProjectPaths.find());
        assumeTrue(
                Files.exists(fetched) || System.getenv("CI") != null,
                "no models/judges/resemblyzer.pt: ./diffsvc test fetches it");
        Path file = file(0);
        Files.delete(file);
        Files.copy(fetched, file);
        assertEquals(
                new Doctor.Line(
                        Doctor.Grade.OK,
                        "judge identity",
                        "similarity, similarity-source, identity; resemblyzer 0.1.4 (Apache-2.0), 16 MiB, SHA-256 right",
                        ""),
                line(JudgeKind.IDENTITY));
    }

    /** The remedy holds: the script writes each file, with the bytes that the judge expects. */
    @Test
    void everyFileOfAJudgeIsInTheRepositoryOrFetched() throws IOException {
        String script = Files.readString(Path.of("src/python/judge_weights.py"));
        for (JudgeKind kind : JudgeKind.values()) {
            for (JudgeFile w : kind.weights()) {
                if (w.file().startsWith("judges/")) {
                    assertTrue(script.contains("\"" + w.sha256() + "\""), w.file() + " " + w.sha256());
                    assertTrue(script.contains("\"" + w.origin().replace(" ", "==") + "\""), w.origin());
                } else {
                    assertTrue(Files.exists(w.at(ProjectPaths.find())), w.file());
                }
            }
        }
    }

    /** The two recognizers give the same figures of different languages, and only one of them judges. */
    @Test
    void noTwoFiguresOfALanguageShareAName() {
        for (String language : new String[] {"en", "ko"}) {
            Set<String> names = new HashSet<>();
            for (JudgeKind kind : JudgeKind.ofLanguage(language)) {
                for (Measure m : kind.measures()) {
                    assertTrue(names.add(m.name()), m.name() + " of " + kind);
                    assertTrue(m.name().matches("[a-z0-9-]+"), m.name());
                }
            }
        }
    }
}
