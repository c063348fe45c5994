package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.audio.WavReader;
import diffsvc.audio.WaveWriter;
import diffsvc.files.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code infer} and {@code again} replace only what infer wrote: the songs, recordings and curves of the person stay.
 */
@Tag("conversion")
class NothingLostTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    @TempDir
    Path folder;

    private Path song;

    @BeforeEach
    void aSong() {
        song = folder.resolve("song.wav");
        WaveWriter.write(
                song,
                WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                        .slice(0, 0.6));
    }

    private Command infer(Object out, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "infer",
                song.toString(),
                "--steps",
                "2",
                "--sampler",
                "unipc2",
                "--no-cache",
                "--out",
                out.toString()));
        args.addAll(List.of(more));
        return Command.run(args.toArray(String[]::new));
    }

    private Command again(Path manifest, String... more) {
        List<String> args = new ArrayList<>(List.of("again", manifest.toString()));
        args.addAll(List.of(more));
        return Command.run(args.toArray(String[]::new));
    }

    private static void edit(Path json, Consumer<JsonObject> change) throws IOException {
        JsonObject tree = JsonParser.parseString(Files.readString(json)).getAsJsonObject();
        change.accept(tree);
        Files.writeString(json, tree.toString());
    }

    @Test
    void theSongIsNeverReplacedThroughALinkAHardLinkOrDots() throws IOException {
        Files.createDirectories(folder.resolve("d1"));
        Path own = Files.copy(song, folder.resolve("d1/song.wav"));
        song = own;
        Files.createSymbolicLink(folder.resolve("d2"), folder.resolve("d1"));
        Files.createLink(folder.resolve("hard.wav"), own);
        Files.createSymbolicLink(folder.resolve("soft.wav"), own);
        String before = Sha256.of(own);
        for (String out : List.of("d2/song.wav", "hard.wav", "soft.wav", "d1/../d2/song.wav")) {
            infer(folder.resolve(out)).refused("another file than the one that is read");
            infer(folder.resolve(out), "--overwrite").refused("another file than the one that is read");
        }
        assertEquals(before, Sha256.of(own));
        try (Stream<Path> left = Files.list(folder.resolve("d1"))) {
            assertEquals(1, left.count(), "nothing was written beside it");
        }
    }

    @Test
    void aRecordingThatInferDidNotWriteStaysUntilTheUserSaysOverwrite() throws IOException {
        Path precious = Files.copy(song, folder.resolve("precious.wav"));
        String before = Sha256.of(precious);
        infer(precious).refused("precious.wav", "infer did not write", "--overwrite");
        assertEquals(before, Sha256.of(precious));
        assertFalse(Files.exists(folder.resolve("precious.json")));
        infer(precious, "--overwrite").done("replaced");
        infer(precious).done("replaced"); // now it is ours
        Files.write(precious, new byte[] {0}, StandardOpenOption.APPEND); // mastered, say
        infer(precious).refused("changed since infer wrote it");
        Files.delete(precious);
        infer(precious).done("wrote").without("replaced");
    }

    @Test
    void aWavAndAFlacOfOneNameKeepTheirManifests() throws IOException {
        infer(folder.resolve("x.wav")).done("wrote");
        infer(folder.resolve("x.flac")).done("wrote");
        assertTrue(Files.exists(folder.resolve("x.json")) && Files.exists(folder.resolve("x.flac.json")));
        infer(folder.resolve("x.wav")).done("replaced");
        infer(folder.resolve("x.flac")).done("replaced");
        again(folder.resolve("x.flac.json")).done("the same bytes");
    }

    @Test
    void aStrangersJsonStays() throws IOException {
        Files.writeString(folder.resolve("x.json"), "{\"mine\": 1}");
        infer(folder.resolve("x.wav")).refused("x.json", "infer did not write", "--overwrite");
        assertEquals("{\"mine\": 1}", Files.readString(folder.resolve("x.json")));
        assertFalse(Files.exists(folder.resolve("x.wav")));
    }

    @Test
    void aCurveThatWasEditedStays() throws IOException {
        Path out = folder.resolve("x.wav"), curve = folder.resolve("x.f0.csv");
        infer(out, "--export-f0").done("x.f0.csv");
        infer(out, "--export-f0").done("replaced"); // untouched, so it may go
        infer(out).done("replaced");
        infer(out, "--export-f0").done("replaced"); // still known, although a conversion without a table came between
        String edited = Files.readString(curve).replaceFirst("\n([0-9.]+),[0-9.]+", "\n$1,123.0");
        Files.writeString(curve, edited);
        infer(out, "--export-f0").refused("x.f0.csv", "--f0", "--overwrite");
        assertEquals(edited, Files.readString(curve));
        infer(out, "--f0", curve.toString(), "--export-f0").done("note", "stays as it is");
        assertEquals(edited, Files.readString(curve), "the curve that is given is never written");
        Path link = Files.createSymbolicLink(folder.resolve("link.f0.csv"), curve);
        infer(folder.resolve("link.wav"), "--f0", curve.toString(), "--export-f0")
                .done("stays as it is");
        assertEquals(edited, Files.readString(link));
        infer(out, "--export-f0", "--overwrite").done("x.f0.csv");
    }

    @Test
    void againWritesBesideTheManifestAndNeverWhereAStrangerPoints() throws IOException {
        infer(folder.resolve("x.wav")).done("wrote");
        byte[] bytes = Files.readAllBytes(folder.resolve("x.wav"));
        again(folder.resolve("x.json")).done("replaced", "the same bytes");
        assertArrayEquals(bytes, Files.readAllBytes(folder.resolve("x.wav")));
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere")),
                precious = Files.copy(song, folder.resolve("precious.wav"));
        String before = Sha256.of(precious);
        Path foreign = Files.copy(folder.resolve("x.json"), elsewhere.resolve("foreign.json"));
        edit(foreign, tree -> tree.getAsJsonObject("output").addProperty("file", precious.toString()));
        again(foreign).done("wrote", "the same bytes");
        assertTrue(Files.exists(elsewhere.resolve("precious.wav")), "beside the manifest");
        assertEquals(before, Sha256.of(precious));
        Path near = Files.copy(foreign, folder.resolve("near.json"));
        again(near).refused("precious.wav", "infer did not write");
        edit(near, tree -> tree.getAsJsonObject("output").addProperty("file", song.toString()));
        again(near, "--overwrite").refused("another file than the one that is read");
        again(near, "--out", precious.toString()).refused("precious.wav", "--overwrite");
        assertEquals(before, Sha256.of(precious));
    }

    @Test
    void outputsAreTriedBeforeAnySongIsConverted() throws IOException {
        infer(folder.resolve("a".repeat(252) + ".wav"))
                .refused("can be written")
                .without("sampling");
        infer(folder.resolve("song.wav").resolve("x.wav")).refused("folder").without("sampling");
        if (Files.isDirectory(Path.of("/proc/self"))) {
            infer(Path.of("/proc/self/x.wav")).refused("can be written").without("sampling");
        }
        infer(folder.resolve("b.wav"), "--format", "flac").refused("flac and b.wav");
        infer(folder.resolve("b.flac"), "--hparams", "infer.format=wav").refused("wav and b.flac");
    }

    @Test
    void aSongOfABatchIsNotReplacedByAnother() throws IOException {
        Path second;
        try (Stream<Path> list = Files.list(ROOT.resolve("models/demo"))) {
            String steps = list.map(p -> p.getFileName().toString())
                    .filter(n -> n.startsWith("wavenet"))
                    .findFirst()
                    .orElseThrow()
                    .replaceAll("\\D", "");
            second = folder.resolve("song_demo_steps_" + steps + ".wav");
        }
        Files.copy(song, second);
        String before = Sha256.of(second);
        Command said = infer(folder, second.toString(), "--overwrite");
        assertEquals(2, said.code());
        assertTrue(
                said.out().contains("1 of 2 songs converted") && said.err().contains("the one that is read"),
                said.out() + said.err());
        assertEquals(before, Sha256.of(second));
    }
}
