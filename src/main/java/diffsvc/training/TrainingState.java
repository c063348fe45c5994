package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.checkpoint.Divider;
import diffsvc.checkpoint.OrderedDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.checkpoint.Tuple;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything a resumed run needs, in the format of the Python project's combined checkpoint: {@code state_dict} (prefix
 * {@code model.}, buffers included), {@code optimizer_states} keyed by the index of each parameter,
 * {@code global_step}. What that format has no place for is stored under {@code diffsvc}. Files of both projects are
 * read.
 *
 * @param step updates behind the weights
 * @param updates updates behind the moments: fewer where a run began from a voice, 0 without moments
 * @param lr rate of the next update; negative = by the schedule
 * @param seed of the run, from which all draws follow together with the step; -1 in a checkpoint of the Python project
 * @param buffers schedule and mel range, by name without prefix
 * @param weights parameters by name without prefix, "denoise_fn.*" and "fs2.*", in the order of the optimizer; those
 *     that only the Python project has are kept unchanged
 * @param first Adam's first moments; a parameter that never had a gradient is missing
 * @param second Adam's second moments
 * @param average averaged weights; empty if training.ema_decay is 0
 */
public record TrainingState(
        long step,
        long updates,
        double lr,
        long seed,
        Map<String, TorchTensor> buffers,
        Map<String, TorchTensor> weights,
        Map<String, TorchTensor> first,
        Map<String, TorchTensor> second,
        Map<String, TorchTensor> average) {
    private static final String PREFIX = "model.";

    /**
     * Reads a checkpoint of this project or of the Python project, optimizer state included.
     *
     * @param file model_ckpt_steps_N.ckpt
     * @throws Problem when the file is damaged or is no training checkpoint
     */
    public static TrainingState read(Path file) {
        Object root = TorchFile.openUnmapped(file).root();
        if (!(root instanceof Map<?, ?> map
                && map.get("state_dict") instanceof Map<?, ?> state
                && map.get("global_step") instanceof Long step)) {
            throw wrong(file, "state_dict and global_step", "a file without them");
        }
        String prefix = state.keySet().stream().anyMatch(k -> String.valueOf(k).startsWith(PREFIX)) ? PREFIX : "";
        Map<String, TorchTensor> weights = new LinkedHashMap<>(), buffers = new LinkedHashMap<>();
        List<String> names = Divider.parameters(state, prefix);
        state.forEach((k, v) -> {
            String name = String.valueOf(k);
            if (v instanceof TorchTensor t && name.startsWith(prefix)) {
                (names.contains(name) ? weights : buffers).put(name.substring(prefix.length()), t);
            }
        });
        Map<?, ?> optimizer = map.get("optimizer_states") instanceof List<?> list
                        && !list.isEmpty()
                        && list.get(0) instanceof Map<?, ?> its
                ? its
                : Map.of();
        Moments moments = Moments.of(file, optimizer, names, prefix, step);
        double lr = optimizer.get("param_groups") instanceof List<?> groups
                        && !groups.isEmpty()
                        && groups.get(0) instanceof Map<?, ?> group
                        && group.get("lr") instanceof Number n
                ? n.doubleValue()
                : -1;
        Map<String, TorchTensor> average = new LinkedHashMap<>();
        long seed = -1;
        if (map.get("diffsvc") instanceof Map<?, ?> own) {
            seed = own.get("seed") instanceof Long s ? s : -1;
            if (own.get("average") instanceof Map<?, ?> mean) {
                mean.forEach((k, v) -> average.put(String.valueOf(k), (TorchTensor) v));
            }
        }
        return new TrainingState(
                step, moments.updates(), lr, seed, buffers, weights, moments.first(), moments.second(), average);
    }

    /** Adam's moments by parameter name without prefix, and the updates behind them. */
    private record Moments(Map<String, TorchTensor> first, Map<String, TorchTensor> second, long updates) {
        static Moments of(Path file, Map<?, ?> optimizer, List<String> names, String prefix, long step) {
            Map<String, TorchTensor> first = new LinkedHashMap<>(), second = new LinkedHashMap<>();
            long updates = 0;
            if (!(optimizer.get("state") instanceof Map<?, ?> state)) {
                return new Moments(first, second, updates);
            }
            for (Map.Entry<?, ?> e : state.entrySet()) {
                int index = ((Number) e.getKey()).intValue();
                if (index < 0
                        || index >= names.size()
                        || !(e.getValue() instanceof Map<?, ?> m
                                && m.get("exp_avg") instanceof TorchTensor a
                                && m.get("exp_avg_sq") instanceof TorchTensor b)) {
                    throw wrong(
                            file,
                            "exp_avg and exp_avg_sq for each of " + names.size() + " parameters",
                            "another optimizer's state at " + e.getKey());
                }
                String name = names.get(index).substring(prefix.length());
                first.put(name, a);
                second.put(name, b);
                updates = Math.max(
                        updates,
                        m.get("step") instanceof Number n
                                ? n.longValue()
                                : m.get("step") instanceof TorchTensor n ? (long) n.toFloats()[0] : step);
            }
            return new Moments(first, second, updates);
        }
    }

    /** What the denoiser predicts: eps where no buffer says otherwise, as in the Python project. */
    public StatedPrediction prediction() {
        return StatedPrediction.in(null, buffers).orElse(StatedPrediction.EPS);
    }

    /** Whether this project wrote a checkpoint, and not the Python project; reads all of it. */
    static boolean isOurs(Path file) {
        return TorchFile.openUnmapped(file).root() instanceof Map<?, ?> map && map.get("diffsvc") instanceof Map;
    }

    /**
     * Requires that all weights, averages and moments are finite.
     *
     * @param remedy last part of the error
     * @throws Problem naming the tensor
     */
    public void requireFinite(String remedy) {
        FiniteTensors.require("weights at step " + step, weights, remedy);
        FiniteTensors.require("averaged weights at step " + step, average, remedy);
        FiniteTensors.require("first moments at step " + step, first, remedy);
        FiniteTensors.require("second moments at step " + step, second, remedy);
    }

    /**
     * Writes the checkpoint under a temporary name, reads it back and compares it to the bit before it gets its own.
     * torch.load(weights_only=True) opens it.
     */
    public void write(Path file, double beta1, double beta2, double eps, double weightDecay) {
        OrderedDict state = new OrderedDict();
        buffers.forEach((k, v) -> state.put(PREFIX + k, v));
        weights.forEach((k, v) -> state.put(PREFIX + k, v));
        Map<Object, Object> moments = new LinkedHashMap<>();
        List<Object> places = new ArrayList<>();
        for (String name : weights.keySet()) {
            long place = places.size();
            places.add(place);
            if (first.containsKey(name)) {
                Map<Object, Object> own = new LinkedHashMap<>();
                own.put("step", updates);
                own.put("exp_avg", first.get(name));
                own.put("exp_avg_sq", second.get(name));
                moments.put(place, own);
            }
        }
        Map<Object, Object> group = new LinkedHashMap<>();
        group.put("lr", lr);
        group.put("betas", Tuple.of(beta1, beta2));
        group.put("eps", eps);
        group.put("weight_decay", weightDecay);
        group.put("amsgrad", false);
        group.put("params", places);
        Map<Object, Object> optimizer = new LinkedHashMap<>();
        optimizer.put("state", moments);
        optimizer.put("param_groups", List.of(group));
        Map<Object, Object> own = new LinkedHashMap<>();
        own.put("seed", seed);
        own.put("average", new LinkedHashMap<Object, Object>(average));
        Map<Object, Object> root = new LinkedHashMap<>();
        root.put("epoch", 0L);
        root.put("global_step", step);
        root.put("checkpoint_callback_best", 0.0);
        root.put("optimizer_states", List.of(optimizer));
        root.put("lr_schedulers", List.of());
        root.put("state_dict", state);
        root.put("diffsvc", own);
        TorchFile.write(file, root, written -> {
            if (!isIn(written)) {
                throw wrong(
                        file,
                        "the values that were written",
                        "others read back",
                        "check the disk; the older checkpoints are unchanged");
            }
        });
    }

    private boolean isIn(Path file) {
        TrainingState there = read(file);
        return there.step == step
                && there.updates == updates
                && there.seed == seed
                && there.weights.equals(weights)
                && there.first.equals(first)
                && there.second.equals(second)
                && there.average.equals(average)
                && there.buffers.equals(buffers);
    }

    private static Problem wrong(Path file, String need, String got) {
        return wrong(file, need, got, "name a model_ckpt_steps_N.ckpt with its optimizer");
    }

    private static Problem wrong(Path file, String need, String got, String remedy) {
        return Problem.in("train", file, need, got, remedy);
    }
}
