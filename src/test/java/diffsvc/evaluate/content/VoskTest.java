package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.audio.WavReader;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Korean recognizer, which is installed on request only. */
@Tag("process")
class VoskTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();

    private static Sound song(int number) {
        return Sound.of(
                "music" + number, WavReader.read(PATHS.resolve("src/test/resources/songs/music" + number + ".wav")));
    }

    @Test
    void aCopyLosesNothingAfterOtherSongsAndInAnotherProcess() {
        String missing = JudgeKind.VOSK.missing(PATHS);
        assumeTrue(missing.isEmpty(), missing);
        Sound song = song(2);
        Transcript first;
        try (TranscriptJudge judge = (TranscriptJudge) JudgeKind.VOSK.open(PATHS)) {
            first = judge.transcript(song);
            assertTrue(first.text().codePoints().anyMatch(c -> c >= 0xAC00 && c <= 0xD7A3), "Hangul: " + first.text());
            judge.transcript(song(1));
            // its decoder adds random dither; recognize.py seeds it again for each recording
            judge.judge(Subject.of(song(2)).against(song, 0)).forEach(f -> assertEquals(0, f.value(), f.name()));
        }
        try (Recognizer other = PythonRecognizer.vosk(PATHS)) {
            assertEquals(first, other.transcribe(Audible.levelled(song)));
        }
    }
}
