package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.files.Sha256;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.infer.Manifest;
import diffsvc.notebook.KernelExtension;
import diffsvc.testing.Interrupts;
import diffsvc.testing.Watched;
import diffsvc.voice.ModelFiles;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands as a person runs them: in a process of their own, with right and wrong input. */
@Tag("process")
class CommandLineTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    @TempDir
    Path folder;

    private record Said(int code, String out, String err) {}

    private Said run(List<String> command) throws IOException, InterruptedException {
        Path out = folder.resolve("stdout"), err = folder.resolve("stderr");
        Process p = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertTrue(p.waitFor(4, TimeUnit.MINUTES), "took longer than 4 minutes: " + command);
        return new Said(p.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** The command class on the tests' class path, started elsewhere than in the project's folder. */
    private Said diffsvc(String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:TieredStopAtLevel=1", // a short process gains nothing by the slow compiler
                "-Ddiffsvc.home=" + ROOT,
                "-Dfile.encoding=UTF-8",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                "diffsvc.cli.Main"));
        command.addAll(List.of(args));
        return run(command);
    }

    private void refused(Said said, String... words) throws IOException {
        assertEquals(2, said.code(), said.err());
        assertEquals(1, said.err().strip().lines().count(), "one sentence: " + said.err());
        assertFalse(said.err().contains("\tat ") || said.err().contains("Exception"), said.err());
        for (String word : words) {
            assertTrue(said.err().contains(word), word + " in: " + said.err());
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertTrue(
                    files.noneMatch(f ->
                            f.toString().endsWith("out.wav") || f.toString().contains(".part")),
                    "nothing is written");
        }
    }

    private String song(double seconds) {
        Path file = folder.resolve("내 노래.wav");
        Wave song = WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                .slice(0, seconds);
        WaveWriter.write(file, song);
        return file.toString();
    }

    private String out() {
        return folder.resolve("out.wav").toString();
    }

    @Test
    void aSongGoesInAndTheSameSeedGivesTheSameBytes() throws Exception {
        String song = song(1.5);
        Said first = diffsvc("infer", song, "--out", out(), "--steps", "5", "--seed", "7", "--threads", "2");
        assertEquals(0, first.code(), first.err());
        for (String stage : new String[] {"audio", "mel", "pitch", "content", "embedding", "diffusion", "vocoder"}) {
            assertTrue(
                    first.out()
                            .lines()
                            .anyMatch(line -> line.startsWith(stage + " ") && line.contains("[")
                                    || line.startsWith(stage + " ") && line.contains("(")),
                    stage + " in " + first.out());
        }
        assertTrue(first.out().contains("wrote") && first.out().contains("out.wav"), first.out());
        byte[] bytes = Files.readAllBytes(Path.of(out()));
        assertEquals(
                Math.round(WavReader.read(Path.of(song)).seconds() * 44100),
                WavReader.read(Path.of(out())).samples());
        Said again = diffsvc("infer", song, "--out", out(), "--steps", "5", "--seed", "7", "--threads", "2");
        assertTrue(again.out().contains("replaced"), again.out());
        assertArrayEquals(bytes, Files.readAllBytes(Path.of(out())));
        String flac = folder.resolve("out.flac").toString();
        assertEquals(
                0,
                diffsvc(
                                "infer",
                                song,
                                "--project",
                                "demo",
                                "--key",
                                "2",
                                "--format",
                                "flac",
                                "--out",
                                flac,
                                "--steps",
                                "5")
                        .code());
        assertEquals("fLaC", new String(Files.readAllBytes(Path.of(flac)), 0, 4, StandardCharsets.ISO_8859_1));
    }

    @Test
    void samplersAreAskedForByNameAndInThePythonProjectsWay() throws Exception {
        String song = song(1.5);
        for (String[] want : new String[][] {
            {"--accelerate", "100", "plms, 10 steps"},
            {"--sampler", "unipc3", "unipc3, 7 steps"},
            {"--sampler", "dpmpp", "dpmpp, 7 steps"},
            {"--sampler", "unipc2", "unipc2, 7 steps"}
        }) {
            List<String> words = new ArrayList<>(List.of("infer", song, "--out", out(), want[0], want[1]));
            if (want[0].equals("--sampler")) {
                words.addAll(List.of("--steps", "7"));
            }
            Said said = diffsvc(words.toArray(String[]::new));
            assertEquals(0, said.code(), said.err());
            assertTrue(said.out().contains(want[2]), said.out());
        }
        Files.delete(Path.of(out()));
        refused(diffsvc("infer", song, "--out", out(), "--accelerate", "20", "--steps", "5"), "leave one out");
        refused(
                diffsvc("infer", song, "--out", out(), "--sampler", "ddim", "--steps", "1001"),
                "infer.steps from 1 to 1000");
        refused(
                diffsvc("infer", song, "--out", out(), "--auto-key", "--hparams", "range.median_hz=0"),
                "range.median_hz",
                "--key");
        Said shifted = diffsvc("infer", song, "--out", out(), "--auto-key", "--sampler", "unipc2", "--steps", "5");
        double key = Manifest.read(folder.resolve("out.json")).key(),
                median = Manifest.read(folder.resolve("out.json")).range().songHz();
        assertTrue(shifted.out().contains("range ") && key == Math.rint(key), shifted.out());
        assertEquals(
                Manifest.read(folder.resolve("out.json")).range().trainedHz(),
                median * Math.pow(2, key / 12),
                median * 0.03,
                "the song's median at the training's");
    }

    @Test
    void ctrlCLeavesNothingHalfWritten() throws Exception {
        Path target = folder.resolve("stopped");
        List<String> command = List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Ddiffsvc.home=" + ROOT,
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                "diffsvc.cli.Main",
                "infer",
                ROOT.resolve("src/test/resources/songs/music1.wav").toString(),
                "--out",
                target.resolve("out.wav").toString(),
                "--sampler",
                "ddpm",
                "--steps",
                "1000");
        try (Watched infer = new Watched(new ProcessBuilder(Interrupts.receivedBy(command)))) {
            infer.until("sampling"); // it is in the middle of the sampling
            Interrupts.press(infer.process());
            assertEquals(130, infer.end(), infer.text());
            assertTrue(
                    infer.text().contains("infer: stopped; ")
                            && infer.text().contains("is not converted, nothing was written for it"),
                    infer.text());
        }
        assertFalse(Files.exists(target), "nothing was written");
    }

    @Test
    void aSilentSongGivesSilenceAndSaysSo() throws Exception {
        Path silent = WaveWriter.write(folder.resolve("silent.wav"), Wave.mono(new float[22050], 22050));
        Said said = diffsvc("infer", silent.toString(), "--out", out());
        assertEquals(0, said.code(), said.err());
        assertTrue(said.out().contains("silent"), said.out());
        assertEquals(0, WavReader.read(Path.of(out())).peak());
    }

    @Test
    void manySongsGoOnWhenOneFailsAndTheExitCodeSaysSo() throws Exception {
        Path
                one =
                        WaveWriter.write(
                                folder.resolve("one.wav"),
                                WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                                        .slice(0, 1)),
                bad = Files.writeString(folder.resolve("bad.wav"), "no sound");
        Path
                two =
                        WaveWriter.write(
                                folder.resolve("둘 two.flac"),
                                WavReader.read(ROOT.resolve("src/test/resources/songs/music3.wav"))
                                        .slice(0, 1)),
                there = folder.resolve("there");
        Said said = diffsvc(
                "infer",
                one.toString(),
                bad.toString(),
                two.toString(),
                "--keys",
                "0,2",
                "--out",
                there.toString(),
                "--steps",
                "5",
                "--no-cache");
        assertEquals(2, said.code(), said.err());
        assertTrue(
                said.err().contains("bad.wav") && said.out().contains("2 of 3 songs converted, 1 failed"),
                said.out() + said.err());
        String demo = "_demo_steps_"
                + ModelFiles.in(ROOT.resolve("models"))
                        .project("demo")
                        .hparams()
                        .steps();
        Manifest first = Manifest.read(there.resolve("one" + demo + ".json")),
                last = Manifest.read(there.resolve("둘 two" + demo + ".json"));
        assertEquals(0, first.key());
        assertEquals(0, last.key(), "if keys run out, the first is reused");
        assertTrue(Files.exists(there.resolve("둘 two" + demo + ".wav"))
                && !Files.exists(there.resolve("bad" + demo + ".wav")));
        Path twin = WaveWriter.write(folder.resolve("sub/one.flac"), WavReader.read(one));
        Said clash = diffsvc(
                "infer",
                one.toString(),
                twin.toString(),
                "--out",
                folder.resolve("none").toString());
        refused(clash, "one output name per song", "one.wav", "one.flac");
        assertFalse(Files.exists(folder.resolve("none")));
        refused(diffsvc("infer", one.toString(), two.toString(), "--out", out()), "a folder as --out");
        refused(diffsvc("infer", one.toString(), "--keys", "0,1"), "at most one key per song");
        refused(diffsvc("infer", one.toString(), two.toString(), "--f0", "x.csv"), "one song");
    }

    @Test
    void againGivesTheSameBytesOrSaysWhatChanged() throws Exception {
        String song = song(1.5), manifest = folder.resolve("out.json").toString();
        assertEquals(
                0,
                diffsvc(
                                "infer",
                                song,
                                "--out",
                                out(),
                                "--sampler",
                                "unipc2",
                                "--steps",
                                "6",
                                "--seed",
                                "11",
                                "--key",
                                "-1.5",
                                "--depth",
                                "24",
                                "--export-f0",
                                "--no-cache")
                        .code());
        byte[] bytes = Files.readAllBytes(Path.of(out()));
        assertTrue(Files.exists(folder.resolve("out.f0.csv")));
        Files.delete(Path.of(out()));
        Said again = diffsvc("again", manifest);
        assertEquals(0, again.code(), again.err());
        assertTrue(again.out().contains("the same bytes"), again.out());
        assertArrayEquals(bytes, Files.readAllBytes(Path.of(out())));
        String then = Files.readString(Path.of(manifest)), sha = Sha256.of(Path.of(out()));
        Path other = Files.writeString(folder.resolve("other.json"), then.replace(sha, "0".repeat(64)));
        Said differs = diffsvc(
                "again", other.toString(), "--out", folder.resolve("other.wav").toString());
        assertEquals(3, differs.code(), "the bytes are not those that the manifest names: " + differs.err());
        assertTrue(differs.out().contains("other bytes"), differs.out());
        WaveWriter.write(Path.of(song), WavReader.read(Path.of(song)).times(0.5f));
        Files.delete(Path.of(out()));
        refused(diffsvc("again", manifest), "SHA-256", "the song of out.json");
        refused(diffsvc("again", folder.resolve("none.json").toString()), "nothing at that path");
        assertTrue(diffsvc("cache", "list").out().contains("files, "));
        refused(diffsvc("cache", "empty"), "cache list or cache clear");
    }

    @Test
    void wrongInputIsOneSentence() throws Exception {
        refused(diffsvc("infer", "nowhere.wav", "--out", out()), "nowhere.wav", "nothing at that path");
        Path text = Files.writeString(folder.resolve("text.wav"), "not a sound");
        refused(diffsvc("infer", text.toString(), "--out", out()), "text.wav", "RIFF");
        refused(
                diffsvc(
                        "infer",
                        Files.write(folder.resolve("empty.wav"), new byte[0]).toString(),
                        "--out",
                        out()),
                "empty");
        byte[] whole = Files.readAllBytes(Path.of(song(1)));
        Path cut = Files.write(folder.resolve("cut.wav"), Arrays.copyOf(whole, whole.length / 2));
        refused(diffsvc("infer", cut.toString(), "--out", out()), "cut.wav", "cut");
    }

    @ParameterizedTest
    @CsvSource({
        "--key,high,high",
        "--steps,2.5,2.5",
        "--steps,1001,from 1 to 1000",
        "--steps,0,from 1 to 1000",
        "--bogus,1,--bogus",
        "--project,nobody,nobody",
        "--format,mp3,wav or flac",
        "--hparams,infer.stebs=5,infer.steps",
        "--threads,-1,threads",
        "--sampler,euler,plms",
        "--depth,12,16",
        "--vocoder,world,built-in",
        "--add-noise-step,100,--use-gt-mel",
        "--max-memory,200MiB,--max-memory",
        "--f0,none.csv,none.csv",
        "--accelerate,7,divides 1000",
        "--accelerate,0,divides 1000"
    })
    void wrongOptionsAreOneSentence(String option, String value, String word) throws Exception {
        refused(diffsvc("infer", song(1), "--out", out(), option, value), word);
    }

    /** A project whose checkpoint is another size than its hparams say. */
    @Test
    void aCheckpointThatDoesNotMatchItsHparamsIsNamed() throws Exception {
        refused(
                diffsvc("infer", song(1), "--out", out(), "--hparams", "wavenet.residual_layers=9"),
                "wavenet_model_steps_",
                "wavenet.residual_layers",
                "config 9, file "
                        + HparamsYaml.read(Path.of("models/demo/hparams.yaml"))
                                .wavenet()
                                .residualLayers(),
                "belong together");
        refused(diffsvc("infer", song(1), "--out", out(), "--hparams", "hubert.sha256=00"), "SHA-256");
    }

    @Test
    void helpAndVersionAreEverywhere() throws Exception {
        for (String command : new String[] {
            "infer",
            "leak",
            "train",
            "preprocess",
            "memory",
            "bench",
            "train-content",
            "divide",
            "merge",
            "inspect",
            "export",
            "doctor",
            "again",
            "cache"
        }) {
            Said help = diffsvc(command, "--help");
            assertEquals(0, help.code());
            assertTrue(help.out().contains("Usage: diffsvc " + command), help.out());
            assertTrue(diffsvc(command, "--version").out().startsWith("diffsvc "));
        }
        assertTrue(diffsvc("--help").out().contains("Exit codes"));
    }

    @Test
    void aMisspeltOptionIsOneLineWithTheNearOneBehindTheError() throws Exception {
        Said said = diffsvc("infer", "--stepz", "3");
        assertEquals(2, said.code());
        assertEquals(
                "options: Unknown option: '--stepz'; did you mean --steps? see ./diffsvc infer --help",
                said.err().strip());
    }

    @Test
    void theLauncherKnowsItsCommandsWithoutBuilding() throws Exception {
        Said help = run(List.of("sh", ROOT.resolve("diffsvc").toString(), "--help"));
        assertEquals(0, help.code(), help.err());
        for (String command : new String[] {
            "infer",
            "test",
            "lab",
            "jshell",
            "leak",
            "train",
            "preprocess",
            "memory",
            "divide",
            "merge",
            "inspect",
            "export",
            "doctor",
            "again",
            "cache",
            "Exit codes"
        }) {
            assertTrue(help.out().contains(command), help.out());
        }
    }

    /** The commands that the launcher runs itself answer before anything is built or fetched. */
    @Test
    void theLaunchersOwnCommandsHaveTheirHelpAndRefuseWhatTheyDoNotTake() throws Exception {
        String launcher = ROOT.resolve("diffsvc").toString();
        for (String[] own : new String[][] {
            {"lab", "--port"},
            {"test", "--tier NAME"},
            {"notebooks", "Korean"},
            {"jshell", "help()"},
            {"docs", "target/javadoc"},
            {"setup", "PYTORCH_FLAVOR"},
            {"weights", "docs/formats.md"},
            {"demo-voice", "MODEL_CARD.md"}
        }) {
            Said help = run(List.of("sh", launcher, own[0], "--help"));
            assertEquals(0, help.code(), help.err());
            assertTrue(
                    help.out().startsWith("Usage: ./diffsvc " + own[0])
                            && help.out().contains(own[1]),
                    help.out());
            assertTrue(help.out().lines().count() < 20, "its own, not that of all commands: " + help.out());
        }
        refused(run(List.of("sh", launcher, "docs", "now")), "no argument after docs, got 'now'");
        refused(run(List.of("sh", launcher, "notebooks", "02")), "no argument after notebooks, got '02'");
        refused(run(List.of("sh", launcher, "weights", "crepe", "full")), "no argument after weights crepe");
        refused(run(List.of("sh", launcher, "setup", "tpu")), "setup needs gpu, got 'tpu'");
        refused(run(List.of("sh", launcher, "setup", "gpu", "now")), "no argument after setup gpu, got 'now'");
        refused(
                run(List.of("sh", launcher, "demo-voice", "all")),
                "need corpus, train, choose, listen or nothing",
                "'all'");
        refused(run(List.of("sh", launcher, "demo-voice", "train", "now")), "need one part", "'now' too");
        refused(
                run(List.of("sh", launcher, "weights", "hubert")),
                "crepe, crepe-tiny, whisper or judges",
                "docs/formats.md");
        refused(run(List.of("sh", launcher, "test", "--tier", "slow")), "need a tier", "'slow'");
        refused(run(List.of("sh", launcher, "test", "--golden", "nowhere")), "manifest.json", "'nowhere'");
    }

    /** As Docker has it: no locale at all, or one that the machine does not know. */
    @Test
    void namesInAnyScriptNeedNoLocale() throws Exception {
        assumeTrue(built(), "the launcher builds first");
        Path song = Path.of(song(0.6)), named = folder.resolve("노래 ünï 🎵.wav");
        Files.move(song, named);
        for (String locale : new String[] {"", "C", "POSIX", "xx_YY.UTF-8"}) {
            Said said = launcher(
                    Map.of("LC_ALL", locale),
                    "infer",
                    named.getFileName().toString(),
                    "--steps",
                    "2",
                    "--sampler",
                    "unipc2",
                    "--out",
                    "나온 노래.wav",
                    "--overwrite");
            assertEquals(0, said.code(), "LC_ALL=" + locale + ": " + said.err());
            assertTrue(Files.isRegularFile(folder.resolve("나온 노래.wav")), "from where one stands, under its own name");
            Files.delete(folder.resolve("나온 노래.wav"));
        }
    }

    @Test
    void aTemporaryFolderThatIsMissingIsNamedAtOnce() throws Exception {
        assumeTrue(built(), "the launcher builds first");
        Said said =
                launcher(Map.of("TMPDIR", folder.resolve("nowhere").toString()), "infer", song(0.6), "--out", out());
        refused(said, "temporary files", "TMPDIR", "nowhere");
    }

    @Test
    void aJavaHomeThatIsNoneIsNamed() throws Exception {
        String nowhere = folder.resolve("nowhere").toString();
        refused(launcher(Map.of("JAVA_HOME", nowhere), "doctor"), "a JDK 17", "JAVA_HOME=" + nowhere, "unset it");
    }

    @Test
    void weightsThatAreThereStay() throws Exception {
        assumeTrue(run(List.of("python3", "--version")).code() == 0, "Python fetches CREPE's weights");
        Path frozen = Files.createDirectories(folder.resolve("frozen"));
        for (String size : new String[] {"tiny", "full"}) {
            Files.writeString(frozen.resolve("crepe_" + size + ".pth"), "my own " + size);
        }
        Said said = run(
                List.of("python3", ROOT.resolve("src/python/crepe_weights.py").toString(), frozen.toString()));
        assertEquals(0, said.code(), said.err());
        assertTrue(
                said.out().contains("crepe_tiny.pth is another file")
                        && said.out().contains("it stays"),
                said.out());
        assertEquals("my own full", Files.readString(frozen.resolve("crepe_full.pth")));
    }

    @Test
    void outOfMemoryIsOneSentence() throws Exception {
        StringBuilder rows = new StringBuilder("time,hz,voiced\n");
        for (int i = 0; i < 1_500_000; i++) {
            rows.append(i / 1000.0).append(",220,true\n");
        }
        Path table = Files.writeString(folder.resolve("long.csv"), rows);
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx80m",
                "-Ddiffsvc.home=" + ROOT,
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                "diffsvc.cli.Main",
                "infer",
                song(0.6),
                "--f0",
                table.toString(),
                "--out",
                out()));
        refused(run(command), "need more memory", "--max-memory");
    }

    /** Whether the launcher would run without a build in the middle of the tests. CI's own command builds before. */
    private static boolean built() throws IOException {
        Path mark = ROOT.resolve("target/.built");
        if (!Files.exists(mark)) {
            return false;
        }
        try (Stream<Path> sources = Files.walk(ROOT.resolve("src/main"))) {
            return sources.allMatch(
                    f -> f.toFile().lastModified() <= mark.toFile().lastModified());
        }
    }

    private Said launcher(Map<String, String> environment, String... args) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of("sh", ROOT.resolve("diffsvc").toString()));
        command.addAll(List.of(args));
        Path out = folder.resolve("stdout"), err = folder.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        List.of("LANG", "LC_ALL", "LC_CTYPE").forEach(builder.environment()::remove);
        builder.environment().putAll(environment);
        Process p = builder.start();
        assertTrue(p.waitFor(4, TimeUnit.MINUTES), "took longer than 4 minutes: " + command);
        return new Said(p.exitValue(), Files.readString(out), Files.readString(err));
    }

    @Test
    void jshellStartsWithTheNotebooksImports() throws Exception {
        String start = Files.readString(ROOT.resolve("src/main/jshell/start.jsh"));
        KernelExtension.IMPORTS
                .lines()
                .filter(line -> !line.contains("java.util.*")) // JShell's own default brings that one
                .forEach(line -> assertTrue(start.contains(line), line));
    }

    /** The committed demo names its encoder by file and hash, and the hash is right. */
    @Test
    void theDemoNamesItsEncoderByHash() {
        var pair = ModelFiles.in(ROOT.resolve("models")).project("demo");
        assertEquals(64, pair.hparams().hubert().sha256().length());
        Path file = ModelFiles.in(ROOT.resolve("models")).encoderFile(pair.hparams());
        assertTrue(Files.exists(file));
        assertEquals(pair.hparams(), Arg2Hparams.apply(HparamsYaml.read(ROOT.resolve("models/demo/hparams.yaml")), ""));
    }
}
