package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.checkpoint.TorchFile;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Hparams;
import diffsvc.testing.Allocator;
import diffsvc.testing.DemoCopy;
import diffsvc.testing.Interrupts;
import diffsvc.testing.Watched;
import diffsvc.training.MetricsCsv;
import diffsvc.training.RunFolder;
import diffsvc.training.RunLock;
import diffsvc.training.RunStart;
import diffsvc.training.TrainingLoop;
import diffsvc.training.TrainingRun;
import diffsvc.training.TrainingState;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

/** From recordings to a voice in processes of their own: stopped, killed, out of disk, out of memory, gone on with. */
@Tag("process")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrainCommandTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final String SMALL =
            "wavenet.residual_channels=16,wavenet.residual_layers=2,training.warm_start=false,training.batch=2,training.crop_frames=32,dataset.max_clip_seconds=3,"
                    + "dataset.valid_share=0.3,training.valid_every=0,training.save_every=2,training.ema_decay=0.9";

    @TempDir
    static Path home;

    private record Said(int code, String text) {}

    private final class Child {
        private final Watched process;

        Child(String before, String... args) throws IOException {
            this(ROOT, before, args);
        }

        Child(Path stands, String before, String... args) throws IOException {
            List<String> java = new ArrayList<>(List.of(
                    System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                    "-Xms32m",
                    "-Xmx256m",
                    "-XX:+UseSerialGC",
                    "-Ddiffsvc.home=" + home,
                    "-Dfile.encoding=UTF-8",
                    "-Dai.djl.offline=true",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "diffsvc.cli.Main"));
            java.addAll(List.of(args));
            List<String> command =
                    before.isEmpty() ? java : new ArrayList<>(List.of("sh", "-c", before + " exec \"$@\"", "sh"));
            if (!before.isEmpty()) {
                command.addAll(java);
            }
            ProcessBuilder builder = new ProcessBuilder(Interrupts.receivedBy(command)).directory(stands.toFile());
            builder.environment().putAll(Allocator.KEEPS);
            process = new Watched(builder);
        }

        String text() {
            return process.text();
        }

        void until(String word) throws Exception {
            process.until(word);
        }

        void press() throws Exception {
            Interrupts.press(process.process());
        }

        Said end() throws Exception {
            return new Said(process.end(), text());
        }
    }

    private Said diffsvc(String... args) throws Exception {
        return new Child("", args).end();
    }

    private static void done(Said said, String... words) {
        assertEquals(0, said.code(), said.text());
        for (String word : words) {
            assertTrue(said.text().contains(word), word + " in: " + said.text());
        }
    }

    private static void refused(Said said, String... words) {
        assertEquals(2, said.code(), said.text());
        assertFalse(said.text().contains("\tat "), said.text());
        for (String word : words) {
            assertTrue(said.text().contains(word), word + " in: " + said.text());
        }
    }

    @BeforeAll
    void recordings() throws Exception {
        Files.createDirectories(home.resolve("models/demo"));
        for (String name : List.of("hparams.yaml", "mel_range.yaml")) {
            Files.copy(
                    ROOT.resolve("models/demo").resolve(name),
                    home.resolve("models/demo").resolve(name));
        }
        DemoCopy.encoder(home);
        Path raw = Files.createDirectories(home.resolve("내 목소리"));
        for (int i = 0; i < 4; i++) {
            float[] x = new float[44100 * 2];
            double phase = 0;
            for (int n = 0; n < x.length; n++) {
                phase += 2 * Math.PI * (180 + 20 * i) * Math.pow(2, 0.03 * Math.sin(n / 1400.0)) / 44100;
                for (int h = 1; h <= 15; h++) {
                    x[n] += (float) (0.2 * Math.sin(h * phase) / h);
                }
            }
            WaveWriter.write(raw.resolve("take " + i + (i % 2 == 0 ? ".wav" : ".flac")), Wave.mono(x, 44100));
        }
        done(
                diffsvc("preprocess", raw.toString(), "--project", "voice", "--hparams", SMALL),
                "train      3 clips of 3 recordings",
                "valid      1 clip of 1 recording, ",
                "wrote      data/voice",
                "hparams.yaml, mel_range.yaml");
        assertTrue(
                Table.read().csv(home.resolve("data/voice/report.csv").toFile()).rowCount() == 4);
        done(
                diffsvc("preprocess", raw.toString(), "--project", "voice", "--hparams", SMALL),
                "(already there: 4 recordings)");
    }

    @BeforeEach
    void nothingTrained() throws IOException {
        for (String project : new String[] {"voice", "library"}) {
            Path models = home.resolve("models").resolve(project);
            if (Files.exists(models)) {
                try (Stream<Path> walk = Files.walk(models)) {
                    walk.sorted(Comparator.reverseOrder())
                            .forEach(p -> p.toFile().delete());
                }
            }
        }
    }

    private Path training() {
        return home.resolve("models/voice/training");
    }

    private List<Long> checkpoints() throws IOException {
        try (Stream<Path> list = Files.list(training())) {
            return list.map(p -> p.getFileName().toString())
                    .filter(n -> n.matches("model_ckpt_steps_\\d+\\.ckpt"))
                    .map(n -> Long.parseLong(n.replaceAll("\\D", "")))
                    .sorted()
                    .toList();
        }
    }

    /** Loss and norms of each step, as text: equal text is equal to the bit. */
    private Map<Long, String> ledger() throws IOException {
        return ledger(training());
    }

    private static Map<Long, String> ledger(Path training) throws IOException {
        Map<Long, String> lines = new HashMap<>();
        Files.readAllLines(training.resolve("ledger.csv")).stream()
                .skip(1)
                .map(l -> l.split(",", -1))
                .forEach(c -> assertEquals(
                        null,
                        lines.put(
                                Long.parseLong(c[0]),
                                String.join(",", List.of(c).subList(1, 7))),
                        "step " + c[0] + " once"));
        return lines;
    }

    @Test
    void aRunIsTrainedResumedAndSaved() throws Exception {
        done(
                diffsvc(
                        "train",
                        "--project",
                        "voice",
                        "--steps",
                        "7",
                        "--hparams",
                        "training.valid_every=3,training.keep=2,training.keep_every=4"),
                "begin      step 0 of 7",
                "saved      step 7");
        assertEquals(List.of(4L, 6L, 7L), checkpoints(), "the newest two, and every fourth");
        Table table = MetricsCsv.table(training().resolve("ledger.csv"));
        assertEquals(7, table.rowCount());
        assertEquals(5, table.doubleColumn("valid_loss").countMissing(), "validated at 3 and 6");
        table.doubleColumn("embedding_norm").forEach(v -> assertTrue(v >= 0));
        assertTrue(table.doubleColumn("embedding_norm").get(3) > 0
                && table.doubleColumn("wavenet_norm").get(3) > 0
                && table.doubleColumn("memory_mib").get(0) > 100);
        for (String end : new String[] {".png", ".wav"}) {
            assertTrue(Files.size(training().resolve("validation/step_6_clip_0" + end)) > 1000);
        }
        done(
                diffsvc("train", "--project", "voice", "--resume", "--steps", "9"),
                "resume     step 7 of 9",
                "saved      step 9");
        done(
                diffsvc("train", "--project", "voice", "--steps", "8"),
                "resume     step 9 of 8",
                "note       no update is left; give --steps above 9 to go on");
        assertEquals(9, ledger().size());
        Map<Long, String> parts = ledger();
        assertTrue(Files.exists(home.resolve("models/voice/wavenet_model_steps_9.pt"))
                && !Files.exists(home.resolve("models/voice/wavenet_model_steps_7.pt")));
        // the same in one go, in another folder's name
        nothingTrained();
        done(diffsvc("train", "--project", "voice", "--steps", "9", "--hparams", "training.valid_every=3"));
        assertEquals(ledger(), parts);
        // a voice can be used
        done(
                diffsvc(
                        "infer",
                        home.resolve("내 목소리/take 0.wav").toString(),
                        "--project",
                        "voice",
                        "--out",
                        home.resolve("out.wav").toString(),
                        "--sampler",
                        "plms",
                        "--steps",
                        "5"),
                "wrote");
        // and begun from, under its own mel range
        done(
                diffsvc(
                        "train",
                        "--project",
                        "other",
                        "--data",
                        home.resolve("data/voice").toString(),
                        "--from",
                        "voice",
                        "--steps",
                        "11"),
                "from       voice voice, step 9 of 11");
        Map<?, ?>
                first =
                        (Map<?, ?>) ((Map<?, ?>) TorchFile.read(training().resolve("model_ckpt_steps_9.ckpt")))
                                .get("state_dict"),
                other =
                        (Map<?, ?>) ((Map<?, ?>)
                                        TorchFile.read(home.resolve("models/other/training/model_ckpt_steps_11.ckpt")))
                                .get("state_dict");
        assertEquals(first.get("model.spec_min"), other.get("model.spec_min"));
    }

    /** How many drafts of files a run begins before it is killed, round after round. */
    private static final int[] DRAFTS = {1, 2, 3, 4, 6, 9};

    /**
     * Kills a run as soon as it has begun the draft of that number, while it writes it: what is being saved is what a
     * kill could spoil, and saves take most of the time here.
     */
    private boolean whileItWrites(Child child, int drafts) throws Exception {
        try (WatchService watch = training().getFileSystem().newWatchService()) {
            training().register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            for (int seen = 0; seen < drafts; ) {
                WatchKey key = watch.poll(3, TimeUnit.MINUTES);
                if (key == null) {
                    return false; // it ended before
                }
                for (WatchEvent<?> event : key.pollEvents()) {
                    seen += event.context().toString().contains(".part") ? 1 : 0;
                }
                key.reset();
            }
        }
        boolean alive = child.process.process().isAlive();
        child.process.process().destroyForcibly(); // SIGKILL
        child.process.end();
        return alive;
    }

    /** A notebook's few lines and the command make the same files, and each resumes what the other began. */
    @Test
    void theLibraryTrainsAsTheCommandDoes() throws Exception {
        String keys = "training.valid_every=3,training.keep=2,training.keep_every=4";
        done(diffsvc("train", "--project", "voice", "--steps", "4", "--hparams", keys));
        Path set = home.resolve("data/voice");
        for (String project : new String[] {"voice", "library"}) {
            RunFolder folder = new RunFolder(home.resolve("models").resolve(project));
            try (NDManager manager = NDManager.newBaseManager();
                    RunLock lock = RunLock.of(folder.home())) {
                RunStart start = RunStart.in(folder, set, project, text -> {});
                Hparams hparams = start.with(keys, 9);
                try (TrainingRun run = start.open(manager, hparams, Dataset.open(set))) {
                    assertEquals(project.equals("voice") ? 4 : 0, run.step());
                    new TrainingLoop(run, folder).until(6);
                }
            }
            done(diffsvc("train", "--project", project, "--data", set.toString()), "resume     step 6 of 9");
        }
        Map<String, byte[]> voice = files(home.resolve("models/voice")),
                library = files(home.resolve("models/library"));
        byte[] own = voice.remove("hparams.yaml");
        assertEquals(
                new String(own, StandardCharsets.UTF_8).replace("voice", "library"),
                new String(library.remove("hparams.yaml"), StandardCharsets.UTF_8));
        same(voice, library);
        Map<Long, String> rows = ledger();
        assertEquals(9, rows.size());
        assertEquals(rows, ledger(home.resolve("models/library/training")));
    }

    @Test
    void aKillAtAnyInstantLosesNothingThatWasSaved() throws Exception {
        done(diffsvc("train", "--project", "voice", "--steps", "60"));
        Map<Long, String> whole = ledger();
        byte[] voice = Files.readAllBytes(home.resolve("models/voice/wavenet_model_steps_60.pt"));
        nothingTrained();
        int kills = 0;
        long last = 0;
        for (int round = 0; round < 12 && last < 60; round++) {
            Child child = new Child("", "train", "--project", "voice", "--steps", "60");
            if (round < DRAFTS.length) {
                // begun, or resumed: a kill may come before the first checkpoint
                child.until(" of 60");
                if (whileItWrites(child, DRAFTS[round])) {
                    kills++;
                }
            } else {
                done(child.end());
            }
            if (!Files.isDirectory(training())) {
                continue;
            }
            for (long step : checkpoints()) {
                assertEquals(
                        step,
                        TrainingState.read(training().resolve("model_ckpt_steps_" + step + ".ckpt"))
                                .step(),
                        "what has a name is whole");
            }
            long newest = checkpoints().stream().mapToLong(s -> s).max().orElse(0);
            assertTrue(newest >= last, "from " + last + " back to " + newest);
            last = newest;
        }
        assertEquals(DRAFTS.length, kills);
        assertEquals(60, last);
        assertEquals(whole, ledger(), "every loss, to the bit");
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                voice, Files.readAllBytes(home.resolve("models/voice/wavenet_model_steps_60.pt")));
        try (Stream<Path> list = Files.list(training())) {
            assertTrue(list.noneMatch(p -> p.toString().contains(".part")), "what was half written is gone");
        }
        System.out.println("killed " + kills + " times: the losses of 60 steps are the uninterrupted run's");
    }

    @Test
    void aFullDiskIsReportedAndTheRunGoesOnWhenThereIsSpace() throws Exception {
        assumeTrue(
                Stream.of("/usr/bin/prlimit", "/bin/prlimit").anyMatch(p -> Files.isExecutable(Path.of(p))),
                "prlimit is needed to make space again");
        Child child = new Child(
                "ulimit -S -f 100;", "train", "--project", "voice", "--steps", "100000"); // no file above 50 or 100 KiB
        child.until("not saved");
        assertTrue(child.text().contains("disk") && child.text().contains("training continues"), child.text());
        assertEquals(List.of(), checkpoints());
        try (WatchService watch = training().getFileSystem().newWatchService()) {
            training().register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            assertEquals(
                    0,
                    new ProcessBuilder(
                                    "prlimit",
                                    "--pid",
                                    String.valueOf(child.process.process().pid()),
                                    "--fsize=unlimited")
                            .start()
                            .waitFor());
            while (checkpoints().isEmpty() && child.process.process().isAlive()) {
                WatchKey key = watch.poll(3, TimeUnit.MINUTES);
                assertNotNull(key, child.text());
                key.pollEvents();
                key.reset();
            }
        }
        assertFalse(checkpoints().isEmpty(), child.text());
        child.press();
        Said said = child.end();
        assertTrue(said.text().contains("stopped    step"), said.text());
        TrainingState.read(training()
                .resolve("model_ckpt_steps_" + checkpoints().get(checkpoints().size() - 1) + ".ckpt"));
    }

    @Test
    void aLimitOfTheWholeProcessIsKept() throws Exception {
        String sizes =
                "wavenet.residual_channels=192,wavenet.residual_layers=6,training.crop_frames=128,training.batch=0,training.valid_every=3,training.save_every=3,";
        Said tooLittle =
                diffsvc("train", "--project", "voice", "--steps", "2", "--max-memory", "200MiB", "--hparams", sizes);
        refused(tooLittle, "at least", "MiB", "--max-memory");
        assertFalse(Files.exists(home.resolve("models/voice")), "nothing is left behind");
        int least = Integer.parseInt(tooLittle.text().replaceAll("(?s).*give --max-memory (\\d+)MiB.*", "$1"));
        String small = least + 8 + "MiB", large = least + 180 + "MiB";
        for (String limit : new String[] {small, large}) {
            nothingTrained();
            Said said =
                    diffsvc("train", "--project", "voice", "--steps", "6", "--max-memory", limit, "--hparams", sizes);
            done(said, "batch      ", "limit " + limit.replace("MiB", " MiB"));
            long peak = Long.parseLong(said.text().replaceAll("(?s).*memory     (\\d+) MiB at the peak.*", "$1")),
                    most = Long.parseLong(limit.replace("MiB", ""));
            int batch = Integer.parseInt(said.text().replaceAll("(?s).*batch      (\\d+) clips.*", "$1"));
            System.out.println("train --max-memory " + limit + ": batch " + batch + ", peak " + peak + " MiB");
            assertTrue(peak <= most, said.text());
            assertTrue(batch > (limit.equals(large) ? 4 : 0), said.text());
        }
        // a batch that was asked for is shared out over more passes
        nothingTrained();
        done(
                diffsvc(
                        "train",
                        "--project",
                        "voice",
                        "--steps",
                        "2",
                        "--max-memory",
                        small,
                        "--hparams",
                        sizes.replace("training.batch=0", "training.batch=24")),
                "batches an update");
    }

    @Test
    void thePlanIsPrintedBeforeAnythingRuns() throws Exception {
        Said said = diffsvc("memory", "--project", "demo", "--seconds", "3", "--max-memory", "4GiB");
        done(said, "limit      4096 MiB", "GPU, untested", "31 %");
        for (String model :
                new String[] {"whisper", "crepe", "pe", "nsf_hifigan", "hifigan", "embedding", "wavenet", "pair"}) {
            assertTrue(said.text().lines().anyMatch(l -> l.startsWith(model + " ")), model + " in " + said.text());
        }
        refused(diffsvc("memory", "--max-memory", "300MiB"), "at least", "--max-memory");
        refused(diffsvc("memory", "--max-memory", "much"), "6GiB");
        refused(diffsvc("memory", "--project", "nobody"), "nobody");
        refused(diffsvc("memory", "--seconds", "-1"), "--seconds");
    }

    @Test
    void wrongInputIsOneSentence() throws Exception {
        refused(diffsvc("train", "--project", "nobody"), "data/nobody", "preprocess");
        refused(diffsvc("train", "--project", "voice", "--resume"), "leave --resume out");
        refused(diffsvc("train", "--project", "voice", "--from", "nobody"), "nobody");
        refused(diffsvc("train", "--project", "voice", "--from", "no.ckpt"), "no.ckpt");
        refused(diffsvc("train", "--project", "voice", "--hparams", "training.loss=l3"), "l1 or l2");
        refused(diffsvc("preprocess", home.resolve("nowhere").toString(), "--project", "x"), "nowhere");
        refused(diffsvc("preprocess", home.resolve("models").toString(), "--project", "x"), "no recording");
        done(diffsvc("train", "--project", "voice", "--steps", "2"));
        refused(diffsvc("train", "--project", "voice", "--from", "demo"), "leave --from out");
        Path ckpt = training().resolve("model_ckpt_steps_2.ckpt");
        byte[] bytes = Files.readAllBytes(ckpt);
        Files.write(ckpt, Arrays.copyOf(bytes, bytes.length - 3000));
        refused(diffsvc("train", "--project", "voice", "--resume"), "none that can be read");
        bytes[bytes.length / 2] ^= 16;
        Files.write(ckpt, bytes);
        refused(diffsvc("train", "--project", "voice", "--resume"), "none that can be read");
    }

    private static Map<String, byte[]> files(Path folder) throws IOException {
        Map<String, byte[]> all = new HashMap<>();
        try (Stream<Path> list = Files.list(folder)) {
            for (Path p : list.filter(Files::isRegularFile).toList()) {
                all.put(p.getFileName().toString(), Files.readAllBytes(p));
            }
        }
        return all;
    }

    private static void same(Map<String, byte[]> expected, Map<String, byte[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, b) -> org.junit.jupiter.api.Assertions.assertArrayEquals(b, actual.get(name), name));
    }

    @Test
    void aVoiceIsNeverThePriceOfATraining() throws Exception {
        done(diffsvc("train", "--project", "voice", "--steps", "2"));
        Path voice = home.resolve("models/voice");
        Map<String, byte[]> whole = files(voice);
        // damage to every checkpoint, seen again and again
        byte[] checkpoint = Files.readAllBytes(training().resolve("model_ckpt_steps_2.ckpt"));
        Files.write(training().resolve("model_ckpt_steps_2.ckpt"), Arrays.copyOf(checkpoint, 1000));
        for (int attempt = 0; attempt < 2; attempt++) {
            refused(
                    diffsvc("train", "--project", "voice", "--steps", "4"),
                    "model_ckpt_steps_2.ckpt.unreadable",
                    "--from voice");
            same(whole, files(voice));
            assertEquals(List.of(), checkpoints());
        }
        // a voice without a run
        try (Stream<Path> walk = Files.walk(training())) {
            walk.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
        }
        refused(diffsvc("train", "--project", "voice", "--steps", "4"), "--from voice", "wavenet_model_steps_2.pt");
        same(whole, files(voice));
        assertFalse(Files.exists(training()));
        refused(
                diffsvc("train", "--project", "voice", "--from", "voice", "--steps", "2"),
                "more steps than the voice has behind it, 2");
        done(
                diffsvc("train", "--project", "voice", "--from", "voice", "--steps", "5"),
                "from       voice voice, step 2 of 5",
                "saved      step 5, models/voice/training/model_ckpt_steps_5.ckpt");
        Map<String, byte[]> after = files(voice);
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                whole.remove("hparams.yaml"), after.get("hparams_steps_2.yaml"));
        whole.forEach((name, b) -> org.junit.jupiter.api.Assertions.assertArrayEquals(b, after.get(name), name));
        assertEquals(
                Set.of(
                        "embedding_model_steps_2.pt",
                        "wavenet_model_steps_2.pt",
                        "hparams_steps_2.yaml",
                        "embedding_model_steps_5.pt",
                        "wavenet_model_steps_5.pt",
                        "mel_range.yaml",
                        "hparams.yaml"),
                after.keySet());
    }

    @Test
    void pathsAreTakenFromWhereOneStands() throws Exception {
        done(diffsvc("train", "--project", "voice", "--steps", "1"));
        Path stands = Files.createDirectories(home.resolve("어딘가/here"));
        Files.copy(training().resolve("model_ckpt_steps_1.ckpt"), stands.resolve("model_ckpt_steps_1.ckpt"));
        Files.createSymbolicLink(stands.resolve("목소리"), home.resolve("models/voice"));
        done(
                new Child(
                                stands,
                                "",
                                "train",
                                "--project",
                                "of checkpoint",
                                "--data",
                                "../../data/voice",
                                "--from",
                                "model_ckpt_steps_1.ckpt",
                                "--steps",
                                "2")
                        .end(),
                "step 1 of 2");
        done(
                new Child(
                                stands,
                                "",
                                "train",
                                "--project",
                                "of folder",
                                "--data",
                                "../../data/voice",
                                "--from",
                                "./목소리",
                                "--steps",
                                "2")
                        .end(),
                "step 1 of 2");
        refused(
                new Child(stands, "", "train", "--project", "x", "--data", "data/voice").end(),
                stands.resolve("data/voice").toString());
        done(
                new Child(
                                stands,
                                "",
                                "preprocess",
                                "../../내 목소리",
                                "--project",
                                "voice",
                                "--out",
                                "묶음",
                                "--hparams-file",
                                "../../data/voice/hparams.yaml")
                        .end(),
                "어딘가/here/묶음");
        assertTrue(Files.exists(stands.resolve("묶음/index.json")));
        done(new Child(stands, "", "inspect", "model_ckpt_steps_1.ckpt", "--csv", "table.csv").end(), "wrote");
        assertTrue(Files.exists(stands.resolve("table.csv")));
    }

    @Test
    void numbersAndNamesAreCheckedBeforeTheWork() throws Exception {
        for (String[] wrong : new String[][] {
            {"--minutes", "NaN"},
            {"--minutes", "0"},
            {"--steps", "0"},
            {"--steps", "-3"},
            {"--max-memory", "0"},
            {"--max-memory", "0GiB"}
        }) {
            refused(diffsvc("train", "--project", "voice", wrong[0], wrong[1]), wrong[0]);
        }
        refused(
                diffsvc(
                        "train",
                        "--project",
                        "../../evil",
                        "--data",
                        home.resolve("data/voice").toString()),
                "project's name");
        refused(diffsvc("preprocess", home.resolve("내 목소리").toString(), "--project", "../../evil"), "project's name");
        refused(
                diffsvc(
                        "preprocess",
                        home.resolve("내 목소리").toString(),
                        "--project",
                        "voice",
                        "--hparams",
                        "noise.spec_min=-4"),
                "noise.spec_min");
        refused(
                diffsvc("train", "--project", "voice", "--steps", "3", "--hparams", "training.steps=4"),
                "training.steps");
        refused(
                diffsvc("train", "--project", "voice", "--hparams", "audio.hop_samples=256"),
                "audio.hop_samples",
                "preprocess again");
        assertFalse(Files.exists(home.resolve("models/voice")));
    }

    @Test
    void aFullDiskIsToldWithTheTimeOfTheNextTry() throws Exception {
        Said said = new Child("ulimit -S -f 100;", "train", "--project", "voice", "--steps", "6").end();
        refused(
                said,
                "training continues, the next try is at step 4",
                "training continues, the next try is at the end, step 6");
        assertFalse(said.text().contains("at step 8"), said.text());
    }

    @Test
    void twoRunsOfOneProjectDoNotMeet() throws Exception {
        Child first = new Child("", "train", "--project", "voice", "--steps", "100000");
        first.until("begin");
        refused(diffsvc("train", "--project", "voice", "--steps", "5"), "no other run");
        first.press();
        Said said = first.end();
        assertEquals(130, said.code(), said.text());
        assertTrue(said.text().contains("stopped    step"), said.text());
        done(diffsvc("train", "--project", "voice", "--steps", "1"), "resume");
    }
}
