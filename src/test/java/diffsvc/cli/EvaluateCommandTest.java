package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.audio.Depth;
import diffsvc.audio.WavReader;
import diffsvc.audio.WavWriter;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.JudgeKind;
import diffsvc.hparams.ProjectPaths;
import diffsvc.testing.DemoCopy;
import diffsvc.testing.Interrupts;
import diffsvc.testing.SungTone;
import diffsvc.testing.Watched;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Outputs, checkpoints and stages as a person has them judged; fast judges but for one test. */
@Tag("process")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EvaluateCommandTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final String SMALL =
            "wavenet.residual_channels=16,wavenet.residual_layers=2,training.warm_start=false,training.batch=2,"
                    + "training.crop_frames=32,dataset.max_clip_seconds=3,dataset.valid_share=0.3,training.valid_every=0,"
                    + "training.save_every=1,training.ema_decay=0.9";

    /** A project of its own with the demo voice, a song in raw/, and its conversion in output/. */
    @TempDir
    static Path home;

    private String homeBefore;
    private Path song, output;

    @BeforeAll
    void aConversion() throws IOException {
        homeBefore = System.getProperty("diffsvc.home");
        System.setProperty("diffsvc.home", home.toString());
        Files.createDirectories(home.resolve("raw"));
        DemoCopy.into(home);
        song = WaveWriter.write(
                home.resolve("raw/노래.wav"),
                WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                        .slice(0, 1.5));
        output = converted("output.wav");
    }

    @AfterAll
    void homeAsBefore() {
        if (homeBefore == null) {
            System.clearProperty("diffsvc.home");
        } else {
            System.setProperty("diffsvc.home", homeBefore);
        }
    }

    private Path converted(String name) {
        Path file = home.resolve("output").resolve(name);
        Command.run("infer", song.toString(), "--out", file.toString(), "--sampler", "unipc2", "--steps", "2")
                .done();
        return file;
    }

    private static Path manifest(Path output) {
        return output.resolveSibling(output.getFileName().toString().replace(".wav", ".json"));
    }

    /** With the fast judges. */
    private static Command evaluate(Object... args) {
        List<String> all = new ArrayList<>(List.of("evaluate", "--judges", "pitch,signal,spectrum"));
        Arrays.stream(args).map(String::valueOf).forEach(all::add);
        return Command.run(all.toArray(String[]::new));
    }

    private static JsonObject json(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    private static JsonObject sound(JsonObject evaluation, String name) {
        for (JsonElement e : evaluation.getAsJsonArray("sounds")) {
            if (e.getAsJsonObject().get("name").getAsString().equals(name)) {
                return e.getAsJsonObject();
            }
        }
        throw new AssertionError(name + " in " + evaluation);
    }

    private static void isOnePage(Path file) throws IOException {
        String html = Files.readString(file);
        assertTrue(html.contains("<audio") && html.contains("data:image/png"), "it plays and shows");
        for (String outside : new String[] {"http:", "https:", "href=", "<script"}) {
            assertFalse(html.contains(outside), outside);
        }
    }

    // ---- outputs

    @Test
    void anOutputFindsItsSongAndItsVoiceByTheManifestAndTheFiguresAreTheSameTwice() throws IOException {
        Path first = home.resolve("first.json"), second = home.resolve("second.json"), page = home.resolve("page.html");
        evaluate(output, manifest(output), "--json", first, "--report", page)
                .done("copy of 노래.wav", "rpa", "mcd", "ranking", "wrote      first.json", "wrote      page.html")
                .without("(2)"); // a song and its manifest are one output
        evaluate(manifest(output), "--json", second, "--report", page).done();
        assertEquals(Files.readString(first), Files.readString(second), "to the last digit");
        isOnePage(page);
        JsonObject evaluation = json(first);
        assertEquals(3, evaluation.getAsJsonArray("sounds").size());
        assertEquals("노래.wav", sound(evaluation, "output.wav").get("song").getAsString());
        assertTrue(
                sound(evaluation, "output.wav")
                                .getAsJsonObject("figures")
                                .get("rpa")
                                .getAsDouble()
                        > 0.8,
                "the demo keeps the melody");
    }

    @Test
    void oneBadOutputDoesNotLoseTheOthers() throws IOException {
        Path bad = Files.writeString(home.resolve("bad.wav"), "no sound"),
                nan = home.resolve("nan.wav"),
                file = home.resolve("some.json");
        try (WavWriter wav = WavWriter.open(nan, 1, 16_000, Depth.FLOAT)) {
            wav.append(new float[] {0, Float.NaN, 0});
        }
        Command said = evaluate(bad, home.resolve("none.wav"), nan, output, "--json", file);
        assertEquals(2, said.code());
        assertTrue(said.out().contains("1 of 4 outputs judged, 3 failed"), said.out());
        List<String> errors =
                said.err().lines().filter(line -> !line.contains("%")).toList();
        assertEquals(3, errors.size(), said.err());
        for (String name : new String[] {"bad.wav", "none.wav", "nan.wav"}) {
            assertEquals(1, errors.stream().filter(e -> e.contains(name)).count(), name + " in " + errors);
        }
        assertEquals(3, json(file).getAsJsonArray("sounds").size(), "song, copy and the good output");
        evaluate(nan).refused("need finite samples, got NaN at sample 1");
        evaluate(output, "--source", nan).refused("need finite samples, got NaN at sample 1");
    }

    @Test
    void whatIsSilentShortOrOfAnotherLengthHasNoNumberThatIsMadeUp() throws IOException {
        Path silent = WaveWriter.write(home.resolve("silent.wav"), Wave.mono(new float[24_000], 16_000)),
                scrap = WaveWriter.write(home.resolve("scrap.wav"), Wave.mono(new float[] {0.5f}, 16_000)),
                file = home.resolve("little.json"),
                page = home.resolve("little.html");
        evaluate(silent, scrap, "--source", song, "--json", file, "--report", page)
                .done(
                        "note       scrap.wav lasts 0.0 s and its song 1.5 s: notes that the output lacks count as missed")
                .without("silent.wav lasts");
        for (String name : new String[] {"silent.wav", "scrap.wav"}) {
            JsonObject figures = sound(json(file), name).getAsJsonObject("figures");
            for (String figure : new String[] {"f0-rmse-cents", "loudness", "hnr"}) {
                assertTrue(figures.get(figure).isJsonNull(), name + " " + figure + ": " + figures);
            }
        }
        evaluate(silent, "--json", file).done("note       spectrum is left out: it needs the song that was converted");
        assertTrue(sound(json(file), "silent.wav").get("score").isJsonNull(), "without its song nothing is scored");
    }

    @Test
    void aManifestWhoseVoiceOrSongIsGoneStillTellsTheRest() throws IOException {
        String text = Files.readString(manifest(output));
        Path folder = Files.createDirectories(home.resolve("gone")), wav = folder.resolve("output.wav");
        Files.copy(output, wav);
        Files.writeString(manifest(wav), text.replace("\"demo\"", "\"gone\""));
        evaluate(wav)
                .done("note       no copy synthesis by the voice gone: models: ", "rpa")
                .without("copy of");
        Files.writeString(manifest(wav), text.replace("노래.wav", "weg.wav"));
        evaluate(wav)
                .done("note       the song raw/weg.wav is not there: give it with --source")
                .without("rpa");
        Files.writeString(manifest(wav), text.substring(0, 300));
        evaluate(wav)
                .done("song, key and voice of output.wav are not known: manifest: ")
                .without("rpa");
        evaluate(manifest(wav)).refused("manifest: ", "output.json: need a manifest that infer wrote");
        // only the name counts of what a manifest calls its output
        Files.writeString(manifest(wav), text.replace("\"output/output.wav\"", "\"../../../etc/passwd\""));
        evaluate(manifest(wav)).refused("gone/passwd: need the output of output.json, got nothing at that path");
    }

    @Test
    void whatIsReadIsNeverReplacedAndStrangersOnlyWhenAsked() throws IOException {
        byte[] manifest = Files.readAllBytes(manifest(output)), wav = Files.readAllBytes(output);
        for (Path input : new Path[] {output, manifest(output), song}) {
            evaluate(manifest(output), "--json", input, "--overwrite")
                    .refused("another file than the one that is read");
            evaluate(output, "--json", input, "--overwrite").refused("another file than the one that is read");
        }
        assertEquals(-1, Arrays.mismatch(manifest, Files.readAllBytes(manifest(output))));
        assertEquals(-1, Arrays.mismatch(wav, Files.readAllBytes(output)));
        Path notes = Files.writeString(home.resolve("notes.html"), "mine");
        evaluate(output, "--report", notes).refused("notes.html", "a file that evaluate did not write", "--overwrite");
        assertEquals("mine", Files.readString(notes));
        evaluate(output, "--report", notes, "--overwrite").done("wrote      notes.html");
        evaluate(output, "--report", notes, "--json", notes).refused("need two names for --report and --json");
        evaluate(output, "--json", home).refused("need the name of a file, got a folder");
        evaluate(output, "--json", "/dev/full").refused("need the name of a file, got a device");
        evaluate(output, "--report", "/").refused("a name that ends in .html");
        Path latin = Files.write(home.resolve("latin.txt"), new byte[] {'n', (byte) 0xe9});
        evaluate(output, "--lyrics", latin).refused("latin.txt: need words in UTF-8, got another encoding");
        evaluate(output, "--lyrics", home.resolve("gone.txt")).refused("gone.txt", "a text file with the words");
        evaluate(output, "--target", Files.createDirectories(home.resolve("nobody")))
                .refused("nobody: need recordings of the target, got a folder without recordings");
    }

    @Test
    void outputsOfOneNameAreToldApartByTheirFolders() throws IOException {
        Path other = Files.createDirectories(home.resolve("other")).resolve("output.wav");
        WaveWriter.write(other, WavReader.read(output).times(0.5f));
        evaluate(output, other, output, "--source", song)
                .done("output/output.wav", "other/output.wav")
                .without("(2)");
    }

    @Test
    void aDamagedFileOfAJudgeIsFoundByItsHashThoughItsSizeIsRight() throws IOException {
        JudgeFile w = JudgeKind.IDENTITY.weights().get(0);
        Path file = w.at(new ProjectPaths(home));
        Files.createDirectories(file.getParent());
        try (RandomAccessFile zeros = new RandomAccessFile(file.toFile(), "rw")) {
            zeros.setLength(w.bytes());
        }
        try {
            Command.run("evaluate", output.toString(), "--judges", "identity,pitch")
                    .done("note       identity is absent: models/judges/resemblyzer.pt is another file", "rpa");
            Command.run("evaluate", output.toString(), "--judges", "identity,whisper")
                    .refused(
                            "need a judge that is there, got identity is absent: ", "./diffsvc weights judges fetches");
        } finally {
            Files.delete(file);
        }
    }

    /** The longest test: every judge that is there, on one song. */
    @Test
    void allJudgesGiveAllFiguresAndTheScoreHasAllItsParts() throws IOException {
        ProjectPaths project = new ProjectPaths(ROOT);
        for (JudgeKind kind : JudgeKind.ofLanguage("en")) {
            String missing = kind.missing(project);
            assumeTrue(missing.isEmpty() || System.getenv("CI") != null, missing);
        }
        Path file = home.resolve("all.json");
        Files.writeString(home.resolve("raw/노래.txt"), "this is a song");
        System.setProperty("diffsvc.home", ROOT.toString());
        try {
            Command.run("evaluate", output.toString(), "--source", song.toString(), "--json", file.toString())
                    .done("identity", "lyrics-cer", "distillmos", "dnsmos-ovr", "phone-match")
                    .without("is absent");
        } finally {
            System.setProperty("diffsvc.home", home.toString());
            Files.delete(home.resolve("raw/노래.txt"));
        }
        JsonObject out = sound(json(file), "output.wav");
        for (JudgeKind kind : JudgeKind.ofLanguage("en")) {
            kind.measures().stream()
                    .map(m -> m.name())
                    .filter(m -> !m.matches("score-.*|drift|seams")) // no score is given, nothing was joined
                    .forEach(m -> assertTrue(out.getAsJsonObject("figures").has(m), m + " of " + kind));
        }
        double score = out.get("score").getAsDouble();
        assertTrue(score > 0 && score < 1, "score " + score);
    }

    @Test
    void ctrlCInTheMiddleEndsWith130AndWritesNothing() throws Exception {
        Path file = home.resolve("never.json"), long20 = WaveWriter.write(home.resolve("long.wav"), SungTone.wave(20));
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:TieredStopAtLevel=1",
                "-Ddiffsvc.home=" + home,
                "-Dfile.encoding=UTF-8",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                "diffsvc.cli.Main",
                "evaluate",
                "--judges",
                "pitch,signal,spectrum",
                "--json",
                file.toString(),
                "--source",
                long20.toString()));
        for (int i = 0; i < 6; i++) {
            command.add(Files.copy(long20, home.resolve("long" + i + ".wav")).toString());
        }
        try (Watched evaluate = new Watched(new ProcessBuilder(Interrupts.receivedBy(command)))) {
            evaluate.until("judging"); // the first of eight sounds was judged
            Interrupts.press(evaluate.process());
            assertEquals(130, evaluate.end(), evaluate.text());
        }
        try (Stream<Path> files = Files.list(home)) {
            assertTrue(files.noneMatch(
                    f -> f.endsWith("never.json") || f.toString().contains(".part")));
        }
    }

    // ---- stages

    @Test
    void stagesNameTheOneThatLosesMost() throws IOException {
        Path
                three =
                        WaveWriter.write(
                                home.resolve("three.wav"),
                                WavReader.read(ROOT.resolve("src/test/resources/songs/music1.wav"))
                                        .slice(0, 3)),
                page = home.resolve("stages.html");
        Command said = evaluate("--stages", "--songs", three, "--sampler", "unipc2", "--steps", "2", "--report", page);
        said.done("losses", "vocoder", "denoiser", "content encoder on the song", "sampler", "all of it");
        assertTrue(
                said.out()
                        .lines()
                        .anyMatch(l -> l.matches("melody: the stage \".*\" loses 0\\.\\d\\d; all of it -?0\\.\\d\\d")),
                said.out());
        assertTrue(Files.readString(page).contains("loses 0."), "the page says so too");
        Command some =
                evaluate("--stages", "--songs", three, home.resolve("none.wav"), "--sampler", "unipc2", "--steps", "2");
        assertEquals(2, some.code());
        assertTrue(some.out().contains("1 of 2 songs taken apart, 1 failed"), some.out());
    }

    // ---- checkpoints, and training that is judged

    private void train(String project, String... args) throws IOException {
        if (!Files.exists(home.resolve("data/voice"))) {
            Path takes = Files.createDirectories(home.resolve("takes"));
            for (int i = 0; i < 4; i++) {
                WaveWriter.write(takes.resolve("take" + i + ".wav"), SungTone.wave(2));
            }
            Command.run("preprocess", takes.toString(), "--project", "voice", "--hparams", SMALL)
                    .done("wrote      data/voice");
        }
        List<String> all = new ArrayList<>(List.of(
                "train",
                "--project",
                project,
                "--data",
                home.resolve("data/voice").toString()));
        all.addAll(List.of(args));
        Command.run(all.toArray(String[]::new)).done();
    }

    private Command ranked(String project, Object... more) {
        List<Object> args = new ArrayList<>(
                List.of("--checkpoints", "--project", project, "--songs", song, "--sampler", "unipc2", "--steps", "2"));
        args.addAll(List.of(more));
        return evaluate(args.toArray());
    }

    private static List<String> table(Command said) {
        return said.out()
                .lines()
                .filter(l -> l.contains("|"))
                .map(l -> l.replaceAll("\\s+", "")) // columns are as wide as their widest cell
                .toList();
    }

    @Test
    void everyKeptCheckpointAndItsAverageAreRankedTheSameTwiceAndADamagedOneIsSkipped() throws IOException {
        train("voice", "--steps", "2");
        Path file = home.resolve("ranking.json"), again = home.resolve("again.json");
        Command first = ranked("voice", "--json", file)
                .done("best       voice, step ", "wrote      output/voice_checkpoints.html");
        assertEquals(1 + 5, table(first).size(), "a head, the voice, two checkpoints, two averages: " + first.out());
        for (String row : new String[] {"2\\|voice", "2\\|last", "2\\|averaged", "1\\|last", "1\\|averaged"}) {
            assertEquals(
                    1,
                    table(first).stream()
                            .filter(l -> l.matches("voice\\|" + row + "\\|.*"))
                            .count(),
                    row + " in " + first.out());
        }
        isOnePage(home.resolve("output/voice_checkpoints.html"));
        assertEquals(1 + 1 + 5, json(file).getAsJsonArray("sounds").size(), "song, copy, outputs");

        Path hurt = home.resolve("models/voice/training/model_ckpt_steps_1.ckpt"),
                merged = Files.createDirectories(home.resolve("models/merged")).resolve("model_ckpt_steps_2.ckpt");
        byte[] whole = Files.readAllBytes(hurt);
        Files.write(hurt, Arrays.copyOf(whole, whole.length / 2));
        Command.run("merge", home.resolve("models/voice").toString(), "--out", merged.toString())
                .done();
        Command second = ranked("voice,merged", "--json", again)
                .done("note       voice, step 1, last is skipped: checkpoint: ", "voice_merged_checkpoints.html");
        assertEquals(
                table(first).stream().filter(l -> l.matches("voice\\|2\\|.*")).toList(),
                table(second).stream().filter(l -> l.matches("voice\\|\\d.*")).toList(),
                "the others keep their numbers, to the last digit");
        assertEquals(
                1,
                table(second).stream()
                        .filter(l -> l.startsWith("merged|2|last|"))
                        .count(),
                "a checkpoint as the Python project has it: " + second.out());
        String averaged = "voice, step 2, averaged, 노래.wav";
        assertEquals(sound(json(file), averaged), sound(json(again), averaged));

        ranked("nobody").refused("models/nobody: need a voice or the checkpoints of its training, got no such folder");
        evaluate("--checkpoints", "--project", "merged", "--songs", song, "--steps", "5000")
                .refused("need infer.steps from 1 to 1000, got 5000");
    }

    @Test
    void trainingIsJudgedAndEndsWhenItGetsNoBetter() throws IOException {
        train(
                "judged",
                "--steps",
                "9",
                "--evaluate-every",
                "1",
                "--patience",
                "2",
                "--judges",
                "pitch",
                "--songs",
                song.toString());
        Map<Long, Double> scores = new HashMap<>();
        List<String> lines = Files.readAllLines(home.resolve("models/judged/training/scores.csv"));
        assertEquals("step,score", lines.get(0));
        lines.subList(1, lines.size())
                .forEach(l -> scores.put(Long.parseLong(l.split(",")[0]), Double.parseDouble(l.split(",")[1])));
        scores.forEach((step, score) -> assertTrue(score >= 0 && score <= 1, step + ": " + score));
        long best = scores.entrySet().stream()
                .sorted(Map.Entry.<Long, Double>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .findFirst()
                .orElseThrow()
                .getKey();
        assertTrue(scores.size() == 9 || scores.size() == best + 2, "two judgements after the best: " + scores);
        assertTrue(
                Files.exists(home.resolve("models/judged/training/model_ckpt_steps_" + best + ".ckpt")),
                "the best stays");
    }
}
