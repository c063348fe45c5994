package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A trained pair on disk: {@code embedding_model_steps_N.pt}, {@code wavenet_model_steps_N.pt} (with the schedule's buffers and the mel range)
 * and {@code hparams.yaml}. Names are those of the combined checkpoint, prefix {@code model.} included; torch.load(weights_only=True) opens them.
 */
public final class Voice {
    private static final Pattern PAIR = Pattern.compile("(?:embedding|wavenet)_model_steps_(\\d+)\\.pt");

    private Voice() {}

    /**
     * Writes the pair and, last, the hparams that make the folder a project. {@code parameters} are named "denoise_fn.*" and "fs2.*".
     *
     * @param folder of the project
     * @param hparams the voice's settings
     * @param parameters by name
     * @param noise schedule
     * @param range of each mel bin
     */
    public static void save(Path folder, Hparams hparams, Map<String, TorchTensor> parameters, NoiseSchedule noise, MelRange range) {
        Map<String, TorchTensor> wavenet = new LinkedHashMap<>(), embedding = new LinkedHashMap<>();
        noise.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        range.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        parameters.forEach((k, v) -> (k.startsWith("fs2.") ? embedding : wavenet).put("model." + k, v));
        TorchFile.write(folder.resolve("embedding_model_steps_" + hparams.steps() + ".pt"), embedding);
        TorchFile.write(folder.resolve("wavenet_model_steps_" + hparams.steps() + ".pt"), wavenet);
        HparamsYaml.write(folder.resolve("hparams.yaml"), hparams);
        older(folder, hparams.steps());
    }

    /** The pair before this one goes when hparams.yaml names the new one: at every instant the folder holds a whole voice. */
    private static void older(Path folder, long steps) {
        try (Stream<Path> list = Files.list(folder)) {
            for (Path p : list.toList()) {
                Matcher m = PAIR.matcher(p.getFileName().toString());
                if (m.matches() && Long.parseLong(m.group(1)) != steps) {
                    Files.deleteIfExists(p);
                }
            }
        } catch (IOException e) {
            throw Problem.in("train", folder, "a folder whose older files can go", e.getClass().getSimpleName(), "check its permissions");
        }
    }
}
