package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import diffsvc.testing.Judges;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What Whisper hears in the songs of src/test/resources/songs, in a copy, in noise and in silence. */
@Tag("process")
class WhisperTest {
    private static final ProjectPaths PATHS = ProjectPaths.find();
    private static final String FRERE =
            "Are you sleeping? Are you sleeping? Brother John, brother John, morning bells are ringing.";
    private static TranscriptJudge judge;

    @BeforeAll
    static void open() {
        Judges.require(List.of(JudgeKind.WHISPER));
        judge = (TranscriptJudge) JudgeKind.WHISPER.open(PATHS);
    }

    @AfterAll
    static void close() {
        if (judge != null) {
            judge.close();
        }
    }

    private static Sound song(int number) {
        return Sound.of(
                "music" + number, WavReader.read(PATHS.resolve("src/test/resources/songs/music" + number + ".wav")));
    }

    private static Map<String, Double> figures(Subject subject) {
        return judge.judge(subject).stream().collect(Collectors.toMap(Figure::name, Figure::value));
    }

    private static String heard(Sound sound) {
        return ErrorRate.normalised(judge.transcript(sound).text());
    }

    @Test
    void theWordsOfTheThreeSongsAreHeard() {
        assertTrue(heard(song(1)).startsWith("twinkle twinkle little star now i wonder what you are"), heard(song(1)));
        assertTrue(heard(song(2)).startsWith("amazing grace how sweet the sound"), heard(song(2)));
        assertEquals(ErrorRate.normalised(FRERE), heard(song(3)));
    }

    @Test
    void aCopyLosesNothingInAnotherProcessToo() {
        Sound song = song(2), copy = song(2);
        assertEquals(Map.of("wer", 0.0, "cer", 0.0), figures(Subject.of(copy).against(song, 0)));
        try (Recognizer other = PythonRecognizer.whisper(PATHS)) {
            assertEquals(judge.transcript(song), other.transcribe(Audible.levelled(song)));
        }
    }

    @Test
    void aLevelChangesNoWord() {
        for (float level : new float[] {0.03f, 2}) {
            Sound softer = Sound.of("level " + level, song(2).wave().times(level));
            assertEquals(heard(song(2)), heard(softer));
        }
    }

    @Test
    void theSongsOwnLossStandsBesideThatOfTheLyrics() {
        Map<String, Double> f = figures(Subject.of(song(1)).against(song(3), 0).singing(FRERE));
        assertEquals(0, f.get("source-lyrics-wer"));
        assertEquals(0, f.get("source-lyrics-cer"));
        assertEquals(f.get("wer"), f.get("lyrics-wer"), "the song is heard as the lyrics");
        assertTrue(f.get("cer") > 0.5, "another song: " + f);
    }

    @Test
    void noiseKeepsFewOfTheWords() {
        Sound song = song(1);
        float[] noise = new float[song.at16kHz().length];
        Random random = new Random(1);
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (float) (0.05 * random.nextGaussian());
        }
        Sound output = Sound.of("noise", Wave.mono(noise, Sound.RATE_HZ));
        // whatever is invented, half of the song's characters would be chance
        assertTrue(figures(Subject.of(output).against(song, 0)).get("cer") > 0.5, heard(output));
    }

    @Test
    void silenceHasNoWords() {
        Sound silence = Sound.of("silence", Wave.mono(new float[160000], Sound.RATE_HZ));
        assertEquals("", judge.transcript(silence).text());
        assertEquals(Map.of("wer", 1.0, "cer", 1.0), figures(Subject.of(silence).against(song(1), 0)));
    }

    @Test
    void aLongSongIsHeardInPartsThatFollowEachOther() {
        float[] once = song(3).at16kHz(), thrice = new float[3 * once.length];
        for (int i = 0; i < 3; i++) {
            System.arraycopy(once, 0, thrice, i * once.length, once.length);
        }
        Transcript text = judge.transcript(Sound.of("thrice", Wave.mono(thrice, Sound.RATE_HZ)));
        assertEquals(2, text.segments().size(), text.toString());
        double cut = text.segments().get(0).end();
        assertEquals(0, text.segments().get(0).start());
        assertEquals(cut, text.segments().get(1).start());
        assertTrue(cut > 20 && cut <= 30, "in the last third of what Whisper sees at once: " + cut);
        assertEquals(thrice.length / 16e3, text.segments().get(1).end(), 1e-3); // the program rounds to ms
        assertEquals(
                text.text(),
                text.segments().stream().map(Transcript.Segment::text).collect(Collectors.joining(" ")));
    }

    @Test
    void theProgramEndsWithItsInput() throws Exception {
        Process program = new ProcessBuilder(
                        PATHS.resolve(".venv/bin/python").toString(),
                        PATHS.resolve("src/python/recognize.py").toString(),
                        "--kind",
                        "whisper",
                        "--model",
                        PATHS.models().resolve("judges/whisper-tiny.en").toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            Path text = PATHS.resolve("pom.xml");
            program.getOutputStream().write(("{\"file\": \"" + text + "\"}\n").getBytes(StandardCharsets.UTF_8));
            program.getOutputStream().close();
            String said = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(1, said.lines().count(), said);
            assertTrue(said.startsWith("{\"error\": \"Unreadable: need a WAV file"), said);
            assertTrue(program.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, program.exitValue());
        } finally {
            program.destroyForcibly();
        }
    }

    @Test
    void aNameThatIsNoFolderIsNotLookedForInTheNetwork() {
        try (PythonRecognizer none = new PythonRecognizer(
                "Whisper",
                Locale.ENGLISH,
                List.of(
                        PATHS.resolve(".venv/bin/python").toString(),
                        PATHS.resolve("src/python/recognize.py").toString(),
                        "--kind",
                        "whisper",
                        "--model",
                        "tiny.en"),
                300,
                "remedy")) {
            String said =
                    assertThrows(Problem.class, () -> none.transcribe(song(3))).getMessage();
            assertTrue(said.endsWith("got OSError: no folder tiny.en; remedy"), said);
        }
    }
}
