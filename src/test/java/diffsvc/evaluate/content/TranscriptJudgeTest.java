package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The figures of transcripts, with a recognizer that hears the recording's name. */
class TranscriptJudgeTest {
    private final List<String> asked = new ArrayList<>();
    private final TranscriptJudge judge = new TranscriptJudge(new Recognizer() {
        @Override
        public String name() {
            return "reader of names";
        }

        @Override
        public Locale language() {
            return Locale.ENGLISH;
        }

        @Override
        public Transcript transcribe(Sound sound) {
            asked.add(sound.name());
            return new Transcript(sound.name(), List.of(), "names 1");
        }

        @Override
        public void close() {
            asked.add("closed");
        }
    });

    private static Sound tone(String words) {
        float[] x = new float[8000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.1 * Math.sin(0.05 * i));
        }
        return Sound.of(words, Wave.mono(x, Sound.RATE_HZ));
    }

    private String figures(Subject subject) {
        return judge.judge(subject).stream()
                .map(f -> f.name() + " " + f.shown())
                .collect(Collectors.joining(", "));
    }

    @Test
    void theOutputIsComparedWithTheSong() {
        Subject subject = Subject.of(tone("Brother Don")).against(tone("brother John"), 0);
        assertEquals("wer 0.50, cer 0.17", figures(subject)); // 1 of 2 words; john to don: 2 of 12 characters
    }

    @Test
    void theLyricsComeWithWhatTheSongItselfLoses() {
        Subject subject = Subject.of(tone("ab d")).singing("ab cd");
        assertEquals("lyrics-wer 0.50, lyrics-cer 0.20", figures(subject), "no song, no figure of it");
        assertEquals(
                "wer 0.50, cer 0.33, lyrics-wer 0.50, lyrics-cer 0.20, source-lyrics-wer 1.00, source-lyrics-cer 0.40",
                figures(subject.against(tone("b d"), 0)),
                "the song's own loss, 2 of 5 characters, is larger than the output's");
    }

    @Test
    void withoutSongAndLyricsNothingIsAsked() {
        assertEquals(List.of(), judge.judge(Subject.of(tone("la"))));
        assertEquals(List.of(), asked);
    }

    @Test
    void aSongIsTranscribedOnceForManyOutputs() {
        Sound song = tone("song");
        for (int i = 0; i < 3; i++) {
            judge.judge(Subject.of(tone("output " + i)).against(song, 0).singing("words"));
        }
        assertEquals(List.of("song", "output 0", "output 1", "output 2"), asked);
        assertEquals("song", judge.transcript(song).text());
        assertEquals(4, asked.size(), "the report reads the same transcript");
    }

    @Test
    void silenceHasNoWordsWhateverARecognizerWouldInvent() {
        Sound silent = Sound.of("thank you", Wave.mono(new float[16000], Sound.RATE_HZ)),
                empty = Sound.of("thank you", Wave.mono(new float[0], Sound.RATE_HZ)),
                click = Sound.of("thank you", Wave.mono(new float[] {1, -1, 1}, 44100));
        for (Sound sound : List.of(silent, empty, click)) {
            assertEquals(Transcript.EMPTY, judge.transcript(sound));
            assertEquals("wer 1.00, cer 1.00", figures(Subject.of(sound).against(tone("song"), 0)));
            assertEquals("wer -, cer -", figures(Subject.of(tone("song")).against(sound, 0)), "no words to lose");
        }
        assertTrue(asked.stream().allMatch("song"::equals), asked.toString());
    }

    @Test
    void notANumberIsNoSound() {
        Sound broken = Sound.of("broken.wav", Wave.mono(new float[] {0, Float.NaN, 0}, 16000));
        Problem problem =
                assertThrows(Problem.class, () -> judge.judge(Subject.of(broken).against(tone("song"), 0)));
        assertTrue(problem.getMessage().contains("broken.wav"), problem.getMessage());
    }

    @Test
    void theFiguresStandInTheOrderOfTheMeasures() {
        List<Measure> measures = judge
                .judge(Subject.of(tone("la")).against(tone("lala"), 0).singing("la la"))
                .stream()
                .map(Figure::measure)
                .toList();
        assertEquals(TranscriptJudge.MEASURES, measures);
    }

    @Test
    void closingItEndsTheRecognizer() {
        judge.close();
        assertEquals(List.of("closed"), asked);
    }
}
