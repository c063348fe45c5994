package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.hparams.ProjectPaths;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tab inside a string, and what Tab leaves out elsewhere. */
class CompletionTest {
    private final Completion completion = new Completion(
            ProjectPaths.find(), () -> List.of("wavenet.block0.gate", "wavenet.block0.skip", "sampler.x"));

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
        assertEquals(List.of("raw/"), offered("bench.read(\"ra"), "a file, no key");
        assertEquals(List.of("f001"), offered("Voice.open(\"f"));
        assertEquals(List.of("unipc2", "unipc3"), offered("h.infer(i -> i.sampler(\"u"));
        assertEquals(List.of("wavenet.block0.skip"), offered("c.tap(\"wavenet.block0.s"));
        assertEquals(List.of("sampler.x"), offered("var d = c.patch(\"s"));
        assertEquals(List.of("crepe", "crepe-tiny"), offered("h.pitch(p -> p.extractor(\"c"));
    }

    /** Else the kernel would offer the names of classes. */
    @Test
    void aStringInWhichNothingFitsIsStillAString() {
        assertTrue(completion.inString("bench.read(\"nowhere/", 20).isPresent());
        assertEquals(List.of(), offered("bench.read(\"nowhere/"));
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

    /** A notebook has variables where JShell has methods. */
    @Test
    void helpNamesWhatANotebookHas() {
        String page = Help.ofNotebook();
        assertTrue(page.lines().count() <= 25 && page.lines().allMatch(l -> l.length() <= 80), page);
        assertFalse(page.matches("(?s).*(?<!\\.)\\b(voice|bench|plots)\\(\\).*"), page);
        for (String line : List.of(
                "var bench = Workbench.open(\"demo\"); var voice = bench.voice();",
                "var plots = bench.plots();",
                "var c = voice.convert(song)",
                "var p = plots.mel(",
                "bench.held(), bench.clear()",
                "Shift+Tab")) {
            assertTrue(page.contains(line), line + " in " + page);
        }
    }
}
