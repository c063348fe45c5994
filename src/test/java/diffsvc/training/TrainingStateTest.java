package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import com.google.gson.JsonParser;
import diffsvc.checkpoint.Divider;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.testing.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that Python began is resumed here, and what is written goes back: names, order, moments and the tensors that
 * only Python has.
 */
class TrainingStateTest {
    private static final Path CKPT = Golden.ckpt("svc_ckpt");

    @TempDir
    Path folder;

    private static Dataset toy(int bins, int width) {
        Random random = new Random(1);
        int t = 70, p = t * 50 / 86 + 1;
        float[] mel = new float[t * bins], units = new float[p * width], f0 = new float[t];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = -2 + random.nextFloat();
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, 200);
        return Dataset.of(List.of(Clip.of("toy", mel, bins, List.of(units), width, f0)));
    }

    private static Map<String, TorchTensor> tensors(Path file) {
        LinkedHashMap<String, TorchTensor> all = new LinkedHashMap<>();
        ((Map<?, ?>) ((Map<?, ?>) TorchFile.read(file)).get("state_dict"))
                .forEach((k, v) -> all.put((String) k, (TorchTensor) v));
        return all;
    }

    @Test
    void aPythonRunGoesOnAndGoesBack() throws Exception {
        Hparams hparams = Arg2Hparams.apply(
                Hparams.ofPython(CKPT.resolveSibling("config.yaml")),
                "training.batch=2,training.crop_frames=30,training.ema_decay=0");
        TrainingState python = TrainingState.read(CKPT);
        long steps = Golden.steps(CKPT);
        double lr;
        try (Golden g = new Golden("svc_train.npz")) {
            lr = g.doubles("resume_lr_f64")[0];
        }
        assertEquals(steps, python.step());
        assertEquals(steps, python.updates());
        assertEquals(lr, python.lr(), 1e-12);
        List<String> order = new ArrayList<>();
        JsonParser.parseString(Files.readString(CKPT.resolveSibling("param_order.json")))
                .getAsJsonObject()
                .getAsJsonArray("optimizer_param_index_to_name")
                .forEach(e -> order.add(e.getAsString()));
        assertEquals(order, List.copyOf(python.weights().keySet()));
        assertFalse(python.first().containsKey("fs2.mel_out.weight"), "a parameter without a gradient has no moments");
        Checkpoints checkpoints = new Checkpoints(folder, 2, 0);
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(
                        m,
                        hparams,
                        toy(hparams.audio().melBins(), hparams.embedding().hiddenSize()),
                        python)) {
            assertEquals(
                    python.first(),
                    Map.copyOf(keep(
                            run.training().optimizer().firstMoments(),
                            python.first().keySet())));
            TrainingRun.Update update = run.update();
            assertEquals(steps + 1, update.step());
            assertEquals(lr, update.lr(), 1e-12, "the first rate is the checkpoint's");
            run.save(checkpoints);
        }
        Path written = checkpoints.file(steps + 1);
        Map<String, TorchTensor> before = tensors(CKPT), after = tensors(written);
        assertEquals(before.keySet(), after.keySet());
        TrainingState again = TrainingState.read(written);
        assertEquals(order, List.copyOf(again.weights().keySet()));
        assertEquals(python.first().keySet(), again.first().keySet());
        assertEquals(steps + 1, again.updates());
        int moved = 0;
        for (String name : before.keySet()) {
            boolean ours = again.first().containsKey(name.replace("model.", ""));
            if (!ours) {
                assertEquals(before.get(name), after.get(name), name);
            } else {
                moved += before.get(name).equals(after.get(name)) ? 0 : 1;
            }
        }
        assertEquals(again.first().size(), moved, "every trained parameter moved");
        assertTrue(Files.size(Divider.divide(written, CKPT.resolveSibling("config.yaml"), folder.resolve("halves"))
                        .files()
                        .get(0))
                > 0);
    }

    private static Map<String, TorchTensor> keep(Map<String, TorchTensor> all, Set<String> names) {
        LinkedHashMap<String, TorchTensor> some = new LinkedHashMap<>(all);
        some.keySet().retainAll(names);
        return some;
    }

    /**
     * The Python project's strict load asks for names that nothing here uses; the golden checkpoint says which, and
     * with what shapes.
     */
    @Test
    void aRunOfThisProjectHoldsTheNamesThatPythonAsksFor() throws Exception {
        Hparams hparams = Arg2Hparams.apply(
                Hparams.ofPython(CKPT.resolveSibling("config.yaml")), "training.batch=2,training.crop_frames=30");
        Checkpoints checkpoints = new Checkpoints(folder, 2, 0);
        Path voice = folder.resolve("voice"), merged = folder.resolve("merged/model_ckpt_steps_1.ckpt");
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(
                        m,
                        hparams,
                        toy(hparams.audio().melBins(), hparams.embedding().hiddenSize()))) {
            run.update();
            run.save(checkpoints);
            run.saveVoice(voice);
        }
        Divider.merge(voice, merged);
        Map<String, TorchTensor> python = tensors(CKPT);
        for (Path file : List.of(checkpoints.file(1), merged)) {
            Map<String, TorchTensor> ours = tensors(file);
            assertEquals(python.keySet(), ours.keySet(), file.toString());
            python.forEach((name, t) -> {
                if (!name.startsWith("model.spec_")) { // one value or one a bin
                    assertEquals(
                            Arrays.toString(t.shape()),
                            Arrays.toString(ours.get(name).shape()),
                            name);
                }
            });
        }
        assertEquals(
                List.copyOf(TrainingState.read(CKPT).weights().keySet()),
                List.copyOf(TrainingState.read(checkpoints.file(1)).weights().keySet()));
    }

    /** The bias correction counts the moments' own updates, not the weights'. */
    @Test
    void aRunFromAVoiceResumesWithItsOwnCount() {
        Hparams hparams = Arg2Hparams.apply(
                Hparams.defaults(),
                "audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=8,wavenet.residual_layers=2,training.batch=2,"
                        + "training.crop_frames=30");
        Checkpoints checkpoints = new Checkpoints(folder.resolve("run"), 9, 0);
        Path voice = folder.resolve("voice");
        Dataset data = toy(8, 6);
        List<TrainingRun.Update> whole = new ArrayList<>(), resumed = new ArrayList<>();
        try (NDManager m = NDManager.newBaseManager()) {
            try (TrainingRun run = new TrainingRun(m, hparams, data)) {
                run.update();
                run.saveVoice(voice);
            }
            try (TrainingRun run = new TrainingRun(m, hparams, data)) {
                run.from(voice.resolve("embedding_model_steps_1.pt"), voice.resolve("wavenet_model_steps_1.pt"), 700);
                for (int i = 0; i < 6; i++) {
                    whole.add(run.update());
                    if (i == 2) {
                        run.save(checkpoints);
                    }
                }
            }
            assertEquals(3, TrainingState.read(checkpoints.file(703)).updates());
            try (TrainingRun run = new TrainingRun(m, hparams, data, checkpoints.newest())) {
                for (int i = 0; i < 3; i++) {
                    resumed.add(run.update());
                }
            }
        }
        assertEquals(whole.subList(3, 6), resumed);
    }
}
