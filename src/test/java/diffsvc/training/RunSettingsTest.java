package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A typed edit of a run's settings obeys the rules of --hparams. */
class RunSettingsTest {
    private final Hparams made = Hparams.defaults().project("toy");
    private final RunSettings fresh = RunSettings.fresh(made, "toy"),
            resumed = RunSettings.fromCheckpoint(made, made, "toy");

    @Test
    void anEditGivesTheSettingsThatTheSameOverridesGive() {
        assertEquals(
                fresh.with("training.lr=0.001,wavenet.residual_layers=4"),
                fresh.with(h -> h.training(t -> t.lr(1e-3)).wavenet(w -> w.residualLayers(4))));
    }

    @Test
    void whatTheDatasetOrTheCheckpointDecidesIsRefused() {
        refused(fresh, h -> h.audio(a -> a.hopSamples(256)), "audio.hop_samples=256 where the dataset");
        refused(resumed, h -> h.noise(n -> n.maxBeta(0.03)), "noise.max_beta=0.03 where the checkpoint");
        refused(fresh, h -> h.project("other"), "project: ");
        refused(fresh, h -> h.steps(9), "steps: ");
    }

    private static void refused(RunSettings settings, UnaryOperator<Hparams> edit, String why) {
        String message = assertThrows(Problem.class, () -> settings.with(edit)).getMessage();
        assertTrue(message.contains(why), message);
    }
}
