package diffsvc.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rule that every command asks before it writes. */
class OutputTest {
    private static final Output.Owner OURS = file -> null;

    @TempDir
    Path folder;

    private Path file(String name) throws IOException {
        return Files.writeString(folder.resolve(name), "somebody's");
    }

    private static void refused(String word, org.junit.jupiter.api.function.Executable call) {
        Problem e = assertThrows(Problem.class, call);
        assertTrue(e.getMessage().contains(word), e.getMessage());
    }

    @Test
    void aFreeNameIsTakenAndWhatIsNotOursIsRefusedUnlessTheUserSaysOverwrite() throws IOException {
        Path free = folder.resolve("free.wav"), there = file("there.wav");
        assertEquals(Output.real(free), Output.CAREFUL.require("output", free, Output.Owner.NOBODY));
        refused("--overwrite", () -> Output.CAREFUL.require("output", there, Output.Owner.NOBODY));
        assertEquals(there.toRealPath(), Output.CAREFUL.require("output", there, OURS));
        assertEquals(there.toRealPath(), new Output(true, List.of()).require("output", there, Output.Owner.NOBODY));
    }

    @Test
    void anInputIsNeverReplacedWhateverItsPathLooksLike() throws IOException {
        Files.createDirectories(folder.resolve("d1/sub"));
        Path song = Files.writeString(folder.resolve("d1/song.wav"), "song"),
                link = Files.createSymbolicLink(folder.resolve("d2"), folder.resolve("d1"));
        Path symbolic = Files.createSymbolicLink(folder.resolve("symbolic.wav"), song),
                hard = Files.createLink(folder.resolve("hard.wav"), song);
        Output rule = new Output(true, List.of(song));
        for (Path same : List.of(
                song,
                link.resolve("song.wav"),
                symbolic,
                hard,
                folder.resolve("d1/sub/../song.wav"),
                folder.resolve("d1/./song.wav"))) {
            refused("another file than the one that is read", () -> rule.require("output", same, OURS));
        }
        Path upper = folder.resolve("d1/SONG.wav");
        if (Files.exists(upper)) { // a file system that folds case
            refused("another file", () -> rule.require("output", upper, OURS));
        }
    }

    @Test
    void aLinkIsFollowedAndALinkThatLeadsNowhereIsNoFreeName() throws IOException {
        Path there = file("there.wav"), link = Files.createSymbolicLink(folder.resolve("link.wav"), there);
        assertEquals(there.toRealPath(), Output.CAREFUL.require("output", link, OURS));
        Path nowhere = Files.createSymbolicLink(folder.resolve("nowhere.wav"), folder.resolve("missing.wav"));
        refused("a link to", () -> Output.CAREFUL.require("output", nowhere, OURS));
        Path circle = Files.createSymbolicLink(folder.resolve("circle.wav"), folder.resolve("circle.wav"));
        refused("circle", () -> Output.CAREFUL.require("output", circle, OURS));
        refused("a folder", () -> new Output(true, List.of())
                .require("output", Files.createDirectories(folder.resolve("f.wav")), OURS));
        assumeTrue(Files.exists(Path.of("/dev/null")));
        refused("a device", () -> new Output(true, List.of()).require("output", Path.of("/dev/null"), OURS));
    }

    @Test
    void anOutputIsTriedAndNothingStaysBehind() throws IOException {
        Output.tryOut("output", folder.resolve("new/deep/er.wav"), 1000);
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count(), "neither the trial nor a folder");
        }
        refused("free disk space", () -> Output.tryOut("output", folder.resolve("a.wav"), 1L << 50));
        refused("name", () -> Output.tryOut("output", folder.resolve("a".repeat(300) + ".wav"), 0));
        refused(
                "name",
                () -> Output.tryOut("output", folder.resolve("a".repeat(300)).resolve("b.wav"), 0));
        Path file = file("file");
        refused("a folder to write into", () -> Output.tryOut("output", file.resolve("a.wav"), 0));
        assumeTrue(Files.isDirectory(Path.of("/proc/self")));
        refused("can be written", () -> Output.tryOut("output", Path.of("/proc/self/a.wav"), 0));
    }

    @Test
    void aFileWithALongNameIsWritten() {
        Path name = folder.resolve("가".repeat(80) + ".wav"); // 244 bytes of at most 255
        WholeFile.write("output", name, part -> Files.writeString(part, "x"));
        assertTrue(Files.isRegularFile(name));
        assertFalse(Output.same(name, null));
    }

    @Test
    void namesThatAKilledProcessLeavesAreKnown() {
        for (String name : new String[] {
            ".model_ckpt_steps_3.1a2b.part.ckpt",
            ".diffsvc-1a2b.part",
            ".diffsvc-1a2b.part.wav",
            ".voice.ffff0.part.json",
            ".a.b.c.12.part.yaml"
        }) {
            assertTrue(WholeFile.isUnfinished(folder.resolve(name)), name);
        }
        for (String name :
                new String[] {"model_ckpt_steps_3.ckpt", ".lock", "a.part.wav", ".part", "song.12.part.wav", ".hidden"
                }) {
            assertFalse(WholeFile.isUnfinished(folder.resolve(name)), name);
        }
        WholeFile.write(
                "output", folder.resolve("x.json"), part -> assertTrue(WholeFile.isUnfinished(part), part.toString()));
        WholeFile.write(
                "output", folder.resolve("x"), part -> assertTrue(WholeFile.isUnfinished(part), part.toString()));
    }

    @Test
    void whatLiesAtAPathIsNamed() throws IOException, InterruptedException {
        assertEquals("nothing at that path", Input.kind(folder.resolve("x")));
        assertEquals("a folder", Input.kind(folder));
        assertEquals("a file", Input.kind(file("a")));
        Path nowhere = Files.createSymbolicLink(folder.resolve("nowhere"), Path.of("missing"));
        assertEquals("a link to missing, where nothing is", Input.kind(nowhere));
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), folder.resolve("circle"));
        assertEquals("a link that leads in a circle", Input.kind(circle));
        assertTrue(Input.kind(folder.resolve("a/b")).contains("nothing"), Input.kind(folder.resolve("a/b")));
        assumeTrue(Files.exists(Path.of("/dev/zero")));
        assertEquals("a device", Input.kind(Path.of("/dev/zero")));
        Path pipe = folder.resolve("pipe");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0);
        assertEquals("a named pipe", Input.kind(pipe));
    }
}
