package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WaveWriter;
import diffsvc.testing.Tones;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The probe for the speaker as a person runs it, on the demo voice. */
@Tag("process")
class LeakCommandTest {
    private static final int RATE = 16_000;

    @TempDir
    Path folder;

    private Path speaker(String name) throws IOException {
        return Files.createDirectories(folder.resolve(name));
    }

    private void twoSpeakers() throws IOException {
        for (int r = 0; r < 2; r++) {
            double from = 150 + 20 * r;
            WaveWriter.write(speaker("low").resolve(r + ".wav"), Tones.sung(RATE, 0.5, t -> from + 40 * t));
            WaveWriter.write(speaker("high").resolve(r + ".wav"), Tones.sung(RATE, 0.5, t -> 3 * from + 40 * t));
        }
    }

    private Command leak() {
        return Command.run("leak", folder.toString());
    }

    @Test
    void theTableHasTheUnitsAndTheMelBesideChance() throws IOException {
        twoSpeakers();
        Command said = leak().done("frame accuracy", "recording accuracy", "of 2 speakers a linear probe names");
        List<String> rows = said.out()
                .lines()
                .filter(l -> l.startsWith("units ") || l.startsWith("mel "))
                .toList();
        assertEquals(2, rows.size(), said.out());
        for (String row : rows) {
            assertTrue(row.matches("\\w+ +[01]\\.?\\d* +[01]\\.?\\d* +0\\.5\\d* +\\d+ +2"), row);
        }
        assertEquals(said.out(), leak().done().out(), "to the last digit");
    }

    @Test
    void aBrokenFileIsNamedTheOthersAreAnsweredAndTheCodeIsTwo() throws IOException {
        twoSpeakers();
        Files.writeString(speaker("low").resolve("bad.wav"), "no sound");
        WaveWriter.write(speaker("lone").resolve("0.wav"), Tones.sung(RATE, 0.5, t -> 200));
        Command said = leak().refused("audio: ", "bad.wav: need ");
        assertTrue(said.out().contains("of 2 speakers a linear probe names"), said.out());
        assertTrue(
                said.out().contains("note       speaker lone is left out: need 2 recordings with voiced frames, got 1"),
                said.out());
    }

    @Test
    void whatIsNoSetOfSpeakersIsRefused() throws IOException {
        leak().refused("leak: " + folder, "two or more speakers", "got no folder in it; add recordings");
        speaker("one");
        leak().refused("got one alone");
        Command.run("leak", folder.resolve("none").toString()).refused("none: need a folder", "nothing at that path");
        Command.run("leak", folder.toString(), "--project", "nobody").refused("models: ", "nobody");
    }
}
