package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings: YAML and back, overrides, and sentences for what does not fit. */
class HparamsTest {
    @TempDir
    Path folder;

    @Test
    void yamlAndBackIsTheSameRecord() {
        Hparams h = Arg2Hparams.apply(
                Hparams.defaults(),
                "training.lr=4e-4,infer.steps=20,noise.spec_min=-5 -4.5,quirks=python,project=목소리,training.warm_start=true");
        assertEquals(4e-4, h.training().lr());
        assertEquals(20, h.infer().steps());
        assertEquals(List.of(-5.0, -4.5), h.noise().specMin());
        Path file = folder.resolve("h.yaml");
        HparamsYaml.write(file, h);
        assertEquals(h, HparamsYaml.read(file));
    }

    private static String said(String overrides) {
        return assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), overrides))
                .getMessage();
    }

    @Test
    void aMisspeltKeyIsMetWithTheNearestRightOne() throws Exception {
        assertTrue(
                said("training.learning=1").contains("did you mean training.lr?")
                        || said("training.l=1").contains("training.lr"),
                said("training.l=1"));
        assertTrue(said("infer.step=20").contains("did you mean infer.steps?"), said("infer.step=20"));
        assertTrue(said("max_beta=0.1").contains("did you mean noise.max_beta?"), said("max_beta=0.1"));
        Path file = Files.writeString(folder.resolve("bad.yaml"), "training:\n  clip_grad_nrm: 1\n");
        String yaml = assertThrows(Problem.class, () -> HparamsYaml.read(file)).getMessage();
        assertTrue(yaml.contains("bad.yaml") && yaml.contains("training.clip_grad_norm"), yaml);
    }

    @Test
    void valuesOfTheWrongKindAreRefused() {
        assertTrue(said("infer.steps=many").contains("infer.steps to be a number, got many"));
        assertTrue(said("infer.steps=2.5").contains("whole number"));
        assertTrue(said("training.lr=NaN").contains("number"));
        assertTrue(said("quirks=odd").contains("python, fixed"));
        assertTrue(said("infer.use_gt_mel=yes").contains("true or false"));
        assertTrue(said("infer.steps").contains("key=value"));
    }

    @Test
    void pythonsConfigIsRead() {
        Hparams h = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));
        assertEquals(Hparams.Quirks.PYTHON, h.quirks());
        assertEquals(
                Golden.stage("svc")
                        .getAsJsonObject("hparams")
                        .get("residual_channels")
                        .getAsInt(),
                h.wavenet().residualChannels());
        assertEquals(
                Golden.stage("svc").getAsJsonObject("hparams").get("lr").getAsDouble(),
                h.training().lr());
    }

    @Test
    void relativePathsAreTheProjectsAndAbsoluteOnesStay() {
        ProjectPaths paths = new ProjectPaths(folder);
        assertEquals(folder.resolve("raw/a.wav"), paths.resolve("raw/a.wav"));
        assertEquals(
                Path.of("/x/y.wav").toAbsolutePath(),
                paths.resolve(Path.of("/x/y.wav").toAbsolutePath()));
        assertEquals("raw/a.wav", paths.shown(folder.resolve("raw/a.wav")).replace('\\', '/'));
    }
}
