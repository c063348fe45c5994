package diffsvc.training;

import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A trained pair on disk: {@code embedding_model_steps_N.pt}, {@code wavenet_model_steps_N.pt} (with the schedule's buffers and the mel range)
 * and {@code hparams.yaml}. Names are those of the combined checkpoint, prefix {@code model.} included; torch.load(weights_only=True) opens them.
 */
public final class Voice {
    private Voice() {}

    /** Writes the pair and, last, the hparams that make the folder a project. {@code parameters} are named "denoise_fn.*" and "fs2.*". */
    public static void save(Path folder, Hparams hparams, Map<String, TorchTensor> parameters, NoiseSchedule noise, MelRange range) {
        Map<String, TorchTensor> wavenet = new LinkedHashMap<>(), embedding = new LinkedHashMap<>();
        noise.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        range.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        parameters.forEach((k, v) -> (k.startsWith("fs2.") ? embedding : wavenet).put("model." + k, v));
        TorchFile.write(folder.resolve("embedding_model_steps_" + hparams.steps() + ".pt"), embedding);
        TorchFile.write(folder.resolve("wavenet_model_steps_" + hparams.steps() + ".pt"), wavenet);
        HparamsYaml.write(folder.resolve("hparams.yaml"), hparams);
    }
}
