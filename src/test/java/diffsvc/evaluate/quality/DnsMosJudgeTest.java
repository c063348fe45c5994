package diffsvc.evaluate.quality;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Subject;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which windows are scored, and how often; the networks are played by a list. */
class DnsMosJudgeTest {
    private final List<float[]> windows = new ArrayList<>();
    private final DnsMosJudge judge = new DnsMosJudge(new DnsMosJudge.Network() {
        @Override
        public DnsMosJudge.Scores of(float[] window) {
            windows.add(window);
            return new DnsMosJudge.Scores(windows.size(), 2, 3, 4);
        }

        @Override
        public void close() {}
    });

    @Test
    void aWindowStartsEachSecond() {
        assertArrayEquals(new int[] {0}, DnsMosJudge.starts(144_160), "9.01 s fill one window");
        assertArrayEquals(new int[] {0}, DnsMosJudge.starts(159_999), "the second ends behind 10 s");
        assertArrayEquals(IntStream.range(0, 6).map(i -> 16_000 * i).toArray(), DnsMosJudge.starts(15 * 16_000));
    }

    @Test
    void aShorterSoundIsRepeatedByDoubling() {
        assertEquals(7, DnsMosJudge.starts(2 * 16_000).length, "2 s become 16 s");
        assertEquals(1, DnsMosJudge.starts(72_080).length, "twice as long fills one window");
        assertEquals(7, DnsMosJudge.starts(72_079).length, "twice as long lacks two samples, four times is 18 s");
        float[] x = Clips.noisy(Clips.tone(2), 20);
        judge.judge(Subject.of(Clips.sound(x)));
        for (int i : new int[] {0, 31_999, 32_000, 50_000, 144_159}) {
            assertEquals(x[(16_000 + i) % x.length], windows.get(1)[i], "sample " + i + " of the second window");
        }
    }

    /** What numpy's slices leave of the package's windows; computed by hand from the doubles (i + 9.01) * 16000. */
    @Test
    void theWindowsThatThePackageLosesByRoundingAreLostHere() {
        int[] seconds =
                IntStream.concat(IntStream.range(0, 7), IntStream.range(24, 51)).toArray();
        assertArrayEquals(Arrays.stream(seconds).map(i -> 16_000 * i).toArray(), DnsMosJudge.starts(60 * 16_000));
    }

    @Test
    void theFiguresAreTheMeanOverTheWindows() {
        assertArrayEquals(new double[] {1.5, 2, 3, 4}, Clips.figures(judge, Clips.sound(Clips.tone(11))));
    }

    @Test
    void samplesBeyondFullScaleAreClipped() {
        float[] x = Clips.times(Clips.noisy(Clips.tone(10), 10), 5);
        judge.judge(Subject.of(Clips.sound(x)));
        assertArrayEquals(Arrays.copyOf(Clips.clipped(x), DnsMos.WINDOW), windows.get(0));
        assertTrue(Clips.sound(x).wave().peak() > 1.5, "the sound is beyond full scale");
    }

    @Test
    void windowsWithoutSoundAreLeftOut() {
        judge.judge(Subject.of(Clips.sound(Arrays.copyOf(Clips.tone(2), 15 * 16_000))));
        assertEquals(2, windows.size(), "the windows at 0 and 1 s; those from 2 s on are silent");
    }

    @Test
    void whatHasNoQualityGetsNoNumber() {
        Clips.nothing().forEach(sound -> {
            double[] figures = Clips.figures(judge, sound);
            assertArrayEquals(new double[] {Double.NaN, Double.NaN, Double.NaN, Double.NaN}, figures, sound.toString());
        });
        assertEquals(List.of(), windows, "no network was asked");
    }

    /** In a class loader without ONNX Runtime's jar. */
    @Test
    void itLoadsWithoutOnnxRuntimeAndNamesTheRemedy() throws Exception {
        assertEquals("", DnsMosJudge.missing());
        try (URLClassLoader without = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
            Class<?> kind = without.loadClass(JudgeKind.class.getName());
            Object dnsmos = kind.getMethod("valueOf", String.class).invoke(null, "DNSMOS");
            assertEquals("dnsmos", dnsmos.toString());
            Class<?> there = without.loadClass(DnsMosJudge.class.getName());
            assertEquals(
                    "ONNX Runtime is not on the class path: ./diffsvc weights judges fetches its jar to models/judges/",
                    there.getMethod("missing").invoke(null));
            assertTrue(there.getDeclaredMethods().length > 3, "its methods can be listed, as the notebook's help does");
        }
    }

    private static URL[] classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("onnxruntime"))
                .map(entry -> {
                    try {
                        return Path.of(entry).toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new AssertionError(e);
                    }
                })
                .toArray(URL[]::new);
    }
}
