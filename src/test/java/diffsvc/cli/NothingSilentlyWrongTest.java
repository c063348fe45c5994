package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Depth;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.hubert.UnitsFile;
import diffsvc.files.Sha256;
import diffsvc.hparams.HparamsYaml;
import diffsvc.random.KeyedRandom;
import diffsvc.tensor.Npz;
import diffsvc.testing.DemoCopy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Absurd input, damaged files and options without effect end in a sentence that names the cause, or are noted; one seed
 * gives one file.
 */
@Tag("conversion")
class NothingSilentlyWrongTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final double SECONDS = 0.6;
    private static final int UNITS = 30,
            WIDTH =
                    HparamsYaml.read(Path.of("models/demo/hparams.yaml"))
                            .embedding()
                            .unitWidth();

    @TempDir
    Path folder;

    private Path song;
    private String home;

    @BeforeEach
    void aSong() {
        home = System.getProperty("diffsvc.home");
        song = folder.resolve("song.wav");
        WaveWriter.write(
                song,
                WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                        .slice(0, SECONDS));
    }

    @AfterEach
    void home() {
        System.setProperty("diffsvc.home", home);
    }

    private Command infer(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "infer",
                song.toString(),
                "--steps",
                "2",
                "--sampler",
                "unipc2",
                "--out",
                folder.resolve("out.wav").toString()));
        if (!List.of(more).contains("--cache")) {
            args.add("--no-cache");
        }
        Arrays.stream(more).filter(a -> !a.equals("--cache")).forEach(args::add);
        return Command.run(args.toArray(String[]::new));
    }

    /** A project of our own with the demo voice. */
    private Path ownHome() throws IOException {
        Path own = folder.resolve("home");
        DemoCopy.into(own);
        System.setProperty("diffsvc.home", own.toString());
        return own;
    }

    private static Path one(Path voice, String start) throws IOException {
        try (Stream<Path> files = Files.list(voice)) {
            return files.filter(f -> f.getFileName().toString().startsWith(start))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** A checkpoint with one of its tensors changed. */
    private static String change(Path checkpoint, String ending, UnaryOperator<float[]> change) {
        Map<Object, Object> root = new LinkedHashMap<>(
                (Map<?, ?>) TorchFile.openUnmapped(checkpoint).root());
        String name = root.keySet().stream()
                .map(String::valueOf)
                .filter(k -> k.endsWith(ending))
                .findFirst()
                .orElseThrow();
        TorchTensor t = (TorchTensor) root.get(name);
        float[] values = change.apply(t.toFloats());
        root.put(name, TorchTensor.of(values, t.shape()));
        TorchFile.write(checkpoint, root);
        return name;
    }

    // --- units of another encoder

    private static byte[] npy(DataType type, long... shape) throws IOException {
        int n = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b), width = type == DataType.FLOAT64 ? 8 : 4;
        StringBuilder header =
                new StringBuilder("{'descr': '" + (width == 8 ? "<f8" : "<f4") + "', 'fortran_order': False, 'shape': "
                        + Arrays.toString(shape).replace('[', '(').replace("]", ",)") + ", }");
        while ((10 + header.length() + 1) % 64 != 0) {
            header.append(' ');
        }
        header.append('\n');
        ByteBuffer bytes = ByteBuffer.allocate(10 + header.length() + n * width).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length())
                .put(header.toString().getBytes(StandardCharsets.US_ASCII));
        Random random = new Random(7);
        for (int i = 0; i < n; i++) {
            float v = 2 * random.nextFloat() - 1;
            bytes = width == 8 ? bytes.putDouble(v) : bytes.putFloat(v);
        }
        return bytes.array();
    }

    @Test
    void theSameUnitsGiveTheSameBytesWhateverTheirTypeShapeAndFile() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("f4.npy", npy(DataType.FLOAT32, UNITS, WIDTH));
        files.put("f4_3d.npy", npy(DataType.FLOAT32, 1, UNITS, WIDTH));
        files.put("f8.npy", npy(DataType.FLOAT64, UNITS, WIDTH));
        files.put("f8_3d.npy", npy(DataType.FLOAT64, 1, UNITS, WIDTH));
        String first = null;
        for (Map.Entry<String, byte[]> e : files.entrySet()) {
            Path units = Files.write(folder.resolve(e.getKey()), e.getValue());
            for (int i = 0; i < 3; i++) {
                infer("--units", units.toString(), "--seed", "9").done();
                String now = Sha256.of(folder.resolve("out.wav"));
                first = first == null ? now : first;
                assertEquals(first, now, e.getKey() + ", run " + i);
            }
        }
        try (NDManager manager = NDManager.newBaseManager()) {
            Npz.write(
                    "test",
                    folder.resolve("u.npz"),
                    Map.of("units", UnitsFile.read(manager, folder.resolve("f4.npy"))));
        }
        infer("--units", folder.resolve("u.npz").toString(), "--seed", "9").done();
        assertEquals(first, Sha256.of(folder.resolve("out.wav")));
        infer("--seed", "9").done();
        assertNotEquals(first, Sha256.of(folder.resolve("out.wav")), "without units it is another file");
    }

    @Test
    void unitsOwnTheirMemory() throws IOException {
        Path file = Files.write(folder.resolve("u.npy"), npy(DataType.FLOAT32, 4000, WIDTH));
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray units = UnitsFile.read(manager, file);
            float[] before = units.toFloatArray();
            for (int i = 0; i < 20; i++) { // what nothing holds is freed, and handed out again with other values
                System.gc();
                ByteBuffer other = ByteBuffer.allocateDirect(4000 * WIDTH * 4);
                while (other.hasRemaining()) {
                    other.put((byte) 0xFF);
                }
                assertEquals(Arrays.hashCode(before), Arrays.hashCode(units.toFloatArray()), "round " + i);
            }
        }
    }

    private Path units(String name, int rows, UnaryOperator<Float> change) {
        Path file = folder.resolve(name);
        try (NDManager manager = NDManager.newBaseManager()) {
            float[] values = KeyedRandom.of(manager, 3, "units", 0)
                    .normal(new Shape(rows, WIDTH))
                    .toFloatArray();
            values[values.length / 2] = change.apply(values[values.length / 2]);
            Npz.write("test", file, Map.of("units", manager.create(values, new Shape(rows, WIDTH))));
        }
        return file;
    }

    @Test
    void absurdUnitsAreNamedBeforeAnyWork() {
        infer("--units", units("nan.npz", UNITS, v -> Float.NaN).toString())
                .refused("content", "nan.npz", "1 of " + UNITS * WIDTH + " values");
        infer("--units", units("huge.npz", UNITS, v -> 1e38f).toString()).refused("content", "huge.npz", "10000");
        infer("--units", units("few.npz", 1, v -> v).toString()).refused("few.npz", "units per second", "1 rows");
        infer("--units", units("many.npz", 7500, v -> v).toString())
                .refused("many.npz", "units per second", "7500 rows");
        infer("--units", units("double.npz", 2 * UNITS, v -> v).toString()).done("note", "units are 100.0 a second");
        infer("--units", units("fits.npz", UNITS, v -> v).toString()).done().without("a second");
        infer("--units", units("fits.npz", UNITS, v -> v).toString(), "--hparams", "hubert.heads=2")
                .refused("hubert", "--units");
    }

    @Test
    void aCurveOfAnotherSongIsRefusedAndOneOfHalfTheSongIsNoted() throws IOException {
        Path curve = Files.writeString(folder.resolve("c.csv"), "time,hz,voiced\n1000,220,true\n1001,220,true\n");
        infer("--f0", curve.toString()).refused("pitch", "c.csv", "0.60 s", "1000.00 to 1001.00 s");
        Files.writeString(curve, "time,hz,voiced\n-9,220,true\n-8,220,true\n");
        infer("--f0", curve.toString()).refused("c.csv", "-9.00 to -8.00 s");
        Files.writeString(curve, "time,hz,voiced\n0,220,true\n0.1,220,true\n0.2,220,true\n0.3,220,true\n");
        infer("--f0", curve.toString()).done("note", "covers 0.30 of 0.60 s");
        infer("--f0", curve.toString(), "--pitch", "praat").refused("--pitch", "--f0");
        Files.write(curve, new byte[] {(byte) 0xFF, (byte) 0xFE, 0, 1, (byte) 0x80});
        infer("--f0", curve.toString()).refused("c.csv", "UTF-8");
        infer("--f0", folder.toString()).refused("a folder");
    }

    // --- numbers

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--key|NaN|-48 to 48",
                "--key|Infinity|-48 to 48",
                "--key|-Infinity|-48 to 48",
                "--key|1e9|-48 to 48",
                "--key|48.5|-48 to 48",
                "--threads|0|from 1 to",
                "--threads|-1|from 1 to",
                "--threads|1000000|from 1 to",
                "--max-memory|0|16 MiB",
                "--max-memory|0GiB|16 MiB",
                "--max-memory|99999999999T|1024 TiB",
                "--max-memory|-1GiB|size",
                "--max-memory|NaN|size",
                "--steps|0|infer.steps",
                "--steps|-5|infer.steps",
                "--slice-db|NaN|slice_db",
                "--slice-db|Infinity|slice_db",
                "--sampler|euler|sampler",
                "--accelerate|0|--accelerate",
                "--accelerate|7|--accelerate",
                "--depth|12|depth",
                "--format|mp3|format"
            })
    void everyNumberHasBounds(String option, String value, String words) {
        Command said = option.equals("--accelerate")
                ? Command.run(
                        "infer",
                        song.toString(),
                        option,
                        value,
                        "--out",
                        folder.resolve("out.wav").toString())
                : option.equals("--steps") || option.equals("--sampler")
                        ? Command.run(
                                "infer",
                                song.toString(),
                                option + "=" + value,
                                "--out",
                                folder.resolve("out.wav").toString())
                        : infer(option + "=" + value);
        said.refused(words);
        assertFalse(Files.exists(folder.resolve("out.wav")));
    }

    // --- overrides

    @ParameterizedTest
    @ValueSource(
            strings = {
                "noise.steps=500",
                "noise.max_beta=0.5",
                "noise.schedule=cosine",
                "noise.spec_min=-4",
                "noise.spec_max=1",
                "training.lr=1e-3",
                "dataset.seed=3",
                "embedding.num_heads=4",
                "embedding.enc_layers=2",
                "vocoder.file=x.pt",
                "infer.add_noise_step=100",
                "project=f001",
                "steps=5"
            })
    void anOverrideWithoutEffectIsRefused(String override) {
        infer("--hparams", override).refused(override.split("=")[0], "effect");
    }

    @Test
    void aKeyOfTheVoicesFileThatHasNoEffectIsNoted() throws IOException {
        Path yaml = ownHome().resolve("models/demo/hparams.yaml");
        String text = Files.readString(yaml);
        assertTrue(text.contains("\nnoise:\n") && !text.contains("max_beta:"), text);
        Files.writeString(yaml, text.replace("\nnoise:\n", "\nnoise:\n  max_beta: 0.5\n"));
        infer().done("note", "noise.max_beta", "0.5", "the file wins");
        Files.writeString(yaml, text);
        infer("--overwrite").done().without("the file wins");
    }

    @Test
    void twoOptionsForOneSettingAreRefused() {
        infer("--key", "2", "--hparams", "infer.key=3").refused("infer.key", "--key");
        infer("--add-noise-step", "100").refused("--use-gt-mel");
        infer("--hparams", "infer.steps=3").refused("infer.steps", "--steps is given");
        infer("--seed", "1", "--hparams", "infer.seed=2").refused("infer.seed", "--seed is given");
        infer("--format", "wav", "--hparams", "infer.format=flac").refused("infer.format", "--format is given");
        infer("--use-gt-mel", "--add-noise-step", "9", "--hparams", "infer.add_noise_step=8")
                .refused("infer.add_noise_step");
    }

    // --- damage

    @Test
    void aDamagedCacheIsMadeAgainAndSaid() throws IOException {
        Path cache = ownHome().resolve("cache");
        infer("--cache").done("wrote");
        String right = Sha256.of(folder.resolve("out.wav"));
        infer("--cache").done().without("damaged");
        for (double where : new double[] {0.02, 0.3, 0.5, 0.8, 0.97}) {
            List<Path> files;
            try (Stream<Path> list = Files.list(cache)) {
                files = list.toList();
            }
            assertEquals(
                    2, files.stream().filter(f -> f.toString().endsWith(".npz")).count());
            for (Path f : files) {
                byte[] bytes = Files.readAllBytes(f);
                int at = (int) (where * bytes.length);
                for (int i = at; i < Math.min(bytes.length, at + 20); i++) {
                    bytes[i] ^= 0x55;
                }
                Files.write(f, bytes);
            }
            infer("--cache").done("note", "damaged and is made again");
            assertEquals(right, Sha256.of(folder.resolve("out.wav")), "damaged at " + where);
            infer("--cache").done().without("damaged");
        }
        for (int cut : new int[] {0, 1, 100}) {
            Path f = one(cache, "units");
            Files.write(f, Arrays.copyOf(Files.readAllBytes(f), cut));
            infer("--cache").done("damaged");
            assertEquals(right, Sha256.of(folder.resolve("out.wav")));
        }
    }

    @ParameterizedTest
    @CsvSource({"wavenet_model,output_projection.weight,WaveNet", "embedding_model,pitch_embed.weight,embedding"})
    void aVoiceWithWeightsThatAreNoNumbersIsNamedAndNotTheSong(String file, String tensor, String network)
            throws IOException {
        Path checkpoint = one(ownHome().resolve("models/demo"), file);
        String name = change(checkpoint, tensor, v -> {
            v[v.length / 2] = Float.NaN;
            return v;
        });
        Command said = infer().refused(checkpoint.getFileName().toString(), "NaN", tensor)
                .without("song again");
        assertTrue(said.err().startsWith("checkpoint:"), said.err());
        Command doctor = Command.run("doctor", "--project", "demo")
                .refused("weights", "1 of", name.replaceFirst("^model\\.", ""));
        assertTrue(doctor.out().contains("clash"), doctor.out());
    }

    @Test
    void weightsThatAreTooLargeAreNamedAtTheStageThatRunsAway() throws IOException {
        Path voice = ownHome().resolve("models/demo"), wavenet = one(voice, "wavenet_model");
        change(wavenet, "output_projection.weight", v -> {
            Arrays.fill(v, 3e38f);
            return v;
        });
        infer().refused("diffusion", wavenet.getFileName().toString(), "after step 1 of 2")
                .without("song again");
    }

    @Test
    void theDoctorFindsAHealthyVoiceHealthy() {
        Command.run("doctor", "--project", "demo").done("weights of the denoiser", "all finite", "belong together");
    }

    // --- loud songs, names

    @Test
    void aSongFarAboveFullScaleIsNoted() {
        Wave quiet = WavReader.read(song), loud = quiet.times(6.5f / quiet.peak());
        WaveWriter.write(song, loud, Depth.FLOAT);
        infer().done("note", "above full scale", String.format(Locale.ROOT, "%.1f", loud.peak()));
    }

    @Test
    void oneBadSongDoesNotEndABatch() throws IOException {
        byte[] wav = Files.readAllBytes(song);
        List<String> args = new ArrayList<>(List.of("infer"));
        int fmt = new String(wav, StandardCharsets.ISO_8859_1).indexOf("fmt ");
        for (int rate : new int[] {Integer.MAX_VALUE, 1, 0, -1}) {
            Path bad = Files.write(folder.resolve("rate" + rate + ".wav"), wav);
            byte[] changed = wav.clone();
            ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(fmt + 12, rate);
            Files.write(bad, changed);
            args.add(bad.toString());
        }
        args.add(folder.resolve("missing.wav").toString());
        args.add(Files.write(folder.resolve("text.wav"), "no sound at all".getBytes(StandardCharsets.US_ASCII))
                .toString());
        args.add(song.toString());
        args.addAll(List.of(
                "--steps",
                "2",
                "--sampler",
                "unipc2",
                "--no-cache",
                "--out",
                folder.resolve("many").toString()));
        Command said = Command.run(args.toArray(String[]::new));
        assertEquals(2, said.code());
        assertTrue(said.out().contains("1 of 7 songs converted, 6 failed"), said.out() + said.err());
        assertFalse(said.err().contains("\tat ") || said.err().contains("please report"), said.err());
        assertTrue(said.err().contains("2000 to 768000 Hz, got 1 Hz"), said.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil", "a/b", "/tmp/x", "..", ".hidden", "-x", "", "frozen", "a\\b", "x:y"})
    void aProjectsNameIsNoPath(String name) {
        Command.run("infer", song.toString(), "--project=" + name).refused("project's name");
        Command.run("doctor", "--project=" + name).refused("project's name");
        Command.run("memory", "--project=" + name).refused("project's name");
        Command.run("export", "--project=" + name).refused("project's name");
    }

    @Test
    void filesAreTakenFromWhereOneStands() {
        Path here = Path.of("").toAbsolutePath();
        Command.run("infer", "nowhere/song.wav")
                .refused(here.resolve("nowhere/song.wav").toString(), "nothing at that path");
        Command.run("infer", folder.toString()).refused("a folder");
        Command.run("infer", "a\0b.wav").refused("the name of a file");
    }

    @Test
    void anErrorOfTheMachineIsASentence() {
        Failure memory = Failure.of("infer", new OutOfMemoryError("Java heap space"));
        assertEquals(2, memory.code());
        assertTrue(
                memory.sentence().contains("need more memory")
                        && memory.sentence().contains("Java heap space")
                        && memory.sentence().contains("--max-memory"),
                memory.sentence());
        assertTrue(Failure.of("infer", new StackOverflowError()).sentence().contains("nested"));
        assertTrue(Failure.of("infer", new NoClassDefFoundError("Could not initialize class com.sun.jna.Native"))
                .sentence()
                .contains("native libraries"));
        assertTrue(Failure.of(
                        "infer",
                        new EngineException(
                                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"))
                .sentence()
                .contains("memory"));
        assertEquals(
                1, Failure.of("infer", new IllegalStateException("a defect")).code());
    }
}
