package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.testing.Golden;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands around checkpoints: what they refuse, in words, and what they leave as it is. */
class ToolsTest {
    private static final int REFUSED = 2;

    @TempDir
    Path folder;

    private record Said(int code, String text) {}

    private static Said run(String... args) {
        PrintStream out = System.out, err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrintStream all = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            System.setOut(all);
            System.setErr(all);
            return new Said(Main.run(args), printed.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static void refused(Said said, String... words) {
        assertEquals(REFUSED, said.code(), said.text());
        for (String word : words) {
            assertTrue(said.text().contains(word), word + " in: " + said.text());
        }
    }

    @Test
    void aTableReplacesOnlyItself() throws IOException {
        String checkpoint = Files.copy(
                        Golden.ckpt("svc_ckpt"),
                        folder.resolve(Golden.ckpt("svc_ckpt").getFileName()))
                .toString();
        Path csv = folder.resolve("notes.csv");
        assertEquals(0, run("inspect", checkpoint, "--csv", csv.toString()).code());
        byte[] table = Files.readAllBytes(csv);
        assertEquals(0, run("inspect", checkpoint, "--csv", csv.toString()).code());
        Files.writeString(csv, "mine");
        refused(run("inspect", checkpoint, "--csv", csv.toString()), "notes.csv", "--overwrite");
        assertEquals("mine", Files.readString(csv));
        assertEquals(
                0,
                run("inspect", checkpoint, "--csv", csv.toString(), "--overwrite")
                        .code());
        assertArrayEquals(table, Files.readAllBytes(csv));
        Path link = Files.createSymbolicLink(folder.resolve("link.csv"), Path.of(checkpoint));
        refused(run("inspect", checkpoint, "--csv", link.toString(), "--overwrite"), "the same file");
    }

    @Test
    void dividingAndMergingAskBeforeTheyReplace() throws IOException {
        String checkpoint = Golden.ckpt("svc_ckpt").toString(),
                voice = folder.resolve("voice").toString(),
                merged = folder.resolve("merged.ckpt").toString();
        assertEquals(0, run("divide", checkpoint, "--out", voice).code());
        assertEquals(0, run("divide", checkpoint, "--out", voice).code());
        refused(run("divide", Golden.ckpt("e2e/svc").toString(), "--out", voice), "another voice", "--overwrite");
        refused(run("divide", folder.resolve("none.ckpt").toString()), "none.ckpt", "nothing at that path");
        assertEquals(0, run("merge", voice, "--out", merged).code());
        Files.writeString(Path.of(merged), "mine");
        refused(run("merge", voice, "--out", merged), "--overwrite");
        assertEquals("mine", Files.readString(Path.of(merged)));
        assertEquals(0, run("merge", voice, "--out", merged, "--overwrite").code());
    }

    @Test
    void exportAsksBeforeItReplacesAndNamesWhatItCannotWrite() throws IOException {
        Path out = folder.resolve("demo"), archive = out.resolve("wavenet_bfloat16.ts");
        String[] export = {"export", "--project", "demo", "--precision", "bfloat16", "--out", out.toString()};
        Said said = run(export);
        assertEquals(0, said.code(), said.text());
        for (String file : new String[] {"wavenet_bfloat16.ts", "embedding_float32.ts", "demo.json"}) {
            assertTrue(Files.size(out.resolve(file)) > 0 && said.text().contains(file), file + " in: " + said.text());
        }
        assertTrue(said.text().contains("source_filter has no weights"), said.text());
        assertEquals(0, run(export).code());
        Files.writeString(archive, "mine");
        refused(run(export), archive.toString(), "changed since export wrote it", "--overwrite");
        assertEquals("mine", Files.readString(archive));
        String[] over = Arrays.copyOf(export, export.length + 1);
        over[export.length] = "--overwrite";
        assertEquals(0, run(over).code());
        refused(run("export", "--project", "nobody"), "nobody", "projects here: demo");
        refused(run("export", "--project", "demo", "--out", archive.toString()), "a folder to write into", "a file");
        if (Files.isDirectory(Path.of("/proc/self"))) {
            refused(run("export", "--project", "demo", "--out", "/proc/self/voice"), "can be written");
        }
        refused(run("export", "--project", "demo", "--precision", "half"), "--precision", "bfloat16");
    }

    @Test
    void anEncoderIsNeitherOverwrittenNorTrainedWithNumbersThatAreNone() throws IOException {
        Path encoder = Files.copy(Path.of("models/frozen/content_demo.pt"), folder.resolve("encoder.pt"));
        byte[] before = Files.readAllBytes(encoder);
        String corpus = folder.resolve("corpus").toString(), out = encoder.toString();
        refused(run("train-content", corpus, "--out", out), "encoder.pt", "--overwrite");
        refused(run("train-content", corpus, "--out", out, "--from", out, "--overwrite"), "that is read");
        refused(
                run(
                        "train-content",
                        corpus,
                        "--out",
                        folder.resolve("./encoder.pt").toString(),
                        "--from",
                        out,
                        "--overwrite"),
                "that is read");
        String other = folder.resolve("other.pt").toString();
        Path spoken = Files.createDirectories(folder.resolve("corpus/encoder")).resolve("1.wav");
        Files.writeString(spoken, "wave");
        refused(run("train-content", corpus, "--out", spoken.toString(), "--overwrite"), "outside the corpus");
        for (String[] wrong : new String[][] {
            {"--steps", "0"},
            {"--minutes", "NaN"},
            {"--batch", "0"},
            {"--lr", "Infinity"},
            {"--sung", "1.5"},
            {"--sizes", "96,160,x,4,640,128"},
            {"--sizes", "96,160,4"},
            {"--sizes", "96,160,4,7,640,128"},
            {"--sizes", "96,-160,4,4,640,128"},
            {"--from", folder.resolve("none.pt").toString()}
        }) {
            refused(
                    run("train-content", corpus, "--out", other, wrong[0], wrong[1]),
                    wrong[0].equals("--from") ? "none.pt" : wrong[0]);
        }
        assertArrayEquals(before, Files.readAllBytes(encoder));
    }
}
