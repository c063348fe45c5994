package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.testing.Tones;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Hums of speakers who differ in one thing, behind a voice of random weights: where the mel differs, so do its units.
 */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpeakerLeakTest {
    private static final int RATE = 16_000;
    private static final double SECONDS = 0.6;

    @TempDir
    Path folder;

    private Voice voice;

    @BeforeAll
    void open() {
        voice = Voice.random(h -> h.wavenet(w -> w.residualChannels(16).residualLayers(1)));
    }

    @AfterAll
    void close() {
        voice.close();
    }

    /**
     * A glide from one F0 for two numbers, so training and test share it, with its breath: white noise of this
     * deviation.
     */
    private static Wave hum(double seconds, int number, double breath) {
        double from = 150 + 25 * (number / 2 % 2);
        return Tones.sum(
                Tones.sung(RATE, seconds, t -> from * (1 + 0.2 * t / seconds)),
                Tones.noise(RATE, seconds, breath, number));
    }

    private Path speaker(String set, String name) throws IOException {
        return Files.createDirectories(folder.resolve(set).resolve(name));
    }

    /** Two speakers, four recordings each, who differ in their breath alone. */
    private Path two(String set) throws IOException {
        for (int r = 0; r < 4; r++) {
            WaveWriter.write(speaker(set, "a").resolve(r + ".wav"), hum(SECONDS, r, 1e-3));
            WaveWriter.write(speaker(set, "b").resolve(r + ".wav"), hum(SECONDS, 4 + r, 0.05));
        }
        return folder.resolve(set);
    }

    @Test
    void speakersOfDifferentSoundAreNamedFromTheMelAndFromUnitsOfRandomWeights() throws IOException {
        List<String> said = new ArrayList<>();
        SpeakerLeak different =
                SpeakerLeak.of(voice, two("different"), (stage, done, of) -> said.add(stage + done + "/" + of));
        assertEquals(List.of("a", "b"), different.speakers());
        assertEquals(
                IntStream.rangeClosed(1, 8)
                        .mapToObj(i -> "analysing" + i + "/8")
                        .toList(),
                said);
        assertEquals(List.of(), different.failed());
        assertEquals(List.of(), different.notes());
        for (SpeakerLeak.Row row : different.rows()) {
            assertEquals(1, row.accuracy().recordings(), "34 dB more breath: " + row);
            // in the mel every frame has it; random weights lose it in some
            assertTrue(row.accuracy().frames() > (row.features().equals("mel") ? 0.999 : 0.8), row.toString());
            assertEquals(4, row.accuracy().testRecordings(), "each second of 8");
            assertTrue(
                    row.accuracy().testFrames() > 4 * 20 && row.accuracy().testFrames() <= 4 * 30,
                    "50 units a second: " + row);
        }
        assertTrue(
                different
                        .sentence()
                        .matches("of 2 speakers a linear probe names the right one in \\d+ % of the frames by units,"
                                + " in 100 % by mel; chance is 50 %"),
                different.sentence());
        assertEquals(
                List.of("features", "frame accuracy", "recording accuracy", "chance", "frames", "recordings"),
                different.table().columnNames());
        assertEquals(
                List.of("units", "mel"),
                different.table().stringColumn("features").asList());
        assertEquals(List.of(0.5, 0.5), different.table().doubleColumn("chance").asList());
        String text = different.toString();
        assertTrue(text.startsWith("features") && text.endsWith(different.sentence()), text);
        assertEquals(0, voice.values().held().rowCount(), "each conversion is closed");
    }

    @Test
    void theSameRecordingsUnderTwoNamesComeToChance() throws IOException {
        for (int r = 0; r < 4; r++) {
            Path file = WaveWriter.write(speaker("same", "a").resolve(r + ".wav"), hum(SECONDS, r, 1e-3));
            Files.copy(file, speaker("same", "b").resolve(r + ".wav"));
        }
        for (SpeakerLeak.Row row : SpeakerLeak.of(voice, folder.resolve("same")).rows()) {
            // whatever a frame is taken for is right under one name and wrong under the other
            assertEquals(0.5, row.accuracy().frames(), 1e-12, row.features());
            assertEquals(0.5, row.accuracy().recordings(), 1e-12, row.features());
        }
    }

    @Test
    void aBrokenRecordingIsNamedAndTheOthersGoOn() throws IOException {
        Path set = two("broken");
        Files.writeString(speaker("broken", "a").resolve("0a.wav"), "no sound");
        WaveWriter.write(speaker("broken", "b").resolve("silent.wav"), Wave.mono(new float[RATE], RATE));
        WaveWriter.write(speaker("broken", "c").resolve("only.wav"), hum(SECONDS, 1, 0));
        Files.writeString(speaker("broken", "c").resolve("notes.txt"), "not a recording");
        Files.createDirectories(set.resolve(".hidden"));
        SpeakerLeak leak = SpeakerLeak.of(voice, set);
        assertEquals(List.of("a", "b"), leak.speakers());
        assertEquals(1, leak.failed().size(), leak.failed().toString());
        assertTrue(leak.failed().get(0).contains("0a.wav: need "), leak.failed().toString());
        assertEquals(
                List.of(
                        Path.of("b", "silent.wav") + " has no voiced frame",
                        "speaker c is left out: need 2 recordings with voiced frames, got 1"),
                leak.notes());
        assertEquals(SpeakerLeak.of(voice, two("whole")).rows(), leak.rows(), "halves are of what is there");
        assertTrue(leak.toString().endsWith(leak.notes().get(1)), leak.toString());
    }

    @Test
    void longRecordingsAndMoreThanTwentyOfASpeakerAreCutWithANote() throws IOException {
        Path set = two("long");
        Wave hum = hum(2, 1, 1e-3);
        float[] silent = new float[21 * RATE];
        float[] late = silent.clone();
        System.arraycopy(hum.first(), 0, late, 20 * RATE, RATE);
        WaveWriter.write(speaker("long", "b").resolve("deep/late.wav"), Wave.mono(late, RATE));
        for (int r = 4; r < 21; r++) {
            WaveWriter.write(speaker("long", "a").resolve("more" + r + ".wav"), hum(0.2, r, 1e-3));
        }
        SpeakerLeak leak = SpeakerLeak.of(voice, set);
        assertEquals(
                List.of(
                        "of a the first 20 of 21 recordings count",
                        Path.of("b", "deep", "late.wav") + " has no voiced frame",
                        "of 1 recording only the first 20 s count"),
                leak.notes());
        assertEquals(10 + 2, leak.rows().get(0).accuracy().testRecordings());
    }

    /** By hand: 6 frames, 3 units: unit 1 is frames 0 to 2, unit 2 frames 3 and 4, unit 3 frame 5. */
    @Test
    void aFrameIsAVoicedUnitWithTheMelFrameInItsMiddle() {
        int[][] all = SpeakerLeak.moments(3, new boolean[] {true, true, true, true, true, true});
        assertArrayEquals(new int[] {0, 1, 2}, all[0]);
        assertArrayEquals(new int[] {1, 3, 5}, all[1]);
        int[][] some = SpeakerLeak.moments(3, new boolean[] {true, false, true, true, false, true});
        assertArrayEquals(new int[] {1, 2}, some[0]);
        assertArrayEquals(new int[] {3, 5}, some[1]);
        assertEquals(0, SpeakerLeak.moments(3, new boolean[6])[0].length);
    }

    @Test
    void ofManyFramesTwoHundredCountEvenlySpread() {
        boolean[] voiced = new boolean[1000];
        Arrays.fill(voiced, true);
        int[][] at = SpeakerLeak.moments(500, voiced);
        assertArrayEquals(IntStream.range(0, 200).map(i -> i * 500 / 200).toArray(), at[0]);
        assertEquals(200, at[1].length);
    }

    private void refused(Path set, String... words) {
        String said =
                assertThrows(Problem.class, () -> SpeakerLeak.of(voice, set)).getMessage();
        assertTrue(said.startsWith("leak: " + set + ": need "), said);
        for (String word : words) {
            assertTrue(said.contains(word), word + " in: " + said);
        }
    }

    @Test
    void fewerThanTwoSpeakersAreRefused() throws IOException {
        refused(folder.resolve("none"), "got nothing at that path; check the path");
        Path file = Files.writeString(folder.resolve("file"), "");
        refused(file, "need a folder with a folder for each speaker, got a file");
        refused(Files.createDirectories(folder.resolve("empty")), "got no folder in it; add recordings");
        speaker("one", "a");
        refused(folder.resolve("one"), "two or more speakers", "got a alone; add recordings");
        speaker("nobody", "a");
        speaker("nobody", "b");
        refused(
                folder.resolve("nobody"),
                "got no such speaker (speaker a is left out: need 2 recordings",
                "got 0; speaker b");
        for (int r = 0; r < 2; r++) {
            WaveWriter.write(speaker("damaged", "a").resolve(r + ".wav"), hum(SECONDS, r, 0));
            Files.writeString(speaker("damaged", "b").resolve(r + ".wav"), "no sound");
        }
        refused(folder.resolve("damaged"), "got a alone (audio: ", "0.wav: need ", "1.wav: need ");
    }
}
