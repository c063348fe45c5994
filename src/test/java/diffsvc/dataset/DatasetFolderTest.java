package diffsvc.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Safetensors;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.Overrides;
import diffsvc.progress.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a dataset's folder holds is whole or made again, and what somebody put or edited there stays. */
class DatasetFolderTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,embedding.hidden_size=8,dataset.min_phrase_ms=500,dataset.max_clip_seconds=2,"
                    + "dataset.valid_share=0");
    private static final Output OVERWRITE = new Output(true, List.of());

    @TempDir
    Path folder;

    private Path raw, out;

    @BeforeEach
    void recordings() throws IOException {
        raw = Files.createDirectories(folder.resolve("raw"));
        out = folder.resolve("data");
        WaveWriter.write(raw.resolve("a.wav"), Wave.mono(PreprocessingTest.vowel(220, 0.8, 44100, 0.8), 44100));
        WaveWriter.write(raw.resolve("노래.wav"), Wave.mono(PreprocessingTest.vowel(262, 0.8, 44100, 0.8), 44100));
    }

    private Preprocessing.Result run(Output output) {
        return run(HPARAMS, output, AudioFile::open, false);
    }

    private Preprocessing.Result run(Hparams hparams, Output output, Preprocessing.Reading reading, boolean spoilt) {
        try (NDManager m = NDManager.newBaseManager();
                HubertSoft encoder = HubertSoft.random(m, new HubertSoft.Sizes(16, 16, 1, 2, 32, 8, 10), 1)) {
            if (spoilt) {
                encoder.weights().all().values().forEach(w -> w.muli(Float.NaN));
            }
            return new Preprocessing(hparams, encoder, PraatPitch.of(hparams.pitch()), reading)
                    .run(raw, out, output, Progress.NONE);
        }
    }

    private String refused(Output output) {
        return assertThrows(Problem.class, () -> run(output)).getMessage();
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

    private static void same(Map<String, byte[]> expected, Map<String, byte[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, b) -> assertArrayEquals(b, actual.get(name), name));
    }

    private List<Path> shards() throws IOException {
        try (Stream<Path> list = Files.list(out.resolve("shards"))) {
            return list.sorted().toList();
        }
    }

    @Test
    void anyByteThatChangedInAShardIsFoundAndTheShardMadeAnew() throws IOException {
        run(Output.CAREFUL);
        Map<String, byte[]> whole = bytes(out);
        Path shard = shards().get(0);
        byte[] good = Files.readAllBytes(shard);
        int header = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (int at :
                new int[] {0, 9, 40, 100, header - 20, 8 + header - 1, 8 + header, good.length / 2, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 32;
            Files.write(shard, bad);
            String said = assertThrows(Problem.class, () -> Dataset.open(out), "byte " + at)
                    .getMessage();
            assertTrue(
                    said.contains(shard.getFileName().toString())
                            && (said.contains("a.wav") || said.contains("노래.wav"))
                            && said.contains("damage")
                            && said.contains("./diffsvc preprocess"),
                    said);
        }
        Preprocessing.Result mended = run(Output.CAREFUL);
        assertEquals(List.of(1, 1, 0), List.of(mended.reused(), mended.damaged(), mended.older()));
        same(whole, bytes(out));
        Files.write(shard, Arrays.copyOf(good, good.length + 1));
        assertThrows(Problem.class, () -> Dataset.open(out), "a byte more");
        assertEquals(1, run(Output.CAREFUL).damaged());
        assertEquals(2, run(Output.CAREFUL).reused());
        assertEquals(2, Dataset.open(out).training().size());
    }

    @Test
    void aShardWithoutAChecksumIsMadeAnew() throws IOException {
        run(Output.CAREFUL);
        Map<String, byte[]> whole = bytes(out);
        Path shard = shards().get(1);
        Safetensors.Content content = Safetensors.open(shard);
        Map<String, String> old = new HashMap<>(content.metadata());
        old.remove("sha256");
        old.put("format", "diffsvc-clips-1");
        Path copy = folder.resolve("old.safetensors");
        Safetensors.write(copy, content.tensors(), old);
        Files.move(copy, shard, StandardCopyOption.REPLACE_EXISTING);
        String said = assertThrows(Problem.class, () -> Dataset.open(out)).getMessage();
        assertTrue(said.contains("older format") && said.contains("./diffsvc preprocess"), said);
        Preprocessing.Result mended = run(Output.CAREFUL);
        assertEquals(List.of(1, 0, 1), List.of(mended.reused(), mended.damaged(), mended.older()));
        same(whole, bytes(out));
    }

    @Test
    void whatWasEditedIsReplacedOnlyWhenAsked() throws IOException {
        run(Output.CAREFUL);
        Path yaml = out.resolve("hparams.yaml"), report = out.resolve("report.csv"), index = out.resolve("index.json");
        run(HPARAMS.training(t -> t.batch(7).accumulate(1)), Output.CAREFUL, AudioFile::open, false);
        assertEquals(7, HparamsYaml.read(yaml).training().batch(), "what nobody edited is replaced");
        Path range = out.resolve("mel_range.yaml");
        String mine = Files.readString(yaml).replace("batch: 7", "batch: 5") + "# my own\n";
        for (Path edited : List.of(yaml, report, index, range)) {
            byte[] was = Files.readAllBytes(edited);
            String text = edited == yaml
                    ? mine
                    : edited == report || edited == range
                            ? Files.readString(edited) + "# my,own,line\n"
                            : Files.readString(index).replace("\"train\"", "\"test\"");
            Files.writeString(edited, text);
            List<String> recordings = new ArrayList<>();
            String said = assertThrows(
                            Problem.class,
                            () -> run(
                                    HPARAMS,
                                    Output.CAREFUL,
                                    f -> {
                                        recordings.add(f.toString());
                                        return AudioFile.open(f);
                                    },
                                    false))
                    .getMessage();
            assertTrue(said.contains(edited.getFileName().toString()) && said.contains("--overwrite"), said);
            assertEquals(List.of(), recordings, "before the work");
            assertEquals(text, Files.readString(edited));
            Files.write(edited, was);
        }
        Files.writeString(yaml, mine);
        assertEquals(2, Dataset.open(out).training().size(), "training takes it as it is");
        run(OVERWRITE);
        assertEquals(0, HparamsYaml.read(yaml).training().batch());
        // an index of the time before hashes were kept
        Files.writeString(index, Files.readString(index).replaceAll("(?s),\\s*\"written\".*", "}"));
        Files.writeString(yaml, mine);
        run(Output.CAREFUL);
        assertFalse(Files.readString(yaml).contains("my own"));
    }

    @Test
    void aFolderOfSomebodyElseIsLeftAlone() throws IOException {
        for (String name : List.of(
                "hparams.yaml",
                "mel_range.yaml",
                "report.csv",
                "index.json",
                "notes.txt",
                "shards/weights.safetensors",
                "embedding_model_steps_5.pt")) {
            out = folder.resolve("of " + name.replace('/', ' '));
            Files.createDirectories(out.resolve(name).getParent());
            Files.writeString(out.resolve(name), "{\"mine\": 1}");
            Map<String, byte[]> before = bytes(out);
            String said = refused(Output.CAREFUL);
            assertTrue(said.contains(name) && said.contains("--overwrite"), said);
            same(before, bytes(out));
        }
        out = raw;
        assertTrue(refused(Output.CAREFUL).contains("a.wav"));
        assertEquals(2, bytes(raw).size());
        out = folder.resolve("of another");
        run(Arg2Hparams.apply(HPARAMS, "project=another"), Output.CAREFUL, AudioFile::open, false);
        assertTrue(refused(Output.CAREFUL).contains("the dataset of the project another"));
        out = Files.writeString(folder.resolve("file"), "x");
        assertTrue(refused(OVERWRITE).contains("a file"));
        out = folder.resolve("of notes.txt");
        run(OVERWRITE);
        assertTrue(Files.exists(out.resolve("notes.txt"))
                && Dataset.open(out).training().size() == 2);
    }

    @Test
    void aFileThatIsReadIsNeverReplaced() throws IOException {
        run(Output.CAREFUL);
        Path yaml = out.resolve("hparams.yaml"), link = Files.createLink(folder.resolve("linked.yaml"), yaml);
        assertTrue(refused(new Output(true, List.of(link))).contains("the same file"));
    }

    @Test
    void aRunThatWasKilledAmongItsLastFilesGoesOn() throws IOException {
        run(Output.CAREFUL);
        Map<String, byte[]> whole = bytes(out);
        Files.delete(out.resolve("index.json"));
        // as a kill leaves it: what was being written is known, the index is not there yet
        Files.writeString(
                out.resolve("shards/written.json"),
                "{\"written\":{\"report.csv\":[\""
                        + Sha256.of(out.resolve("report.csv")) + "\"],\"mel_range.yaml\":[\""
                        + Sha256.of(out.resolve("mel_range.yaml")) + "\"],\"hparams.yaml\":[\""
                        + Sha256.of(out.resolve("hparams.yaml")) + "\"]}}");
        run(Output.CAREFUL);
        same(whole, bytes(out));
    }

    /**
     * Other recordings have another mel range: with the hparams.yaml of before it would be a pair that nothing made.
     */
    @EnabledOnOs(OS.LINUX)
    @Test
    void aRunThatEndsBetweenTheMelRangeAndTheHparamsLeavesNoDatasetToTrainOn() throws IOException {
        run(Output.CAREFUL);
        Path yaml = out.resolve("hparams.yaml"), range = out.resolve("mel_range.yaml");
        String hparams = Files.readString(yaml), before = Files.readString(range);
        WaveWriter.write(raw.resolve("c.wav"), Wave.mono(PreprocessingTest.vowel(330, 0.8, 44100, 0.1), 44100));
        Files.delete(yaml);
        Files.createSymbolicLink(yaml, Path.of("/proc/version")); // no file can be written there: the run ends at it
        assertTrue(refused(OVERWRITE).contains("a file that can be written"));
        assertNotEquals(before, Files.readString(range), "the mel range is the new one");
        Files.delete(yaml);
        Files.writeString(yaml, hparams);
        String message = assertThrows(Problem.class, () -> Dataset.open(out)).getMessage();
        assertTrue(message.contains("was not finished") && message.contains("./diffsvc preprocess"), message);
        assertEquals(run(Output.CAREFUL).hparams(), HparamsYaml.read(yaml));
        assertEquals(3, Dataset.open(out).training().size());
    }

    @Test
    void whenNoRecordingIsOfUseTheReasonsAreCountedAndReported() throws IOException {
        int seconds = 1;
        for (String name : List.of("a.wav", "b.wav", "노래.wav")) {
            WaveWriter.write(raw.resolve(name), Wave.mono(new float[44100 * seconds++], 44100));
        }
        Files.writeString(raw.resolve("c.wav"), "RIFFnothing");
        String said = refused(Output.CAREFUL);
        Path report = out.resolve("report.csv");
        assertTrue(
                said.contains("4 recordings, none of use")
                        && said.contains("3 (a.wav ...): ")
                        && said.contains("1 (c.wav): ")
                        && said.contains(report.toString()),
                said);
        assertTrue(said.indexOf("3 (a.wav") < said.indexOf("1 (c.wav"), said);
        assertTrue(Files.readString(report).contains("c.wav") && !Files.exists(out.resolve("index.json")));
        // the report of that run is its own: the next one continues
        WaveWriter.write(raw.resolve("a.wav"), Wave.mono(PreprocessingTest.vowel(220, 0.8, 44100, 0.8), 44100));
        assertEquals(1, Dataset.open(run(Output.CAREFUL).folder()).training().size());
    }

    @Test
    void oneRecordingThatIsTooMuchIsItsOwnReason() {
        for (Error error : List.of(new OutOfMemoryError("Java heap space"), new StackOverflowError())) {
            out = folder.resolve(error.getClass().getSimpleName());
            Preprocessing.Result r = run(
                    HPARAMS,
                    Output.CAREFUL,
                    f -> {
                        if (f.endsWith("a.wav")) {
                            throw error;
                        }
                        return AudioFile.open(f);
                    },
                    false);
            List<ClipReport> skipped = r.reports().stream()
                    .filter(c -> c.recording().equals("a.wav"))
                    .toList();
            assertTrue(
                    skipped.size() == 1
                            && skipped.get(0)
                                    .skipped()
                                    .contains(error.getClass().getSimpleName()),
                    skipped.toString());
            assertEquals(1, Dataset.open(out).training().size());
        }
    }

    @Test
    void aNumberThatIsNoneIsNamedBeforeItIsLearnt() {
        String said = assertThrows(Problem.class, () -> run(HPARAMS, Output.CAREFUL, AudioFile::open, true))
                .getMessage();
        assertTrue(
                said.contains("2 recordings, none of use")
                        && said.contains("the units of a.wav#0")
                        && said.contains("NaN"),
                said);
    }

    @Test
    void overridesWithoutEffectAreRefused() {
        for (String keys : List.of("noise.spec_min=-4", "noise.spec_max=1", "range.median_hz=200")) {
            assertTrue(assertThrows(Problem.class, () -> new Overrides("dataset", "training.lr=1e-4," + keys)
                            .refuseWhatIsFound())
                    .getMessage()
                    .contains(keys.split("=")[0]));
        }
        for (String keys : List.of("project=x", "steps=5")) {
            assertTrue(assertThrows(Problem.class, () -> new Overrides("dataset", keys).refuseProjectAndSteps())
                    .getMessage()
                    .contains(keys.split("=")[0]));
        }
        new Overrides("dataset", "training.steps=5,infer.steps=3").refuseProjectAndSteps();
        assertEquals(List.of("a.b", "c"), new Overrides("dataset", " a.b = 1 2,c").keys());
    }
}
