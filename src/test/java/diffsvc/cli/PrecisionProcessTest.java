package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.hparams.HparamsYaml;
import diffsvc.infer.Manifest;
import diffsvc.platform.Processor;
import diffsvc.testing.DemoCopy;
import diffsvc.testing.Watched;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** auto in processes of their own, because the engine reads ONEDNN_MAX_CPU_ISA once. */
@Tag("process")
class PrecisionProcessTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    @TempDir
    Path home;

    @BeforeEach
    void copyTheDemo() throws IOException {
        Files.createDirectories(home.resolve("output"));
        DemoCopy.into(home);
        Wave song = WavReader.read(ROOT.resolve("src/test/resources/songs/music2.wav"))
                .slice(0, 1);
        WaveWriter.write(home.resolve("song.wav"), song);
    }

    /** What a command says under a limit of the instruction sets; doctor may be unwell here for other reasons. */
    private String diffsvc(String mostIsa, String... args) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Ddiffsvc.home=" + home,
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                "diffsvc.cli.Main"));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().put("ONEDNN_MAX_CPU_ISA", mostIsa);
        builder.environment().put("CUDA_VISIBLE_DEVICES", "");
        try (Watched process = new Watched(builder)) {
            int code = process.end();
            assertTrue(code == 0 || args[0].equals("doctor"), process.text());
            return process.text();
        }
    }

    private String precisionOfASong(String mostIsa) throws IOException, InterruptedException {
        diffsvc(mostIsa, "infer", "song.wav", "--out", "out.wav", "--steps", "2", "--sampler", "unipc2");
        Path manifest = home.resolve("out.json");
        return HparamsYaml.of(Manifest.read(manifest).hparams(), manifest)
                .infer()
                .precision();
    }

    private String doctor(String mostIsa) throws IOException, InterruptedException {
        return diffsvc(mostIsa, "doctor")
                .lines()
                .filter(line -> line.contains(" precision "))
                .findFirst()
                .orElseThrow();
    }

    private long facts() throws IOException {
        if (!Files.isDirectory(home.resolve("cache"))) {
            return 0;
        }
        try (Stream<Path> files = Files.list(home.resolve("cache"))) {
            return files.filter(f -> f.getFileName().toString().matches("(machine|tried)-.*"))
                    .count();
        }
    }

    @Test
    void withoutItsInstructionsAutoIsFloat32AndNothingIsMeasured() throws Exception {
        assertEquals("float32", precisionOfASong("AVX2"));
        String said = doctor("AVX2");
        assertTrue(said.contains("auto is float32: no bfloat16 instructions, with ONEDNN_MAX_CPU_ISA=AVX2"), said);
        assertEquals(0, facts());
    }

    @Test
    void doctorSaysWhatASongRunsIn() throws Exception {
        String ran = precisionOfASong("DEFAULT");
        long facts = facts();
        assertEquals(Processor.flags().stream().anyMatch(f -> f.matches("(avx512|amx)_bf16")), facts > 0);
        String said = doctor("DEFAULT");
        assertTrue(said.contains("auto is " + ran + ":"), ran + ", but " + said);
        assertEquals(said, doctor("DEFAULT"), "a measurement that is remembered does not change");
        assertEquals(facts, facts());
        String listed = diffsvc("DEFAULT", "cache", "list");
        assertEquals(facts > 0, listed.contains(facts + " files about this machine"), listed);
        diffsvc("DEFAULT", "cache", "clear");
        assertEquals(0, facts());
    }
}
