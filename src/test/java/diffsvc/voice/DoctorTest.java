package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.hparams.ProjectPaths;
import diffsvc.testing.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DoctorTest {
    @TempDir
    Path folder;

    @Test
    void aMachineThatSingsIsWell() {
        Doctor doctor = Doctor.machine(ProjectPaths.find());
        assertTrue(doctor.well(), doctor.table().printAll());
        List<String> looked = doctor.lines().stream().map(Doctor.Line::what).toList();
        for (String what : List.of(
                "java",
                "python",
                "kernel",
                "library",
                "processor",
                "precision",
                "memory",
                "gpu",
                "voices",
                "hubert_soft.pt",
                "nsf_hifigan.pt",
                "disk")) {
            assertTrue(looked.contains(what), what + " in " + looked);
        }
    }

    @Test
    void aPrecisionThatIsFarFromFloat32IsWrong() {
        assertEquals(
                Doctor.Grade.OK,
                Doctor.precision("auto is mixed", new FastPath("demo", 0.02, 1)).grade());
        Doctor.Line far = Doctor.precision("auto is mixed", new FastPath("demo", 0.0201, 1));
        assertEquals(Doctor.Grade.WRONG, far.grade());
        assertEquals("pass --precision float32, and report this processor", far.remedy());
        assertFalse(new FastPath("demo", Double.NaN, 1).isNear());
    }

    @Test
    void whatIsNotWellHasARemedy() throws IOException {
        Files.createDirectories(folder.resolve("models/frozen"));
        Doctor doctor = Doctor.machine(new ProjectPaths(folder));
        assertFalse(doctor.well());
        assertFalse(doctor.lines().isEmpty());
        assertTrue(
                doctor.lines().stream().allMatch(l -> l.remedy().isEmpty() == (l.grade() == Doctor.Grade.OK)),
                doctor.table().printAll());
        assertEquals(Doctor.Grade.WRONG, grade(doctor, "content_demo.pt"));
        assertEquals(Doctor.Grade.WRONG, grade(doctor, "whisper_tiny_en.safetensors"));
        assertEquals(Doctor.Grade.MISSING, grade(doctor, "hubert_soft.pt"));
        assertEquals(Doctor.Grade.WRONG, grade(doctor, "disk"), "there is no output/ to write to");
    }

    @Test
    void aFileOfItsOwnNameIsFoundInEachOfItsPlaces() throws IOException {
        Files.createDirectories(folder.resolve("models/frozen"));
        Files.createDirectories(folder.resolve("models/nsf_hifigan"));
        Files.write(folder.resolve("models/frozen/xiaoma_pe_60000.pt"), new byte[10]);
        Files.write(folder.resolve("models/nsf_hifigan/nsf_hifigan.pt"), new byte[10]);
        Files.write(folder.resolve("models/hubert_soft.pt"), new byte[10]);
        Doctor doctor = Doctor.models(new ProjectPaths(folder));
        for (String what : List.of("xiaoma_pe_*.pt", "nsf_hifigan.pt", "hubert_soft.pt")) {
            assertEquals(Doctor.Grade.OK, grade(doctor, what), what);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "NONE | false | OK | none; everything runs on the CPU |",
                "NONE | true | MISSING | no driver of an NVIDIA GPU; the libraries are set up | install NVIDIA's driver",
                "HIDDEN | true | MISSING | a driver, but no GPU that it shows | check nvidia-smi",
                "NOT_SET_UP | false | MISSING | Hopper of 80 GiB: an engine for the CPU alone | ./diffsvc setup gpu",
                "NOT_SET_UP | true | MISSING | Hopper of 80 GiB: an engine that does not accept | update the driver",
                "ONE | true | OK | cuda:0, Hopper of 80 GiB, compute capability 9.0, 79.0 GiB of 80.0 GiB free |",
                "TWO | true | OK | 80.0 GiB free; cuda:1, Turing of 16 GiB, compute capability 7.5, 15.0 GiB of 16.0 GiB free |"
            })
    void aGpuIsReadyOrItSaysWhatIsMissing(
            Machines machine, boolean setUp, Doctor.Grade grade, String found, String remedy) {
        Doctor.Line line = Doctor.gpu(machine.report(), setUp);
        assertEquals(grade, line.grade());
        assertTrue(line.found().contains(found), line.found());
        assertTrue(remedy == null ? line.remedy().isEmpty() : line.remedy().contains(remedy), line.remedy());
    }

    private static Doctor.Grade grade(Doctor doctor, String what) {
        return doctor.lines().stream()
                .filter(l -> l.what().equals(what))
                .findFirst()
                .orElseThrow()
                .grade();
    }
}
