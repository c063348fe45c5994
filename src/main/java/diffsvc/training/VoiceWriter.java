package diffsvc.training;

import static java.nio.charset.StandardCharsets.UTF_8;

import diffsvc.check.Problem;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A trained pair on disk: {@code embedding_model_steps_N.pt}, {@code wavenet_model_steps_N.pt} (with the schedule's
 * buffers, the mel range and what it predicts), {@code mel_range.yaml} and {@code hparams.yaml}. Names are those of the
 * combined checkpoint, prefix {@code model.} included; torch.load(weights_only=True) opens them.
 *
 * <p>The folder holds a whole voice at every instant: the previous one stays until the new one is written, read back
 * and named in hparams.yaml. Only files that the same run wrote are deleted ({@code training/voice.json}). The
 * hparams.yaml of a voice that came from elsewhere, or one that was edited, is kept as {@code hparams_steps_N.yaml}.
 */
public final class VoiceWriter {
    private static final Pattern PAIR = Pattern.compile("(?:embedding|wavenet)_model_steps_(\\d+)\\.pt"),
            COMBINED = Pattern.compile("model_ckpt_steps_\\d+\\.ckpt");
    private static final String STAGE = "train", HPARAMS = "hparams.yaml";

    private VoiceWriter() {}

    /**
     * Writes the pair and, last, the hparams that make the folder a project.
     *
     * @param folder models/NAME, created if missing
     * @param hparams their steps give the files' names, noise.prediction what the denoiser predicts
     * @param parameters by name, "denoise_fn.*" and "fs2.*"
     * @throws Problem when a weight is not finite, when the disk does not return what was written, or when a file of
     *     that name exists that the run did not write
     */
    public static void save(
            Path folder, Hparams hparams, Map<String, TorchTensor> parameters, NoiseSchedule noise, MelRange range) {
        Map<String, TorchTensor> saved = typed(hparams.training(), parameters);
        FiniteTensors.require(
                "weights of the voice",
                saved,
                "the previous voice stays; lower training.lr and resume from a checkpoint");
        Map<String, TorchTensor> wavenet = new LinkedHashMap<>(), embedding = new LinkedHashMap<>();
        noise.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        range.buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        StatedPrediction.of(hparams.noise()).buffers().forEach((k, v) -> wavenet.put("model." + k, v));
        saved.forEach((k, v) -> (k.startsWith("fs2.") ? embedding : wavenet).put("model." + k, v));
        sweep(folder);
        VoiceRecord record = VoiceRecord.of(folder);
        write(folder, embedding(hparams.steps()), embedding, record);
        write(folder, wavenet(hparams.steps()), wavenet, record);
        keepHparams(folder, record);
        writeHparams(folder, hparams, record);
        older(folder, hparams.steps(), record);
    }

    /** The weights on the levels of training.saved_levels, in the type of saved_weights; buffers keep float32. */
    private static Map<String, TorchTensor> typed(Hparams.Training training, Map<String, TorchTensor> parameters) {
        Map<String, TorchTensor> typed = new LinkedHashMap<>();
        parameters.forEach((name, tensor) -> {
            TorchTensor levelled = levelled(tensor, training.savedLevels());
            typed.put(
                    name,
                    switch (training.savedWeights()) {
                        case "float16" -> TorchTensor.half(levelled.toFloats(), levelled.shape());
                        case "bfloat16" -> TorchTensor.bfloat16(levelled.toFloats(), levelled.shape());
                        default -> levelled;
                    });
        });
        return typed;
    }

    /**
     * Rounds matrices and convolutions to multiples of a power of two, at most their deviation over {@code levels}.
     * Vectors (biases, gains) stay: they are few, and a deviation says little of them. 0 levels leave all as they are.
     */
    private static TorchTensor levelled(TorchTensor tensor, int levels) {
        if (levels == 0 || tensor.shape().length < 2) {
            return tensor;
        }
        float[] values = tensor.toFloats();
        double sum = 0, squares = 0;
        for (float v : values) {
            sum += v;
            squares += (double) v * v;
        }
        double mean = sum / values.length, deviation = Math.sqrt(Math.max(0, squares / values.length - mean * mean));
        if (!(deviation / levels >= Float.MIN_NORMAL) || !Double.isFinite(deviation)) {
            return tensor; // all the same, or nothing to round to
        }
        double step = Math.scalb(1.0, Math.getExponent(deviation / levels));
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (Math.rint(values[i] / step) * step + 0); // + 0: one zero, not two
        }
        return TorchTensor.of(values, tensor.shape());
    }

    static String embedding(long steps) {
        return "embedding_model_steps_" + steps + ".pt";
    }

    static String wavenet(long steps) {
        return "wavenet_model_steps_" + steps + ".pt";
    }

    /** Whether the run wrote the voice of a step and hparams.yaml names it. */
    static boolean isThere(Path folder, long steps) {
        VoiceRecord record = VoiceRecord.of(folder);
        Path yaml = folder.resolve(HPARAMS);
        return record.owns(embedding(steps))
                && record.owns(wavenet(steps))
                && Files.isRegularFile(yaml)
                && steps(yaml) == steps;
    }

    /** Names of the weights in a folder; hparams.yaml counts if its voice was trained. */
    static List<String> parts(Path folder) {
        TreeSet<String> parts = new TreeSet<>();
        for (String name : names(folder)) {
            if (PAIR.matcher(name).matches() || COMBINED.matcher(name).matches()) {
                parts.add(name);
            }
        }
        Path yaml = folder.resolve(HPARAMS);
        if (parts.isEmpty() && Files.isRegularFile(yaml) && steps(yaml) != 0) {
            parts.add(HPARAMS);
        }
        return List.copyOf(parts);
    }

    /** Steps of a voice by its hparams.yaml; -1 if that cannot be read. */
    private static long steps(Path yaml) {
        try {
            return HparamsYaml.read(yaml).steps();
        } catch (Problem e) {
            return -1;
        }
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).toList();
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
        }
    }

    /** Reads back and compares before the file gets its name; never replaces a file that the run did not write. */
    private static void write(Path folder, String name, Map<String, TorchTensor> tensors, VoiceRecord record) {
        Path file = folder.resolve(name);
        TorchFile.write(file, tensors, part -> {
            if (!(TorchFile.openUnmapped(part).root() instanceof Map<?, ?> there) || !there.equals(tensors)) {
                throw Problem.in(
                        STAGE,
                        file,
                        "the values that were written",
                        "others read back",
                        "check the disk; the previous voice is unchanged");
            }
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !record.owns(name)) {
                if (!same(part, file)) {
                    throw Problem.in(
                            STAGE,
                            file,
                            "a free name",
                            "weights that this run did not write",
                            "move them elsewhere, and the same command writes the voice");
                }
            } else {
                record.note(name, Sha256.of(part));
            }
        });
    }

    private static boolean same(Path a, Path b) {
        try {
            return Files.isRegularFile(b) && Files.mismatch(a, b) < 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Keeps a copy of hparams.yaml if it belongs to a voice that stays, or was edited. */
    private static void keepHparams(Path folder, VoiceRecord record) {
        Path yaml = folder.resolve(HPARAMS);
        if (!Files.exists(yaml)) {
            return;
        }
        long steps = steps(yaml);
        boolean own = record.owns(HPARAMS)
                && Stream.of(embedding(steps), wavenet(steps))
                        .allMatch(name -> record.owns(name) || !Files.exists(folder.resolve(name)));
        if (own) {
            return;
        }
        String stem = steps < 0 ? "hparams_kept" : "hparams_steps_" + steps;
        Path kept = folder.resolve(stem + ".yaml");
        for (int n = 2; Files.exists(kept, LinkOption.NOFOLLOW_LINKS); n++) {
            if (same(yaml, kept)) {
                return;
            }
            kept = folder.resolve(stem + "-" + n + ".yaml");
        }
        WholeFile.write(STAGE, kept, part -> Files.write(part, Files.readAllBytes(yaml)));
    }

    private static void writeHparams(Path folder, Hparams hparams, VoiceRecord record) {
        String text = HparamsYaml.text(hparams, writeMelRange(folder, HparamsYaml.melRange(hparams), record));
        record.note(HPARAMS, Sha256.of(text));
        WholeFile.write(STAGE, folder.resolve(HPARAMS), part -> Files.writeString(part, text));
    }

    /**
     * Writes the mel range under the first name that is free or holds it already. One that is there is never replaced,
     * because an hparams.yaml that stays may name it; so the old hparams.yaml holds until the new one is there.
     */
    private static String writeMelRange(Path folder, String text, VoiceRecord record) {
        String name = HparamsYaml.MEL_RANGE;
        for (int n = 2; Files.exists(folder.resolve(name), LinkOption.NOFOLLOW_LINKS); n++) {
            if (holds(folder.resolve(name), text)) {
                return name;
            }
            name = HparamsYaml.MEL_RANGE.replace(".yaml", "-" + n + ".yaml");
        }
        record.note(name, Sha256.of(text));
        WholeFile.write(STAGE, folder.resolve(name), part -> Files.writeString(part, text));
        return name;
    }

    private static boolean holds(Path file, String text) {
        try {
            return Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), text.getBytes(UTF_8));
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Deletes older pairs of this run, now that hparams.yaml names the new one; a pair is deleted or kept as a whole.
     */
    private static void older(Path folder, long steps, VoiceRecord record) {
        TreeSet<Long> written = new TreeSet<>();
        for (String name : record.names()) {
            Matcher m = PAIR.matcher(name);
            if (m.matches() && Long.parseLong(m.group(1)) != steps) {
                written.add(Long.parseLong(m.group(1)));
            }
        }
        for (long step : written) {
            List<String> pair = List.of(embedding(step), wavenet(step));
            if (pair.stream()
                    .anyMatch(n -> !record.owns(n) && Files.exists(folder.resolve(n), LinkOption.NOFOLLOW_LINKS))) {
                continue;
            }
            for (String name : pair) {
                try {
                    Files.deleteIfExists(folder.resolve(name));
                } catch (IOException e) {
                    throw Problem.in(
                            STAGE,
                            folder,
                            "a folder whose older files can be deleted",
                            WholeFile.reason(e),
                            "check its permissions");
                }
                record.drop(name);
            }
        }
    }

    /** Deletes what a killed run was writing under a temporary name. */
    private static void sweep(Path folder) {
        for (String name : names(folder)) {
            if (WholeFile.isUnfinished(Path.of(name))) {
                try {
                    Files.deleteIfExists(folder.resolve(name));
                } catch (IOException e) {
                    // the next save tries again
                }
            }
        }
    }
}
