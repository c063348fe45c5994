package diffsvc.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.platform.ComputeDevice;
import diffsvc.progress.Progress;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder as people have them: sub-folders, names in Korean, several kinds and rates, files that are of no use. */
class PreprocessingTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,embedding.hidden_size=8,dataset.min_phrase_ms=500,dataset.max_clip_seconds=2,"
                    + "dataset.valid_share=0.25,dataset.test_share=0.2,dataset.key_shifts=12,dataset.seed=5");

    @TempDir
    Path folder;

    private Path raw, out;

    /** A sung vowel: 20 harmonics that fall off, with vibrato. */
    static float[] vowel(double hz, double seconds, int rate, double loud) {
        float[] x = new float[(int) Math.round(seconds * rate)];
        double phase = 0;
        for (int i = 0; i < x.length; i++) {
            phase += 2 * Math.PI * hz * Math.pow(2, 0.02 * Math.sin(2 * Math.PI * 5 * i / rate)) / rate;
            for (int h = 1; h <= 20 && h * hz < 0.45 * rate; h++) {
                x[i] += (float) (loud / 3 * Math.sin(h * phase) / h);
            }
        }
        return x;
    }

    private static float[] joined(float[]... parts) {
        float[] all = new float[Stream.of(parts).mapToInt(p -> p.length).sum()];
        int at = 0;
        for (float[] p : parts) {
            System.arraycopy(p, 0, all, at, p.length);
            at += p.length;
        }
        return all;
    }

    @BeforeEach
    void recordings() throws IOException {
        raw = folder.resolve("raw");
        out = folder.resolve("data");
        float[] left = joined(
                vowel(220, 1.6, 44100, 0.8),
                new float[44100],
                vowel(247, 1.7, 44100, 0.8),
                vowel(262, 1.4, 44100, 0.8));
        write("가수/노래 하나.wav", new Wave(new float[][] {left, left}, 44100));
        write("b.flac", Wave.mono(vowel(196, 1.5, 24000, 0.7), 24000));
        write("sub folder/c.wav", Wave.mono(vowel(294, 1.2, 16000, 0.7), 16000));
        write("d.wav", Wave.mono(vowel(233, 1.9, 22050, 4), 22050)); // far over full scale
        write("e.wav", Wave.mono(vowel(262, 1.3, 48000, 0.5), 48000));
        Files.copy(raw.resolve("e.wav"), raw.resolve("e again.wav"));
        write("silence.wav", Wave.mono(new float[44100], 44100));
        write("short.wav", Wave.mono(vowel(220, 0.3, 44100, 0.5), 44100));
        Random random = new Random(1);
        float[] hiss = new float[44100];
        for (int i = 0; i < hiss.length; i++) {
            hiss[i] = (float) (0.1 * random.nextGaussian());
        }
        write("hiss.wav", Wave.mono(hiss, 44100));
        Files.writeString(raw.resolve("broken.wav"), "RIFFnothing");
        Files.writeString(raw.resolve("broken.flac"), "fLaCnothing");
        Files.writeString(raw.resolve("broken.ogg"), "OggSnothing");
        Files.writeString(raw.resolve("lyrics.txt"), "라라라");
    }

    private void write(String name, Wave wave) throws IOException {
        Path file = raw.resolve(name);
        Files.createDirectories(file.getParent());
        float[][] clipped = new float[wave.channels().length][];
        for (int c = 0; c < clipped.length; c++) {
            clipped[c] = wave.channels()[c].clone();
            for (int i = 0; i < clipped[c].length; i++) {
                clipped[c][i] = Math.max(-1, Math.min(1, clipped[c][i]));
            }
        }
        WaveWriter.write(file, new Wave(clipped, wave.sampleRateHz()));
    }

    private Preprocessing.Result run(Hparams hparams, Path to) {
        try (NDManager m = NDManager.newBaseManager();
                HubertSoft encoder = HubertSoft.random(m, new HubertSoft.Sizes(16, 16, 1, 2, 32, 8, 10), 1)) {
            return new Preprocessing(hparams, encoder, PraatPitch.of(hparams.pitch())).run(raw, to);
        }
    }

    private static String why(Preprocessing.Result r, String recording) {
        List<String> reasons = r.reports().stream()
                .filter(c -> c.recording().equals(recording) && !c.skipped().isEmpty())
                .map(ClipReport::skipped)
                .toList();
        assertEquals(1, reasons.size(), recording + ": " + reasons);
        return reasons.get(0);
    }

    @Test
    void everyRecordingIsAClipOrHasAReason() throws IOException {
        Preprocessing.Result r = run(HPARAMS, out);
        assertTrue(why(r, "silence.wav").contains("silence"), why(r, "silence.wav"));
        assertTrue(why(r, "short.wav").contains("shorter than 0.5 s"));
        assertTrue(why(r, "hiss.wav").contains("no voiced frame"));
        assertTrue(why(r, "broken.wav").contains("broken.wav")
                && why(r, "broken.flac").contains("decodes")
                && why(r, "broken.ogg").contains("decodes"));
        assertTrue(why(r, "e.wav").contains("the same bytes as e again.wav"));
        assertFalse(r.reports().stream().anyMatch(c -> c.recording().contains("lyrics")));
        String korean = "가수" + File.separator + "노래 하나.wav";
        List<ClipReport> song = r.reports().stream()
                .filter(c -> c.recording().equals(korean) && !c.clip().isEmpty())
                .toList();
        List<ClipReport> own =
                song.stream().filter(c -> !c.clip().contains("key")).toList();
        assertTrue(
                own.size() >= 3 && song.size() == 2 * own.size(),
                "a phrase before the silence, a longer one after it in parts, each an octave higher too: " + song);
        assertTrue(own.stream().allMatch(c -> c.seconds() <= 2.01), song.toString());
        assertEquals(
                4.7,
                own.stream().mapToDouble(ClipReport::seconds).sum(),
                1.05,
                "the sound and at most half a second of silence at each cut");
        ClipReport first = song.get(0);
        assertEquals(korean + "#0", first.clip());
        assertEquals(220, first.f0MedianHz(), 3);
        assertTrue(first.voicedShare() > 0.9 && first.peak() > 0.3 && first.clippedSamples() == 0, first.toString());
        assertEquals(r.reports().size(), r.table().rowCount());
        assertTrue(r.reports().stream().anyMatch(c -> c.recording().equals("d.wav") && c.clippedSamples() > 1000));
        assertTrue(Files.readString(out.resolve("report.csv")).contains("노래 하나.wav"));
    }

    @Tag("conversion")
    @Test
    void noRecordingIsInTwoPartsAndTheSeedDecides() {
        Preprocessing.Result r = run(HPARAMS, out);
        Map<String, String> parts = new HashMap<>();
        r.reports().stream()
                .filter(c -> !c.clip().isEmpty())
                .forEach(c -> assertEquals(c.part(), parts.computeIfAbsent(c.recording(), k -> c.part())));
        assertEquals(Set.of("train", "valid", "test"), new HashSet<>(parts.values()));
        Dataset data = Dataset.open(out);
        assertFalse(data.training().isEmpty()
                || data.validation().isEmpty()
                || data.test().isEmpty());
        data.training().forEach(c -> assertEquals("train", parts.get(c.recording())));
        data.validation()
                .forEach(c -> assertTrue(
                        parts.get(c.recording()).equals("valid") && !c.name().contains("key"),
                        "augmented clips are trained on alone: " + c.name()));
        data.test().forEach(c -> assertEquals("test", parts.get(c.recording())));
        Set<Map<String, String>> splits = new HashSet<>();
        for (int seed = 0; seed < 6; seed++) {
            Map<String, String> other = new HashMap<>();
            Preprocessing.Result again = run(Arg2Hparams.apply(HPARAMS, "dataset.seed=" + seed), out);
            assertEquals(9, again.reused(), "another split makes no shard again");
            again.reports().stream().filter(c -> !c.clip().isEmpty()).forEach(c -> other.put(c.recording(), c.part()));
            splits.add(other);
        }
        assertTrue(splits.size() > 1);
    }

    @Test
    void rangesAreThoseOfTheTrainingPart() {
        Preprocessing.Result r = run(HPARAMS, out);
        Dataset data = Dataset.open(out);
        assertEquals(r.hparams(), HparamsYaml.read(out.resolve("hparams.yaml")));
        double[] low = new double[128], high = new double[128];
        Arrays.fill(low, 9);
        Arrays.fill(high, -9);
        for (Clip c : data.training()) {
            float[] mel = c.mel().toFloats();
            assertEquals(c.frames(), c.f0Hz().shape()[0]);
            for (int i = 0; i < mel.length; i++) {
                low[i % 128] = Math.min(low[i % 128], mel[i]);
                high[i % 128] = Math.max(high[i % 128], mel[i]);
            }
        }
        for (int m = 0; m < 128; m++) {
            assertEquals(low[m], r.hparams().noise().specMin().get(m), 1e-6);
            assertEquals(
                    Math.max(high[m], low[m] + 1e-3),
                    r.hparams().noise().specMax().get(m),
                    1e-6);
        }
        assertTrue(r.hparams().range().lowHz() > 180
                && r.hparams().range().highHz() < 650
                && r.hparams().range().medianHz() > r.hparams().range().lowHz());
        assertEquals(
                1, r.hparams().range().semitones().stream().mapToDouble(d -> d).sum(), 1e-3);
    }

    @Tag("conversion")
    @Test
    void aRunThatWasStoppedGoesOnAndMakesTheSame() throws IOException {
        run(HPARAMS, out);
        Map<String, byte[]> whole = bytes(out);
        Files.delete(out.resolve("index.json"));
        List<Path> shards;
        try (Stream<Path> list = Files.list(out.resolve("shards"))) {
            shards = list.sorted().toList();
        }
        Files.delete(shards.get(0));
        Files.write(shards.get(1), Arrays.copyOf(Files.readAllBytes(shards.get(1)), 500));
        assertTrue(assertThrows(Problem.class, () -> Dataset.open(out))
                .getMessage()
                .contains("not finished"));
        Preprocessing.Result again = run(HPARAMS, out);
        assertTrue(
                again.reused() < 9 && again.reused() >= 6,
                "two shards are made again, one of them perhaps for two recordings: " + again.reused());
        Map<String, byte[]> after = bytes(out);
        assertEquals(whole.keySet(), after.keySet());
        whole.forEach((name, b) -> assertArrayEquals(b, after.get(name), name));
        run(HPARAMS, folder.resolve("elsewhere"));
        assertEquals(whole.keySet(), bytes(folder.resolve("elsewhere")).keySet());
        bytes(folder.resolve("elsewhere")).forEach((name, b) -> assertArrayEquals(whole.get(name), b, name));
        // a recording under another name keeps its shard, another front end none
        Files.move(raw.resolve("b.flac"), raw.resolve("비.flac"));
        Preprocessing.Result renamed = run(HPARAMS, out);
        assertTrue(renamed.reports().stream().anyMatch(c -> c.clip().startsWith("비.flac#"))
                && renamed.reports().stream().noneMatch(c -> c.recording().equals("b.flac")));
        assertTrue(Dataset.open(out).training().stream().noneMatch(c -> c.name().startsWith("b.flac")));
        assertTrue(
                run(Arg2Hparams.apply(HPARAMS, "audio.fmin_hz=50"), out).reused() <= 1,
                "the second of two that are alike may find the first one's");
    }

    /**
     * The button is pressed while the calling thread reads the last recording: a smaller dataset is not a whole one.
     */
    @Test
    void aStopDuringTheLastRecordingWritesNoDataset() throws Exception {
        raw = Files.createDirectories(folder.resolve("two"));
        write("a.wav", Wave.mono(vowel(220, 0.8, 44100, 0.8), 44100));
        write("b.wav", Wave.mono(vowel(262, 0.8, 44100, 0.8), 44100));
        List<String> opened = new ArrayList<>();
        Preprocessing.Reading pressed = file -> {
            opened.add(file.getFileName().toString());
            if (opened.size() == 2) {
                Thread.currentThread().interrupt();
            }
            return AudioFile.open(file);
        };
        // a pool of one thread: the calling thread does all of the work
        ForkJoinPool one = new ForkJoinPool(1);
        try (NDManager m = NDManager.newBaseManager();
                HubertSoft encoder = HubertSoft.random(m, new HubertSoft.Sizes(16, 16, 1, 2, 32, 8, 10), 1)) {
            Preprocessing stopped = new Preprocessing(HPARAMS, encoder, PraatPitch.of(HPARAMS.pitch()), pressed);
            Problem p = one.submit(() -> assertThrows(Problem.class, () -> stopped.run(raw, out)))
                    .get();
            assertTrue(p.isStop() && p.getMessage().contains("after 1 of 2 recordings"), p.getMessage());
            assertEquals(2, opened.size());
        } finally {
            one.shutdown();
        }
        assertFalse(Files.exists(out.resolve("index.json")));
        Preprocessing.Result whole = run(Arg2Hparams.apply(HPARAMS, "dataset.valid_share=0,dataset.test_share=0"), out);
        assertEquals(1, whole.reused(), "the first one was kept");
        assertEquals(
                2,
                whole.reports().stream().map(ClipReport::recording).distinct().count());
    }

    @Test
    void whatTheDecoderRemarksIsInTheReportAndIsNoted() throws IOException {
        raw = Files.createDirectories(folder.resolve("two"));
        write("a.wav", Wave.mono(vowel(220, 0.8, 44100, 0.8), 44100));
        write("b.wav", Wave.mono(vowel(262, 0.8, 44100, 0.8), 44100));
        Preprocessing.Reading cut =
                file -> new Other(AudioFile.open(file), file.endsWith("b.wav") ? List.of(CUT) : List.of(), () -> {});
        for (String round : List.of("made", "reused")) {
            List<String> notes = new ArrayList<>(), ended = new ArrayList<>();
            List<Long> done = new ArrayList<>();
            Preprocessing.Result r;
            try (NDManager m = NDManager.newBaseManager();
                    HubertSoft encoder = HubertSoft.random(m, new HubertSoft.Sizes(16, 16, 1, 2, 32, 8, 10), 1)) {
                r = new Preprocessing(HPARAMS, encoder, PraatPitch.of(HPARAMS.pitch()), cut)
                        .run(raw, out, new Progress() {
                            @Override
                            public void at(String stage, long n, long of) {
                                assertEquals("recordings of 2", stage + " of " + of);
                                done.add(n);
                            }

                            @Override
                            public void ended(Stage stage) {
                                ended.add(stage.name() + " " + stage.what());
                            }

                            @Override
                            public void note(String text) {
                                notes.add(text);
                            }
                        });
            }
            assertEquals(List.of("b.wav: " + CUT), notes, round);
            assertEquals(List.of(1L, 2L), done);
            assertTrue(
                    new HashSet<>(ended).contains("recording b.wav" + (round.equals("made") ? "" : " (made before)")),
                    ended.toString());
            assertEquals(Map.of(CUT, List.of("b.wav")), r.notes());
            for (ClipReport c : r.reports()) {
                assertEquals(c.recording().equals("b.wav") ? CUT : "", c.note());
            }
            assertTrue(Files.readString(out.resolve("report.csv")).contains(CUT));
        }
    }

    /** Fewer at once take longer, and nothing else: the dataset has the same bytes. */
    @Test
    void asManyRecordingsAsAllowedAreOpenAtOnceAndTheDatasetIsTheSame() throws IOException {
        Map<String, byte[]> first = null;
        for (int allowed : new int[] {1, 64}) {
            AtomicInteger open = new AtomicInteger(), most = new AtomicInteger();
            Preprocessing.Reading counted = file -> {
                Recording recording = AudioFile.open(file);
                most.accumulateAndGet(open.incrementAndGet(), Math::max);
                return new Other(recording, recording.notes(), open::decrementAndGet);
            };
            Path to = folder.resolve("at once " + allowed);
            try (NDManager m = NDManager.newBaseManager();
                    HubertSoft encoder = HubertSoft.random(m, new HubertSoft.Sizes(16, 16, 1, 2, 32, 8, 10), 1)) {
                new Preprocessing(HPARAMS, encoder, PraatPitch.of(HPARAMS.pitch()), ComputeDevice.CPU, allowed, counted)
                        .run(raw, to);
            }
            assertEquals(0, open.get());
            assertTrue(most.get() >= 1 && most.get() <= allowed, "at once: " + most);
            assertTrue(
                    allowed == 1 || Runtime.getRuntime().availableProcessors() == 1 || most.get() > 1,
                    "the others do not wait: " + most);
            Map<String, byte[]> all = bytes(to);
            if (first == null) {
                first = all;
            }
            assertEquals(first.keySet(), all.keySet());
            first.forEach((name, bytes) -> assertArrayEquals(bytes, all.get(name), name));
        }
        assertTrue(first.size() > 5, first.keySet().toString());
    }

    private static final String CUT = "the file ends before its last frame does";

    /** A recording with other notes, as of a file whose end is missing, or one that tells when it is closed. */
    private record Other(Recording recording, List<String> notes, Runnable closed) implements Recording {
        @Override
        public int samples() {
            return recording.samples();
        }

        @Override
        public int channels() {
            return recording.channels();
        }

        @Override
        public int sampleRateHz() {
            return recording.sampleRateHz();
        }

        @Override
        public Wave read(int from, int to) {
            return recording.read(from, to);
        }

        @Override
        public void close() {
            closed.run();
            recording.close();
        }
    }

    private static Map<String, byte[]> bytes(Path dataset) throws IOException {
        Map<String, byte[]> all = new HashMap<>();
        try (Stream<Path> walk = Files.walk(dataset)) {
            for (Path p : walk.filter(Files::isRegularFile).toList()) {
                all.put(dataset.relativize(p).toString(), Files.readAllBytes(p));
            }
        }
        return all;
    }

    @Tag("conversion")
    @Test
    void aKeyShiftMovesMelAndPitchAlike() {
        run(HPARAMS, out);
        Dataset data = Dataset.open(out);
        Map<String, Clip> byName = new HashMap<>();
        data.training().forEach(c -> byName.put(c.name(), c));
        long pairs = byName.values().stream()
                .filter(c -> byName.containsKey(c.name() + " key +12"))
                .peek(c -> {
                    float[] f0 = c.f0Hz().toFloats(),
                            high = byName.get(c.name() + " key +12").f0Hz().toFloats();
                    for (int t = 0; t < f0.length; t++) {
                        assertEquals(2 * f0[t], high[t], 1e-3);
                    }
                })
                .count();
        assertTrue(pairs > 2);
        FrontEnd front = FrontEnd.of(HPARAMS);
        try (NDManager m = NDManager.newBaseManager()) {
            float[] low = front.shifted(m, steady(200), 12).toFloatArray(),
                    high = front.of(m, steady(400)).toFloatArray(),
                    same = front.shifted(m, steady(200), 0).toFloatArray();
            assertArrayEquals(front.of(m, steady(200)).toFloatArray(), same, 1e-4f);
            double off = 0;
            int n = 0;
            for (int t = 20; t < high.length / 128 - 20; t++) {
                for (int b = 0; b < 100; b++, n++) {
                    off += Math.abs(low[t * 128 + b] - high[t * 128 + b]) / (100.0 * (high.length / 128 - 40));
                }
            }
            assertTrue(
                    off < 0.05,
                    "a vowel an octave up, formants included, is the vowel sung an octave higher; apart by log10 " + off
                            + " over " + n);
        }
    }

    private static float[] steady(double hz) {
        float[] x = new float[44100];
        for (int i = 0; i < x.length; i++) {
            for (int h = 1; h * hz < 20000; h++) {
                x[i] += (float) (0.3 * Math.sin(2 * Math.PI * h * hz * i / 44100) / h);
            }
        }
        return x;
    }

    @Test
    void aFolderWithoutVoiceIsRefused() throws IOException {
        raw = Files.createDirectories(folder.resolve("nothing"));
        assertTrue(assertThrows(Problem.class, () -> run(HPARAMS, out))
                .getMessage()
                .contains("no recording"));
        write("silence.wav", Wave.mono(new float[44100], 44100));
        assertTrue(assertThrows(Problem.class, () -> run(HPARAMS, out))
                .getMessage()
                .contains("none of use"));
        raw = raw.resolve("silence.wav");
        assertTrue(assertThrows(Problem.class, () -> run(HPARAMS, out))
                .getMessage()
                .contains("a file"));
        raw = folder.resolve("missing");
        assertTrue(assertThrows(Problem.class, () -> run(HPARAMS, out))
                .getMessage()
                .contains("nothing at that path"));
        assertFalse(Files.exists(out.resolve("index.json")));
    }
}
