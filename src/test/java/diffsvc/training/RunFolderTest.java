package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PredictionKind;
import diffsvc.testing.Golden;
import diffsvc.voice.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A voice is never the price of a training, nor a checkpoint: what a run may begin from, replace and remove. */
class RunFolderTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=8,"
                    + "wavenet.residual_layers=2,training.batch=2,training.crop_frames=30,noise.steps=40,"
                    + "training.ema_decay=0.9");
    private static final Path PYTHON = Golden.ckpt("svc_ckpt");

    @TempDir
    Path home;

    private NDManager manager;
    private TrainingRun run;
    private RunFolder folder;
    private final List<String> notes = new ArrayList<>();

    @BeforeEach
    void begin() {
        manager = NDManager.newBaseManager();
        run = new TrainingRun(manager, HPARAMS, toy());
        folder = new RunFolder(home.resolve("models/toy"));
    }

    @AfterEach
    void end() {
        run.close();
        manager.close();
    }

    private static Dataset toy() {
        float[] mel = new float[70 * 8], units = new float[42 * 6], f0 = new float[70];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = -2 + (i % 7) * 0.1f;
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (i % 5) - 2;
        }
        Arrays.fill(f0, 200);
        return Dataset.of(List.of(Clip.of("toy", mel, 8, List.of(units), 6, f0)));
    }

    /** Names below a folder, those that begin with a dot left out. */
    private static TreeSet<String> names(Path folder) throws IOException {
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString())
                    .filter(n -> !n.startsWith("."))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static String refused(org.junit.jupiter.api.function.Executable work) {
        return assertThrows(Problem.class, work).getMessage();
    }

    private Path save(int updates, int keep, int keepEvery) {
        for (int i = 0; i < updates; i++) {
            run.update();
        }
        return folder.save(run, new Checkpoints(folder.home(), keep, keepEvery), notes::add);
    }

    /** A voice that came from elsewhere, of 500 steps. */
    private Map<String, byte[]> stranger() throws IOException {
        try (TrainingRun other = new TrainingRun(manager, HPARAMS.steps(500), toy())) {
            other.saveVoice(home.resolve("elsewhere"));
        }
        Files.createDirectories(folder.voice());
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : List.of(
                "embedding_model_steps_500.pt", "wavenet_model_steps_500.pt", "mel_range.yaml", "hparams.yaml")) {
            Files.copy(home.resolve("elsewhere").resolve(name), folder.voice().resolve(name));
            files.put(name, Files.readAllBytes(folder.voice().resolve(name)));
        }
        return files;
    }

    @Test
    void aVoiceWithoutARunIsNoPlaceToBegin() throws IOException {
        Map<String, byte[]> voice = stranger();
        Checkpoints checkpoints = folder.checkpoints(HPARAMS);
        String said = refused(() -> folder.requireBeginning(checkpoints, "toy"));
        assertTrue(said.contains("--from toy") && said.contains("embedding_model_steps_500.pt"), said);
        assertEquals(voice.keySet(), names(folder.voice()));
        Files.delete(folder.voice().resolve("embedding_model_steps_500.pt"));
        Files.delete(folder.voice().resolve("wavenet_model_steps_500.pt"));
        assertTrue(
                refused(() -> folder.requireBeginning(checkpoints, "toy")).contains("hparams.yaml"),
                "its weights may lie elsewhere");
        HparamsYaml.write(folder.voice().resolve("hparams.yaml"), HPARAMS);
        folder.requireBeginning(checkpoints, "toy"); // settings for a voice to come
    }

    @Test
    void aVoiceThatTheRunDidNotWriteStaysForEver() throws IOException {
        Map<String, byte[]> voice = stranger();
        folder.begin();
        save(1, 1, 0);
        byte[] hparams = voice.remove("hparams.yaml");
        assertArrayEquals(hparams, Files.readAllBytes(folder.voice().resolve("hparams_steps_500.yaml")));
        assertEquals(1, HparamsYaml.read(folder.voice().resolve("hparams.yaml")).steps());
        save(1, 1, 0);
        assertEquals(
                new TreeSet<>(List.of(
                        "embedding_model_steps_2.pt",
                        "wavenet_model_steps_2.pt",
                        "embedding_model_steps_500.pt",
                        "wavenet_model_steps_500.pt",
                        "hparams.yaml",
                        "hparams_steps_500.yaml",
                        "mel_range.yaml",
                        "training")),
                names(folder.voice()));
        for (Map.Entry<String, byte[]> e : voice.entrySet()) {
            assertArrayEquals(e.getValue(), Files.readAllBytes(folder.voice().resolve(e.getKey())));
        }
        // what somebody put in place of a file of the run is not the run's, nor are settings that somebody edited
        Path weights = folder.voice().resolve("wavenet_model_steps_2.pt"),
                yaml = folder.voice().resolve("hparams.yaml");
        Files.write(weights, voice.get("wavenet_model_steps_500.pt"));
        Files.writeString(yaml, Files.readString(yaml) + "# mine\n");
        save(1, 1, 0);
        assertArrayEquals(voice.get("wavenet_model_steps_500.pt"), Files.readAllBytes(weights));
        assertTrue(Files.exists(folder.voice().resolve("embedding_model_steps_2.pt")), "a pair stays whole");
        assertTrue(
                Files.readString(folder.voice().resolve("hparams_steps_2.yaml")).endsWith("# mine\n"));
        // nor is what an earlier run left, once another begins
        folder.begin();
        save(1, 1, 0);
        assertTrue(Files.exists(folder.voice().resolve("wavenet_model_steps_3.pt"))
                && Files.exists(folder.voice().resolve("hparams_steps_3.yaml")));
    }

    @Test
    void weightsOfTheSameNameAreNotReplaced() throws IOException {
        Map<String, byte[]> voice = stranger();
        run.from(
                folder.voice().resolve("embedding_model_steps_500.pt"),
                folder.voice().resolve("wavenet_model_steps_500.pt"),
                499);
        String said = refused(() -> save(1, 1, 0));
        assertTrue(said.contains("embedding_model_steps_500.pt") && said.contains("did not write"), said);
        for (Map.Entry<String, byte[]> e : voice.entrySet()) {
            assertArrayEquals(e.getValue(), Files.readAllBytes(folder.voice().resolve(e.getKey())));
        }
        assertTrue(Files.exists(folder.checkpoints(HPARAMS).file(500)), "the run itself can go on");
    }

    @Test
    void whatIsDamagedIsSetAsideAndCountsForNothing() throws IOException {
        for (int i = 0; i < 3; i++) {
            save(1, 3, 0);
        }
        Checkpoints checkpoints = folder.checkpoints(HPARAMS);
        Map<Long, byte[]> good = new LinkedHashMap<>();
        for (long step : List.of(3L, 2L, 1L)) {
            good.put(step, Files.readAllBytes(checkpoints.file(step)));
        }
        Files.write(checkpoints.file(3), Arrays.copyOf(good.get(3L), 1000));
        Files.writeString(folder.home().resolve("model_ckpt_steps_3.ckpt.unreadable"), "of another day");
        assertEquals(2, checkpoints.newest(notes::add).step());
        assertTrue(
                notes.size() == 1 && notes.get(0).contains("set aside as model_ckpt_steps_3.ckpt.unreadable-2"),
                notes.toString());
        assertEquals("of another day", Files.readString(folder.home().resolve("model_ckpt_steps_3.ckpt.unreadable")));
        assertEquals(List.of(2L, 1L), checkpoints.steps());
        // behind the newest one, which alone is read at the start: the good ones stay
        Files.write(checkpoints.file(2), Arrays.copyOf(good.get(2L), 1000));
        Files.write(checkpoints.file(3), good.get(3L));
        save(1, 3, 0);
        assertEquals(List.of(4L, 3L, 1L), checkpoints.steps());
        save(1, 2, 0);
        assertEquals(List.of(5L, 4L), checkpoints.steps());
    }

    @Test
    void whenNoCheckpointCanBeReadNothingBeginsAtZero() throws IOException {
        save(1, 3, 0);
        save(1, 3, 0);
        Checkpoints checkpoints = folder.checkpoints(HPARAMS);
        for (long step : checkpoints.steps()) {
            Files.write(checkpoints.file(step), new byte[1000]);
        }
        TreeSet<String> voice = names(folder.voice());
        for (int attempt = 0; attempt < 3; attempt++) {
            assertNull(checkpoints.newest(notes::add));
            String said = refused(() -> folder.requireBeginning(checkpoints, "toy"));
            assertTrue(
                    said.contains("none that can be read")
                            && said.contains("model_ckpt_steps_1.ckpt.unreadable, model_ckpt_steps_2.ckpt.unreadable")
                            && said.contains("--from toy"),
                    said);
            assertEquals(voice, names(folder.voice()));
        }
        assertEquals(2, notes.size());
        for (String name : List.of("embedding_model_steps_2.pt", "wavenet_model_steps_2.pt", "hparams.yaml")) {
            Files.delete(folder.voice().resolve(name));
        }
        assertTrue(refused(() -> folder.requireBeginning(checkpoints, "toy")).contains("move this folder elsewhere"));
    }

    @Test
    void whatMayNotBeReadIsNoDamage() throws IOException {
        save(1, 3, 0);
        Checkpoints checkpoints = folder.checkpoints(HPARAMS);
        // bytes that do not come, for root as well
        Files.createDirectories(checkpoints.file(7));
        String said = refused(() -> checkpoints.newest(notes::add));
        assertTrue(said.contains("model_ckpt_steps_7.ckpt") && said.contains("it stays as it is"), said);
        assertTrue(Files.isDirectory(checkpoints.file(7)) && notes.isEmpty());
        // nor does it keep a run from saving
        save(1, 3, 0);
        assertTrue(Files.isDirectory(checkpoints.file(7)));
    }

    @Test
    void theCheckpointJustSavedIsThereAndSoIsPythons() throws IOException {
        Files.createDirectories(folder.home());
        Checkpoints checkpoints = new Checkpoints(folder.home(), 1, 0);
        save(1, 1, 0);
        Files.copy(checkpoints.file(1), checkpoints.file(900));
        Files.copy(PYTHON, checkpoints.file(Golden.steps(PYTHON)));
        Path saved = save(1, 1, 0);
        assertEquals(checkpoints.file(2), saved);
        assertEquals(2, TrainingState.read(saved).step());
        assertEquals(List.of(Golden.steps(PYTHON), 2L), checkpoints.steps());
        assertArrayEquals(Files.readAllBytes(PYTHON), Files.readAllBytes(checkpoints.file(Golden.steps(PYTHON))));
    }

    @Test
    void aWeightThatIsNoNumberGoesIntoNoFile() throws IOException {
        save(1, 3, 0);
        TreeSet<String> before = names(folder.voice()), kept = names(folder.home());
        run.update();
        run.training().wavenet().weights().get("skip_projection.weight").muli(Float.POSITIVE_INFINITY);
        String said = refused(() -> save(0, 3, 0));
        assertTrue(said.contains("denoise_fn.skip_projection.weight") && said.contains("step 2"), said);
        assertEquals(before, names(folder.voice()));
        assertEquals(kept, names(folder.home()));
        Map<String, TorchTensor> weights =
                new LinkedHashMap<>(run.training().optimizer().weights());
        assertTrue(refused(() -> VoiceWriter.save(
                        folder.voice(),
                        HPARAMS.steps(2),
                        weights,
                        run.training().noise(),
                        run.training().range()))
                .contains("skip_projection"));
        assertEquals(before, names(folder.voice()));
    }

    @Test
    void aWeightThatIsNoNumberComesOutOfNoFile() throws IOException {
        save(1, 3, 0);
        Path pair = folder.voice().resolve("wavenet_model_steps_1.pt"),
                embedding = folder.voice().resolve("embedding_model_steps_1.pt");
        Map<String, TorchTensor> weights =
                new LinkedHashMap<>(StateDict.read(pair).tensors());
        weights.put(
                "denoise_fn.input_projection.bias", TorchTensor.of(new float[] {1, Float.NaN, 0, 0, 0, 0, 0, 0}, 8));
        Path spoilt = home.resolve("spoilt.pt");
        TorchFile.write(spoilt, weights);
        assertTrue(refused(() -> run.from(embedding, spoilt, 1)).contains("NaN in denoise_fn.input_projection.bias"));
        TrainingState good = TrainingState.read(folder.checkpoints(HPARAMS).file(1));
        Map<String, TorchTensor> moments = new LinkedHashMap<>(good.second());
        moments.put(
                "denoise_fn.input_projection.bias",
                TorchTensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, Float.NEGATIVE_INFINITY}, 8));
        TrainingState bad = new TrainingState(
                1, 1, good.lr(), 1, good.buffers(), good.weights(), good.first(), moments, good.average());
        assertTrue(refused(() -> run.resume(bad)).contains("-Infinity in denoise_fn.input_projection.bias"));
    }

    @Test
    void theRoomIsKnownBeforeTheWork() throws IOException {
        Path file = save(1, 3, 0);
        long needed = Files.size(file)
                + Files.size(folder.voice().resolve("wavenet_model_steps_1.pt"))
                + Files.size(folder.voice().resolve("embedding_model_steps_1.pt"));
        assertTrue(
                RunFolder.bytes(run) >= needed && RunFolder.bytes(run) < needed + (1 << 20),
                RunFolder.bytes(run) + " for " + needed);
        folder.requireRoom(run);
        assertNotNull(folder.checkpoints(HPARAMS).newest(notes::add));
    }

    @Test
    void aRunThatMadeNoUpdateLeavesWhatIsThere() throws IOException {
        Path file = save(1, 3, 0);
        Checkpoints checkpoints = folder.checkpoints(HPARAMS);
        Path yaml = folder.voice().resolve("hparams.yaml");
        Files.writeString(yaml, Files.readString(yaml) + "# mine\n");
        Files.copy(PYTHON, file, StandardCopyOption.REPLACE_EXISTING);
        assertEquals(file, folder.finish(run, checkpoints, 1, notes::add));
        assertArrayEquals(Files.readAllBytes(PYTHON), Files.readAllBytes(file));
        assertTrue(Files.readString(yaml).endsWith("# mine\n"));
        // a kill came before the voice was whole
        Files.delete(yaml);
        folder.finish(run, checkpoints, 1, notes::add);
        assertEquals(1, HparamsYaml.read(yaml).steps());
    }

    @Test
    void aFileIsNoFolderAndALinkIsNobodysToRemove() throws IOException {
        Files.createDirectories(home.resolve("models"));
        Path file = Files.writeString(home.resolve("models/file"), "x");
        assertTrue(refused(() -> new RunFolder(file)).contains("a file"));
        Path big = Files.createDirectories(home.resolve("big disk")), link = home.resolve("models/linked/training");
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, big);
        RunLock.of(new RunFolder(home.resolve("models/linked")).home()).close();
        assertTrue(Files.isSymbolicLink(link) && Files.isDirectory(big));
    }

    @Test
    void keysThatSomethingElseDecidesAreRefused() {
        Hparams made = Arg2Hparams.apply(HPARAMS, "dataset.key_shifts=2,noise.spec_min=-4");
        RunSettings fresh = RunSettings.fresh(made, "toy"),
                goesOn = RunSettings.fromCheckpoint(made, made, "toy"),
                voice =
                        RunSettings.fromVoice(
                                made, Arg2Hparams.apply(HPARAMS, "noise.max_beta=0.05,noise.spec_min=-3"), "toy");
        for (String key : List.of(
                "audio.fmin_hz=60",
                "hubert.file=other.pt",
                "dataset.key_shifts=3",
                "pitch.extractor=crepe",
                "pitch.f0_min_hz=50",
                "pitch.f0_max_hz=900",
                "project=x",
                "steps=3")) {
            for (RunSettings settings : List.of(fresh, goesOn, voice)) {
                String said = refused(() -> settings.with("training.lr=1e-4," + key));
                assertTrue(said.contains(key.split("=")[0]), said);
            }
        }
        for (String key : List.of(
                "noise.steps=50",
                "noise.schedule=cosine",
                "noise.max_beta=0.3",
                "noise.spec_min=-9",
                "noise.spec_max=3",
                "training.warm_start=true")) {
            assertNotNull(fresh.with(key));
            assertTrue(refused(() -> goesOn.with(key)).contains("the checkpoint"));
            assertTrue(refused(() -> voice.with(key)).contains("the voice"));
        }
        assertEquals(
                0.05,
                voice.with("noise.max_beta=0.05,audio.fmin_hz=40", 7).noise().maxBeta(),
                "what says the same is no conflict");
        assertEquals(List.of(-3.0), voice.base().noise().specMin());
        assertTrue(refused(() -> fresh.with("training.steps=5", 7)).contains("--steps"));
        assertEquals(7, fresh.with("infer.steps=3", 7).training().steps());
        assertTrue(
                refused(() -> RunSettings.fromVoice(made, Arg2Hparams.apply(HPARAMS, "audio.hop_samples=256"), "toy"))
                        .contains("audio.hop_samples"));
        Hparams one = Arg2Hparams.apply(made, "hubert.sha256=aa"), other = Arg2Hparams.apply(made, "hubert.sha256=bb");
        assertTrue(refused(() -> RunSettings.fromCheckpoint(one, other, "toy")).contains("encoder"));
        Hparams whisper = Arg2Hparams.apply(made, "hubert.kind=whisper");
        assertTrue(refused(() -> RunSettings.fromVoice(made, whisper, "toy"))
                .contains("hubert.kind=hubert_soft where the voice has whisper"));
        assertFalse(
                RunSettings.fromCheckpoint(one, made, "toy").base().project().isEmpty());
    }

    /** What a run writes in a toy of another prediction: its checkpoint and its voice. */
    private TrainingRun edm() {
        run.close();
        run = new TrainingRun(manager, Arg2Hparams.apply(HPARAMS, "noise.prediction=edm,noise.sigma_data=0.2"), toy());
        return run;
    }

    private static final StatedPrediction EDM = new StatedPrediction(PredictionKind.EDM, 0.2);

    private Path dataset(String overrides) {
        Path data = home.resolve("data/toy");
        HparamsYaml.write(data.resolve("hparams.yaml"), Arg2Hparams.apply(HPARAMS, overrides));
        return data;
    }

    @Test
    void aRunKeepsWhatItPredictsAndSaysSoInItsFiles() throws IOException {
        Files.createDirectories(home.resolve("data/toy"));
        edm();
        Path checkpoint = save(2, 3, 0);
        assertEquals(EDM, TrainingState.read(checkpoint).prediction());
        assertEquals(
                Optional.of(EDM),
                StatedPrediction.in(StateDict.read(folder.voice().resolve("wavenet_model_steps_2.pt"))));
        assertEquals(
                EDM,
                StatedPrediction.of(
                        HparamsYaml.read(folder.voice().resolve("hparams.yaml")).noise()));
        // the run's hparams.yaml is missing, and the dataset's says eps
        RunStart again = RunStart.in(folder, dataset("training.steps=9"), "toy", notes::add);
        assertEquals(EDM, StatedPrediction.of(again.settings().base().noise()));
        assertTrue(notes.get(notes.size() - 1).contains("predicts edm, sigma_data 0.2"), notes.toString());
        assertEquals(List.of(), again.notes(again.with("")));
        String said = refused(() -> again.with("noise.prediction=v"));
        assertTrue(said.contains("the noise.prediction of the run, edm") && said.contains("--from"), said);
        assertTrue(refused(() -> again.with("noise.sigma_data=0.3")).contains("sigma_data 0.3"));
    }

    private static double value(Map<String, TorchTensor> tensors, String name) {
        return tensors.get(name).toFloats()[0];
    }

    @Test
    void anotherRunMayLearnToPredictSomethingElse() throws IOException {
        Files.createDirectories(home.resolve("data/toy"));
        Path checkpoint = save(3, 3, 0), data = dataset("training.steps=9");
        ModelFiles.Pair voice = ModelFiles.in(home.resolve("models")).project("toy");
        RunFolder other = new RunFolder(home.resolve("models/other"));
        for (RunStart start : List.of(
                RunStart.from(other, data, "other", voice, notes::add),
                RunStart.from(other, data, "other", checkpoint, notes::add))) {
            assertEquals(List.of(), start.notes(start.with("")));
            Hparams asked = start.with("noise.prediction=edm,noise.sigma_data=0.2");
            String note = start.notes(asked).get(0);
            assertTrue(note.contains("predict eps") && note.contains("predict edm, sigma_data 0.2"), note);
            try (TrainingRun next = start.open(manager, asked, toy())) {
                assertEquals(0, next.training().optimizer().updates(), "moments of another task");
                assertEquals(3, next.step());
                String name = "denoise_fn.skip_projection.weight";
                double average = value(next.training().optimizer().weights(), name);
                for (int i = 0; i < 2; i++) { // the share of the old weights fades as at the beginning of a run
                    next.update();
                    double decay = (1.0 + i) / (10 + i);
                    average = decay * average
                            + (1 - decay) * value(next.training().optimizer().weights(), name);
                }
                assertEquals(average, value(next.training().optimizer().averages(), name), 1e-6);
                TrainingState state = next.state();
                assertEquals(EDM, state.prediction());
                assertEquals(2, state.updates());
            }
        }
    }

    @Test
    void aRunFromAVoiceKeepsItsPrediction() throws IOException {
        Files.createDirectories(home.resolve("data/toy"));
        edm();
        Path checkpoint = save(1, 3, 0);
        // as a config of the Python project, which has no such key
        HparamsYaml.write(folder.voice().resolve("hparams.yaml"), HPARAMS.steps(1));
        ModelFiles.Pair voice = ModelFiles.in(home.resolve("models")).project("toy");
        RunFolder other = new RunFolder(home.resolve("models/other"));
        Path data = dataset("training.steps=9");
        for (RunStart start : List.of(
                RunStart.from(other, data, "other", voice, notes::add),
                RunStart.from(other, data, "other", checkpoint, notes::add))) {
            assertEquals(EDM, StatedPrediction.of(start.with("").noise()));
            assertTrue(start.notes(start.with("noise.prediction=eps")).get(0).contains("predict edm"));
        }
    }

    @Test
    void sigmaDataWithoutEdmIsRefused() {
        RunSettings fresh = RunSettings.fresh(HPARAMS, "toy");
        assertTrue(refused(() -> fresh.with("noise.sigma_data=0.3")).contains("noise.prediction=edm"));
        assertEquals(
                0.3,
                fresh.with("noise.sigma_data=0.3,noise.prediction=edm").noise().sigmaData());
    }

    /** The file's schedule and range hold, whatever the settings say. */
    @Test
    void aVoicesScheduleGoesWithItsWeights() {
        save(1, 3, 0);
        Hparams other = Arg2Hparams.apply(HPARAMS, "noise.max_beta=0.001,noise.spec_min=-7");
        try (TrainingRun next = TrainingRun.fromVoice(
                manager,
                other,
                toy(),
                folder.voice().resolve("embedding_model_steps_1.pt"),
                folder.voice().resolve("wavenet_model_steps_1.pt"),
                1)) {
            assertEquals(
                    run.training().noise().buffers(), next.training().noise().buffers());
            assertEquals(
                    run.training().range().buffers(), next.training().range().buffers());
            assertEquals(1, next.step());
        }
    }
}
