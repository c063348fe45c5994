package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A YAML file from somebody else may be anything: each ends in one short sentence, soon, on a small stack. */
class HostileYamlTest {
    @TempDir
    Path folder;

    private String said(String yaml) throws Exception {
        return said(Files.writeString(folder.resolve("h.yaml"), yaml));
    }

    private static String said(Path file) throws Exception {
        String[] said = new String[1];
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            said[0] = assertThrows(Problem.class, () -> HparamsYaml.readEither(file))
                    .getMessage();
        });
        assertTrue(
                said[0].startsWith("hparams: " + file + ": need ")
                        && said[0].length() < 500 + file.toString().length()
                        && said[0].lines().count() == 1,
                said[0]);
        return said[0];
    }

    @Test
    void depthIsBounded() throws Exception {
        assertTrue(said("[".repeat(100_000)).contains("nested deeper"));
        assertTrue(said("a: " + "[".repeat(2_000_000)).contains("nested deeper"));
        assertTrue(said("{a: ".repeat(100_000)).contains("nested deeper"));
        assertTrue(said("- ".repeat(100_000)).contains("nested deeper"));
        assertTrue(said("? ".repeat(100_000)).contains("nested deeper"));
        StringBuilder stairs = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            stairs.append(" ".repeat(i)).append("a:\n");
        }
        assertTrue(said(stairs.toString()).contains("nested deeper"));
    }

    @Test
    void aliasesAreFollowedWhenValuesAreCounted() throws Exception {
        for (String[] braces : new String[][] {{"[", "]"}, {"{k: [", "]}"}}) {
            StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
            for (int i = 1; i < 30; i++) {
                bomb.append("a")
                        .append(i)
                        .append(": &a")
                        .append(i)
                        .append(' ')
                        .append(braces[0])
                        .append(("*a" + (i - 1) + ", ").repeat(2))
                        .append(braces[1])
                        .append('\n');
            }
            assertTrue(said(bomb.toString()).contains("aliases followed"));
        }
        assertTrue(said("audio: &a\n  hop_samples: *a\n").contains("aliases of what stands before them"));
        assertTrue(said("audio: &a [*a]\n").contains("aliases"));
        assertTrue(said("audio: *nowhere\n").contains("alias"));
        assertEquals(
                512,
                HparamsYaml.read(Files.writeString(
                                folder.resolve("ok.yaml"),
                                "audio: {hop_samples: &h 512, window_samples: 2048}\nnoise: {k_step: *h}\n"))
                        .noise()
                        .kStep());
    }

    @Test
    void tagsMakeNothing() throws Exception {
        for (String yaml : new String[] {
            "audio: !!python/object/apply:os.system [echo]\n",
            "!!javax.script.ScriptEngineManager [x]",
            "audio: !<tag:x> {a: 1}\n",
            "steps: !!int word\nnoise: {}\n",
            "steps: !!float word\nnoise: {}\n",
            "noise: {max_beta: !!binary aGk=}\n",
            "noise: !!set {a, b}\n",
            "noise: !!timestamp 2001-01-01\n",
            "noise: {steps: !!null x}\n"
        }) {
            said(yaml);
        }
    }

    @Test
    void keysAreNamesAndValuesAreGiven() throws Exception {
        assertTrue(said("1: 2\n").contains("KEY to be a name, got 1"));
        assertTrue(said("audio:\n  1: 2\n").contains("audio.KEY to be a name, got 1"));
        assertTrue(said("null: 2\n").contains("got nothing"));
        assertTrue(said("[a, b]: 2\n").contains("name"));
        assertTrue(said("{a: b}: 2\n").contains("name"));
        assertTrue(said("true: 2\n").contains("got true"));
        assertTrue(said("audio: null\nnoise: {}\n").contains("audio to be a map, got nothing"));
        assertTrue(said("audio:\nnoise: {}\n").contains("audio to be a map, got nothing"));
        assertTrue(said("audio: [1]\nnoise: {}\n").contains("audio to be a map, got a list"));
        assertTrue(said("audio: 5\nnoise: {}\n").contains("audio to be a map, got 5"));
        assertTrue(said("audio:\n  hop_samples:\n").contains("audio.hop_samples to be given"));
        assertTrue(said("noise:\n  spec_min: [1, [2]]\n").contains("noise.spec_min to be a number, got a list"));
        assertTrue(said("noise:\n  spec_min: {a: 1}\n").contains("noise.spec_min to be a list of numbers, got a map"));
        assertTrue(said("noise:\n  spec_min: [1, null]\n").contains("got nothing"));
        assertTrue(said("hubert:\n  file: [a]\n").contains("hubert.file to be one value, got a list"));
        assertTrue(said("hubert:\n  file: \"a\\0b\"\n").contains("hubert.file"));
    }

    @Test
    void sizesAreBounded() throws Exception {
        assertTrue(
                said("audio:\n  hop_samples: " + "9".repeat(1_000_000) + "\n").contains("characters"));
        assertTrue(said("audio:\n  hop_samples: " + "9".repeat(60_000) + "\n").contains("audio.hop_samples"));
        assertTrue(
                said("audio:\n  hop_samples: \"" + "x".repeat(60_000) + "\"\n").contains("xxx..."));
        assertTrue(said("x".repeat(900) + ": 1\nnoise: {}\n").contains("xxx..."));
        assertTrue(
                said("noise:\n  spec_min: [" + "1,".repeat(1_000_000) + "1]\n").contains("at most"));
        assertTrue(said("#".repeat((4 << 20) + 1)).contains("4 MiB"));
        Path large = folder.resolve("large.yaml");
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(1L << 30);
        }
        assertTrue(said(large).contains("4 MiB"));
    }

    @Test
    void whatIsNoYamlMapIsSaid() throws Exception {
        assertTrue(said("").contains("an empty file"));
        assertTrue(said("# only a remark\n").contains("an empty file"));
        assertTrue(said("song: la\n").contains("neither"));
        assertTrue(said("word").contains("need a YAML map, got word"));
        assertTrue(said("- 1\n- 2\n").contains("got a list"));
        assertTrue(said("a: b: c\n").contains("line 1"));
        assertTrue(said("a: 1\n---\nb: 2\n").contains("YAML"));
        assertTrue(said("a: \"unended\n").contains("YAML"));
        assertTrue(said("a: \0\n").contains("YAML"));
        assertTrue(said("\t\ta: 1\n").contains("YAML"));
        assertTrue(said(Files.write(
                        folder.resolve("b.yaml"), new byte[] {(byte) 0x89, 'P', 'N', 'G', (byte) 0xff, 0, 1, 2}))
                .contains("UTF-8"));
        assertTrue(
                said(Files.write(folder.resolve("l.yaml"), "project: \u00e9\n".getBytes(StandardCharsets.ISO_8859_1)))
                        .contains("UTF-8"));
    }

    @Test
    void whatIsNoFileIsSaid() throws Exception {
        assertTrue(said(folder).contains("a folder"));
        assertTrue(said(folder.resolve("none.yaml")).contains("nothing at that path"));
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void pipesAndDevicesAreNotWaitedFor() throws Exception {
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        assertTrue(said(pipe).contains("a named pipe"));
        assertTrue(said(Path.of("/dev/zero")).contains("a device"));
        Path loop = folder.resolve("loop");
        try {
            Files.createSymbolicLink(loop, loop);
        } catch (IOException e) {
            assumeTrue(false, "no symbolic links here");
        }
        assertTrue(said(loop).contains("circle"));
    }
}
