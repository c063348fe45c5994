package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Depth;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.conds.F0Table;
import diffsvc.files.CacheFiles;
import diffsvc.files.Sha256;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.memory.Plan;
import diffsvc.progress.Progress;
import diffsvc.tensor.Cost;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Songs through the demo voice, file to file. */
@Tag("conversion")
class InferenceTest {
    private static final String FEW = "infer.sampler=unipc2,infer.steps=4";
    private static final int RATE = 44100;

    @TempDir
    Path folder;

    private static Wave phrase(String song, double from, double to) {
        return AudioFile.read(Path.of("src/test/resources/songs", song + ".wav"))
                .slice(from, to);
    }

    private static Wave joined(Wave... waves) {
        float[] all = new float[0];
        for (Wave w : waves) {
            int n = all.length;
            all = Arrays.copyOf(all, n + w.samples());
            System.arraycopy(w.first(), 0, all, n, w.samples());
        }
        return Wave.mono(all, waves[0].sampleRateHz());
    }

    private Request request(String name, Wave wave, String out) {
        Path song = WaveWriter.write(folder.resolve(name), wave);
        return Request.of(song).to(folder.resolve(out));
    }

    private static Inference.Done run(Inference inference, Request request) {
        return inference.convert(request);
    }

    @Test
    void aFileThatSomebodyPutThereMeanwhileStays() throws IOException {
        Path target = folder.resolve("a.wav");
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Inference.Done done = new Inference(voice)
                    .convert(request("song.wav", phrase("music1", 0, 1), "a.wav"), (stage, at, of) -> {
                        if (stage.equals("sampling") && !Files.exists(target)) {
                            try {
                                Files.writeString(target, "somebody's");
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        }
                    });
            assertEquals("somebody's", Files.readString(target));
            assertEquals(folder.resolve("a-2.wav").toRealPath(), done.file());
            assertTrue(
                    done.manifest().warnings().stream().anyMatch(w -> w.contains("a-2.wav")),
                    done.manifest().warnings().toString());
            assertEquals(Sha256.of(done.file()), done.manifest().output().sha256());
        }
    }

    @Test
    void aSongWithAPauseKeepsItsLengthAndItsSilence() {
        Wave pause = Wave.mono(new float[3 * 16000], 16000);
        Wave song = joined(phrase("music1", 0, 6.003), pause, phrase("music3", 0, 5));
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Inference.Done done = run(new Inference(voice), request("노래 one.wav", song, "a.wav"));
            Manifest m = done.manifest();
            Wave out = AudioFile.read(done.file());
            assertEquals(Math.round(song.seconds() * RATE), out.samples());
            assertEquals(1, m.slices().silent());
            assertTrue(m.slices().silentSeconds() > 2, m.slices().toString());
            assertEquals(0, out.slice(7, 8).peak(), "digital silence inside the pause");
            assertTrue(out.slice(1, 5).peak() > 0.01 && out.slice(10, 13).peak() > 0.01);
            assertTrue(
                    m.joins().size() == 2 && m.joins().stream().noneMatch(Join::audible),
                    m.joins().toString());
            assertTrue(
                    m.warnings().stream().anyMatch(w -> w.contains("stay silent")),
                    m.warnings().toString());
        }
    }

    @Test
    void aSongWithoutPitchIsNotCompared() {
        Random random = new Random(1);
        float[] hiss = new float[16000];
        for (int i = 0; i < hiss.length; i++) {
            hiss[i] = 0.1f * (float) random.nextGaussian();
        }
        List<Progress.Stage> stages = new ArrayList<>();
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            new Inference(voice).convert(request("hiss.wav", Wave.mono(hiss, 16000), "hiss out.wav"), new Progress() {
                @Override
                public void at(String stage, long done, long of) {}

                @Override
                public void ended(Stage stage) {
                    stages.add(stage);
                }
            });
        }
        assertEquals(
                List.of("no pitch found in the song"),
                stages.stream()
                        .filter(s -> s.name().equals("range"))
                        .map(Progress.Stage::what)
                        .toList());
    }

    @Test
    void aPhraseThatIsTooLongIsCutWithoutAnyoneHearingIt() {
        Wave song = phrase("music1", 0, 13);
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW + ",infer.slice_seconds=4"))) {
            Inference.Done done = run(new Inference(voice), request("long.wav", song, "long.flac"));
            Manifest m = done.manifest();
            assertTrue(
                    m.slices().cuts() >= 3 && m.slices().longestSeconds() <= 4,
                    m.slices().toString());
            assertEquals(
                    m.slices().cuts(),
                    m.joins().stream().filter(s -> s.kind().equals("cut")).count());
            assertTrue(m.joins().stream().noneMatch(Join::audible), m.joins().toString());
            assertEquals(
                    Math.round(song.seconds() * RATE),
                    AudioFile.read(done.file()).samples());
        }
    }

    /** Three phrases of five seconds with pauses between them. */
    private static Wave phrases() {
        Wave pause = Wave.mono(new float[16000], 16000);
        List<Wave> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            all.add(phrase("music1", 2 * i, 2 * i + 5));
            all.add(pause);
        }
        return joined(all.toArray(Wave[]::new));
    }

    @Test
    void shortSlicesShareABatchAndTheSongStaysTheSame() {
        Request r = request("phrases.wav", phrases(), "together.wav");
        List<Long> sampled = new ArrayList<>();
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW + ",infer.precision=float32"))) {
            Manifest together = new Inference(voice)
                    .convert(r, (stage, done, of) -> {
                        if (stage.equals("sampling")) {
                            assertEquals(12, of);
                            sampled.add(done);
                        }
                    })
                    .manifest();
            assertEquals(3, together.slices().sounding());
            int frames = together.slices().batchFrames();
            assertTrue(frames > 3 * 400 && frames <= 1600, "frames of the batch: " + frames);
            assertEquals(sampled.stream().sorted().toList(), sampled, "never backwards");
            assertEquals(12, sampled.get(sampled.size() - 1));
            Manifest.Stage diffusion = stage(together, "diffusion");
            assertTrue(diffusion.what().endsWith("float32, in 1 batch"), diffusion.what());
            assertEquals(3, diffusion.slices());
            assertEquals(
                    List.of("audio", "pitch", "content", "mel", "embedding", "diffusion", "vocoder", "output"),
                    together.stages().stream().map(Manifest.Stage::stage).toList());
            assertEquals(
                    List.of(),
                    voice.manager().getManagedArrays().stream()
                            .filter(a -> !a.isReleased())
                            .toList(),
                    "all slices are closed");

            Manifest again = new Inference(
                            voice, 0, CondsCache.NONE, together.slices().mostSeconds(), frames)
                    .convert(r.to(folder.resolve("again.wav")))
                    .manifest();
            assertEquals(together.output().sha256(), again.output().sha256());

            Manifest alone = new Inference(voice, 0, CondsCache.NONE, 0, 0)
                    .convert(r.to(folder.resolve("alone.wav")))
                    .manifest();
            assertEquals(0, alone.slices().batchFrames());
            assertFalse(stage(alone, "diffusion").what().contains("batch"));
            assertArrayEquals(
                    AudioFile.read(folder.resolve("alone.wav")).first(),
                    AudioFile.read(folder.resolve("together.wav")).first(),
                    2e-3f,
                    "apart by rounding");
        }
    }

    private static Manifest.Stage stage(Manifest manifest, String name) {
        return manifest.stages().stream()
                .filter(s -> s.stage().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aBatchTakesNoMoreThanThereIsRoomFor() {
        Request r = request("phrases.wav", phrases(), "tight.wav");
        try (Voice voice = Voice.random(h -> Arg2Hparams.apply(h, FEW)); // its denoiser takes more than the others
                NDManager own = voice.manager().newSubManager()) {
            long models = voice.costs().stream()
                    .mapToLong(c -> c.atWork(c.atOnce(), c.frames(2)))
                    .max()
                    .orElseThrow();
            Cost denoiser = voice.costs().stream()
                    .filter(c -> c.model().equals("wavenet"))
                    .findFirst()
                    .orElseThrow();
            // room for a slice of two seconds, and for whatever the process grows by until the plan looks again
            long room = models + (2 << 20);
            Inference tight = new Inference(voice, Plan.baseline(own) + room, CondsCache.NONE, 2, -1);
            Manifest m = tight.convert(r).manifest();
            assertTrue(
                    m.slices().longestSeconds() <= 2.01 && denoiser.atWork(1, 1600) > room,
                    m.slices().toString());
            int frames = m.slices().batchFrames();
            assertTrue(denoiser.atWork(1, frames) <= room, "batch: " + frames);
            Problem p = assertThrows(Problem.class, () -> new Inference(voice, 0, CondsCache.NONE, 0, Integer.MAX_VALUE)
                    .convert(r.to(folder.resolve("large.wav"))));
            assertTrue(
                    p.getMessage().startsWith("memory: need batches of slices of 2147483647 frames"), p.getMessage());
        }
    }

    @Test
    void aSongThatStopsInABatchClosesItsSlices() {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Request r = request("phrases.wav", phrases(), "stopped.wav");
            try {
                Problem p = assertThrows(Problem.class, () -> new Inference(voice).convert(r, (stage, done, of) -> {
                    if (stage.equals("sampling") && done == 6) {
                        Thread.currentThread().interrupt();
                    }
                }));
                assertTrue(p.isStop(), p.getMessage());
            } finally {
                assertTrue(Thread.interrupted());
            }
            assertEquals("song: 0 of 6", voice.values().last().toString());
            voice.values().clear(); // what the stopped call kept for a person
            assertEquals(
                    0,
                    voice.manager().getManagedArrays().stream()
                            .filter(a -> !a.isReleased())
                            .count());
        }
    }

    @Test
    void inPythonsOrderSlicesComeOneByOne() {
        try (Voice voice = Voice.open(
                "demo", h -> Arg2Hparams.apply(h, "infer.sampler=plms,infer.steps=2,infer.python_order=true"))) {
            Manifest m = new Inference(voice)
                    .convert(request("phrases.wav", phrases(), "python.wav"))
                    .manifest();
            assertEquals(0, m.slices().batchFrames());
            assertEquals(3, m.slices().sounding());
        }
    }

    /** What a slice becomes depends on its sound, its place and the seed alone. */
    @Test
    void aSliceDoesNotDependOnTheOthers() {
        Wave pause = Wave.mono(new float[3 * 16000], 16000), last = phrase("music3", 0, 5);
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Inference inference = new Inference(voice);
            Wave a = AudioFile.read(
                    run(inference, request("a.wav", joined(phrase("music1", 0, 6), pause, last), "a out.wav"))
                            .file());
            Wave b = AudioFile.read(
                    run(inference, request("b.wav", joined(phrase("music1", 6, 12), pause, last), "b out.wav"))
                            .file());
            Wave lastOfA = a.slice(9.2, 14), lastOfB = b.slice(9.2, 14);
            assertFalse(Arrays.equals(a.slice(0, 6).first(), b.slice(0, 6).first()));
            assertArrayEquals(lastOfA.first(), lastOfB.first());
        }
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW + ",infer.seed=9"))) {
            Wave c = AudioFile.read(run(
                            new Inference(voice),
                            request("a.wav", joined(phrase("music1", 0, 6), pause, last), "c out.wav"))
                    .file());
            assertFalse(
                    Arrays.equals(
                            c.slice(9.2, 14).first(),
                            AudioFile.read(folder.resolve("a out.wav"))
                                    .slice(9.2, 14)
                                    .first()),
                    "another seed, another sound");
        }
    }

    @Test
    void aShortSongIsWhatTheStepsByHandGive() {
        Wave song = phrase("music2", 0, 2);
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Path file = WaveWriter.write(folder.resolve("s.wav"), song);
            Inference.Done done = run(new Inference(voice), Request.of(file).to(folder.resolve("s out.wav")));
            Wave byHand = voice.convert(AudioFile.read(file)).wave();
            assertArrayEquals(byHand.first(), AudioFile.read(done.file()).first(), 1 / 65535f);
        }
    }

    @Test
    void theF0GoesOutIsEditedAndComesBack() {
        Wave song = phrase("music2", 0, 3);
        Path table = folder.resolve("s.f0.csv");
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Inference inference = new Inference(voice);
            Path file = WaveWriter.write(folder.resolve("s.wav"), song);
            Inference.Done first =
                    run(inference, Request.of(file).to(folder.resolve("1.wav")).exportingF0(table));
            Inference.Done again =
                    run(inference, Request.of(file).to(folder.resolve("2.wav")).f0(table));
            assertEquals(
                    first.manifest().output().sha256(),
                    again.manifest().output().sha256(),
                    "unedited, the same bytes");
            assertEquals(Sha256.of(table), again.manifest().given().get("f0").sha256());
            F0Table exported = F0Table.read(table);
            float[] higher = exported.hz().clone();
            for (int i = 0; i < higher.length; i++) {
                higher[i] *= 1.5f;
            }
            new F0Table(exported.seconds(), higher, exported.voiced()).write(table);
            Inference.Done edited =
                    run(inference, Request.of(file).to(folder.resolve("3.wav")).f0(table));
            float[] was = voicedF0(voice, first.file()), is = voicedF0(voice, edited.file());
            assertEquals(
                    12 * Math.log(1.5) / Math.log(2),
                    12 * Math.log(is[is.length / 2] / was[was.length / 2]) / Math.log(2),
                    0.5,
                    "the fifth that was drawn is in the result");
        }
    }

    private static float[] voicedF0(Voice voice, Path file) {
        float[] f0 = voice.f0(voice.signal(AudioFile.read(file))).f0Hz();
        float[] sorted = new float[f0.length];
        int n = 0;
        for (float f : f0) {
            if (f > 0) {
                sorted[n++] = f;
            }
        }
        sorted = Arrays.copyOf(sorted, n);
        Arrays.sort(sorted);
        return sorted;
    }

    @Test
    void theManifestTellsWhatWasAndOnlyWhatIsThere() throws IOException {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW + ",infer.depth=24"))) {
            Request r = request("s.wav", phrase("music2", 0, 1.5), "s out.wav");
            Inference.Done done = run(new Inference(voice), r);
            Manifest m = Manifest.read(folder.resolve("s out.json"));
            assertEquals(done.manifest().output(), m.output());
            assertEquals(Sha256.of(r.song()), m.input().sha256());
            assertEquals(Sha256.of(done.file()), m.output().sha256());
            assertEquals(
                    List.of("encoder", "embedding", "wavenet"),
                    List.copyOf(m.models().keySet()));
            for (Manifest.Hashed h : m.models().values()) {
                assertEquals(Sha256.of(voice.paths().resolve(h.file())), h.sha256());
            }
            assertEquals(
                    List.of("audio", "pitch", "content", "mel", "embedding", "diffusion", "vocoder", "output"),
                    m.stages().stream().map(Manifest.Stage::stage).toList());
            assertTrue(
                    m.stages().stream().allMatch(s -> s.peakBytes() > 1 << 20 && s.seconds() > 0),
                    m.stages().toString());
            assertTrue(m.vocoder().contains("built-in"), m.vocoder());
        }
        for (String[] bad : new String[][] {
            {"{}", "other JSON"},
            {"text", "other JSON"},
            {"{", "something else"},
            {"{\"format\": 99, \"input\": {}}", "99"}
        }) {
            Path file = Files.writeString(folder.resolve("bad.json"), bad[0]);
            assertTrue(assertThrows(Problem.class, () -> Manifest.read(file))
                    .getMessage()
                    .contains(bad[1]));
        }
    }

    /**
     * A voice that clips is not at hand, so the song asks for it: its mel straight into the vocoder, ten times as loud.
     */
    @Test
    void whatWouldClipIsScaledAndCounted() {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Wave loud = voice.convert(phrase("music2", 0, 1)).wave().times(40);
            assertTrue(loud.peak() > 1);
            WaveWriter.Fitted fitted = WaveWriter.fitted(loud);
            assertEquals(WaveWriter.HEADROOM, fitted.wave().peak(), 1e-6);
            assertThrows(Problem.class, () -> WaveWriter.write(folder.resolve("l.wav"), loud, Depth.PCM24));
            assertEquals(
                    loud.peak(),
                    AudioFile.read(WaveWriter.write(folder.resolve("l.wav"), loud, Depth.FLOAT))
                            .peak(),
                    "floats keep what goes beyond");
        }
    }

    @Test
    void valuesAreKeptUnderEverythingThatShapedThem() {
        CondsCache cache = CondsCache.in(folder.resolve("cache"));
        Wave song = phrase("music2", 0, 1.5);
        Path file = WaveWriter.write(folder.resolve("s.wav"), song);
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            String cold = run(new Inference(voice), Request.of(file).to(folder.resolve("1.wav")))
                    .manifest()
                    .output()
                    .sha256();
            Inference inference = new Inference(voice, 0, cache);
            assertEquals(
                    cold,
                    run(inference, Request.of(file).to(folder.resolve("2.wav")))
                            .manifest()
                            .output()
                            .sha256());
            assertEquals(2, cache.entries().size(), "F0 and units");
            assertEquals(
                    cold,
                    run(inference, Request.of(file).to(folder.resolve("3.wav")))
                            .manifest()
                            .output()
                            .sha256());
            run(inference, Request.of(file).key(3.5).to(folder.resolve("4.wav")));
            assertEquals(2, cache.entries().size(), "another key recomputes nothing");
        }
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW + ",pitch.f0_max_hz=900"))) {
            run(new Inference(voice, 0, cache), Request.of(file).to(folder.resolve("5.wav")));
            assertEquals(3, cache.entries().size(), "another range of F0 is another entry, of the same units");
        }
        assertTrue(cache.clear() > 1000);
        assertEquals(0, cache.entries().size());
    }

    @Test
    void theLeastUsedGoesWhenTheCacheIsFull() {
        CondsCache small;
        long most;
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            most = 5L * 50 * 4 * voice.encoder().width() / 2; // two and a half of the four that come, of 1 s
            small = new CondsCache(folder.resolve("small"), most);
            for (int i = 0; i < 4; i++) {
                Wave part = phrase("music2", i, i + 1);
                small.units(voice.manager(), part, "x", () -> voice.units(part));
            }
        }
        assertTrue(
                small.entries().stream().mapToLong(CacheFiles.Entry::bytes).sum() <= most,
                small.entries().toString());
        assertFalse(small.entries().isEmpty());
    }

    @Test
    void moreThanMemoryAllowsIsRefusedWithWhatWouldDo() {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Request r = request("s.wav", phrase("music2", 0, 1.5), "s out.wav");
            String said = assertThrows(Problem.class, () -> run(new Inference(voice, 100 << 20, CondsCache.NONE), r))
                    .getMessage();
            assertTrue(said.contains("--max-memory") && said.contains("MiB"), said);
            assertFalse(Files.exists(folder.resolve("s out.wav")));
        }
    }

    @Test
    void somebodysOwnFileIsNotReplacedByTheManifest() throws IOException {
        Path theirs = Files.writeString(folder.resolve("s out.json"), "{\"mine\": 1}");
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            Request r = request("s.wav", phrase("music2", 0, 1), "s out.wav");
            assertTrue(assertThrows(Problem.class, () -> run(new Inference(voice), r))
                    .getMessage()
                    .contains("s out.json"));
            assertFalse(Files.exists(folder.resolve("s out.wav")));
            assertEquals("{\"mine\": 1}", Files.readString(theirs));
        }
    }

    @Test
    void aCacheThatCannotBeWrittenCostsNoSong() throws IOException {
        Path noFolder = Files.writeString(folder.resolve("cache"), "a file");
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            assertTrue(Files.exists(run(
                            new Inference(voice, 0, CondsCache.in(noFolder)),
                            request("s.wav", phrase("music2", 0, 1), "s out.wav"))
                    .file()));
        }
    }

    @Test
    void anySongIsLongEnough() {
        try (Voice voice = Voice.open("demo", h -> Arg2Hparams.apply(h, FEW))) {
            for (int n : new int[] {1, 100, 700, 1601}) {
                float[] tone = new float[n];
                for (int i = 0; i < n; i++) {
                    tone[i] = (float) (0.3 * Math.sin(0.1 * i + 1));
                }
                Inference.Done done =
                        run(new Inference(voice), request("tiny.wav", Wave.mono(tone, 16000), "tiny out.wav"));
                assertEquals(
                        Math.round(n / 16000.0 * RATE),
                        AudioFile.read(done.file()).samples());
            }
        }
    }
}
