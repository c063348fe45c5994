package diffsvc.inside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.diffusion.Samplers;
import diffsvc.testing.Browser;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of sampling, as a file in a browser. */
class ExplorerTest {
    private static final int STEPS = 4;
    private static Voice voice;
    private static Conversion song;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        voice = Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(STEPS)));
        song = voice.convert(voice.read("src/test/resources/songs/music3.wav").slice(1, 2.2));
    }

    @AfterAll
    static void close() {
        voice.close();
    }

    @Tag("browser")
    @Test
    void aFileMovesThroughTheStepsWithoutKernelAndNetwork() throws Exception {
        assumeTrue(
                Browser.program() != null || System.getenv("CI") != null,
                "no Chromium on this machine: install it (Debian: apt-get install chromium), or name it in CHROMIUM");
        Path page = Explorer.of(song, song.patch("wavenet.block*.skip", x -> x.mul(0.5f)))
                .save(folder.resolve("explore.html"));
        assertFalse(Files.readString(page).contains("http"), "everything is inside");
        try (Browser browser = new Browser(Files.createDirectories(folder.resolve("profile")), 1250, 860)) {
            browser.open(page.toUri().toString());
            browser.until("document.body && document.body.dataset.drawn === '0 x0'");
            assertTrue(browser.ask("document.getElementById('at').textContent").contains("step 0 of " + STEPS));
            String picture = "document.getElementById('mel0').toDataURL()",
                    other = "document.getElementById('mel1').toDataURL()";
            String first = browser.ask(picture);
            assertNotEquals(first, browser.ask(other));
            browser.ask(
                    "(s => { s.value = 3; s.dispatchEvent(new Event('input')); })(document.getElementById('step'))");
            browser.until("document.body.dataset.drawn === '3 x0'");
            assertNotEquals(first, browser.ask(picture));
            browser.ask("document.getElementById('view-difference').click()");
            browser.until("document.body.dataset.drawn === '3 difference'");
            browser.ask("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }))");
            browser.until("document.body.dataset.drawn === '4 difference'");
            assertTrue(browser.ask("document.getElementById('at').textContent").contains("the end"));
            browser.ask("document.getElementById('low').click()");
            browser.until("document.querySelector('audio').duration > 0");
            assertEquals(
                    song.song().seconds(),
                    Double.parseDouble(browser.ask("document.querySelector('audio').duration")),
                    0.02);
            browser.screenshot(
                    Files.createDirectories(Path.of("target/screenshots")).resolve("explorer.png"));
        }
    }

    @Tag("conversion")
    @Test
    void onlyItsOwnPagesAreReplacedAndLongSongsRefused() throws Exception {
        Path page = folder.resolve("explore.html"), mine = Files.writeString(folder.resolve("mine.html"), "mine");
        Explorer quick = Explorer.of(Map.of("plain", song)).withoutSound().steps(2);
        long size = Files.size(quick.save(page));
        assertEquals(size, Files.size(quick.save(page)));
        assertThrows(Problem.class, () -> quick.save(mine));
        assertEquals("mine", Files.readString(mine));
        assertThrows(Problem.class, Explorer::of);
        assertThrows(Problem.class, () -> Explorer.of(song, song, song));
        assertThrows(Problem.class, () -> Explorer.of(song).steps(1));
        assertThrows(Problem.class, () -> Explorer.of(voice.convert(Wave.mono(new float[44100], 44100))));
        float[] long21 = new float[21 * 8000];
        long21[5] = 0.5f;
        assertThrows(Problem.class, () -> Explorer.of(voice.convert(Wave.mono(long21, 8000))));
    }
}
