package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
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

    @Test
    void editsAreTypedAndChecked() {
        Hparams h = Hparams.defaults();
        Hparams edited = h.infer(i -> i.sampler("ddim").steps(50))
                .training(t -> t.lr(4e-4))
                .project("tenor");
        assertEquals(Arg2Hparams.apply(h, "infer.sampler=ddim,infer.steps=50,training.lr=4e-4,project=tenor"), edited);
        assertEquals(20, h.infer().steps(), "a copy");
        Problem beyond = assertThrows(Problem.class, () -> h.infer(i -> i.steps(0)));
        assertEquals("hparams: need infer.steps from 1 to 100000, got 0; correct infer.steps", beyond.getMessage());
        assertThrows(Problem.class, () -> h.infer(i -> null));
        assertThrows(Problem.class, () -> h.quirks(null));
    }

    /** Every component has its edit, of its own type, which changes this component and no other. */
    @Test
    void everyComponentHasItsEdit() throws Exception {
        Hparams h = Hparams.defaults();
        for (RecordComponent scope : Hparams.class.getRecordComponents()) {
            if (!scope.getType().isRecord()) {
                Hparams.class.getMethod(scope.getName(), scope.getType());
                continue;
            }
            Hparams.class.getMethod(scope.getName(), UnaryOperator.class);
            Object record = scope.getAccessor().invoke(h);
            for (RecordComponent c : scope.getType().getRecordComponents()) {
                Object value = c.getAccessor().invoke(record), other = other(c.getName(), value);
                Object edited =
                        scope.getType().getMethod(c.getName(), c.getType()).invoke(record, other);
                assertEquals(scope.getType(), edited.getClass());
                assertEquals(other, c.getAccessor().invoke(edited), c.getName());
                assertNotEquals(record, edited);
                assertEquals(
                        record,
                        scope.getType().getMethod(c.getName(), c.getType()).invoke(edited, value));
            }
        }
    }

    private static Object other(String name, Object value) {
        return switch (name) {
            case "extractor" -> "crepe";
            case "schedule" -> "cosine";
            case "prediction" -> "v";
            case "loss" -> "l1";
            case "savedWeights" -> "float16";
            case "sampler" -> "ddim";
            case "precision" -> "float32".equals(value) ? "bfloat16" : "float32";
            case "format" -> "flac";
            case "depth" -> "24";
            case "kind" -> "hubert_soft".equals(value) ? "whisper" : "hifigan";
            case "sha256" -> "00";
            case "encFfnKernelSize", "residualChannels" -> (int) value + 2;
            case "beta1", "beta2" -> 0.5;
            case "specMin" -> List.of(-4.5);
            default ->
                value instanceof Boolean b
                        ? (Object) !b
                        : value instanceof Integer i
                                ? (Object) (i + 1)
                                : value instanceof Long l
                                        ? (Object) (l + 1)
                                        : value instanceof Double d
                                                ? (Object) (d == 0 ? 0.5 : d * 1.001)
                                                : value instanceof String s ? s + "x" : List.of(0.25);
        };
    }

    private static String said(String overrides) {
        return assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), overrides))
                .getMessage();
    }

    @Test
    void aMisspeltKeyIsMetWithTheNearestRightOne() throws Exception {
        assertEquals("hparams: need a known key, got \"training.l\"; did you mean training.lr?", said("training.l=1"));
        assertEquals(
                "hparams: need a known key, got \"training.learning\"; did you mean training.lr?",
                said("training.learning=1"));
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
