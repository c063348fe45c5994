package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.hparams.ProjectPaths;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tab inside a string, and what Tab leaves out elsewhere. */
class CompletionTest {
    private final Completion completion = new Completion(ProjectPaths.find());

    private List<String> offered(String code) {
        return completion
                .inString(code, code.length())
                .map(Completion.Options::texts)
                .orElse(List.of());
    }

    @Test
    void aStringOffersVoicesFilesKeysAndSamplers() {
        assertEquals(List.of("demo"), offered("Voice.open(\"de"));
        assertTrue(offered("voice.read(\"ra").contains("raw/"));
        assertTrue(offered("voice.read(\"raw/mus").containsAll(List.of("raw/music1.wav", "raw/music2.wav")));
        assertTrue(offered("Arg2Hparams.apply(h, \"infer.s").contains("infer.steps"));
        assertTrue(offered("Arg2Hparams.apply(h, \"infer.steps=20,infer.sam").contains("infer.sampler"));
        assertEquals(List.of("unipc2", "unipc3"), offered("x(\"infer.sampler=uni"));
        assertEquals(List.of(), offered("x(\"no such thing"));
    }

    @Test
    void theTextInTheStringIsReplacedAndNothingElse() {
        String code = "var s = \"a\"; voice.read(\"raw/music1";
        Completion.Options o = completion.inString(code, code.length()).orElseThrow();
        assertEquals("raw/music1", code.substring(o.start(), o.end()));
        assertTrue(completion.inString("voice.re", 8).isEmpty(), "outside of a string");
        assertTrue(completion.inString("read(\"raw/music1.wav\").", 22).isEmpty(), "behind a string");
        assertTrue(completion.inString("f(\"\\\"\").", 8).isEmpty(), "an escaped quote ends no string");
    }

    @Test
    void whatEveryObjectHasIsLeftOut() {
        assertEquals(
                List.of("mel(", "wave()"),
                Completion.useful(List.of("mel(", "wait(", "notify()", "getClass()", "wave()")));
        assertFalse(Completion.useful(List.of("toString()")).isEmpty());
    }
}
