package diffsvc.checkpoint;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Divides a combined checkpoint of the Python project into the embedding model and the WaveNet, and merges the two
 * again. Each half is a torch file with a {@code state_dict} and the optimizer state of its own parameters. The
 * WaveNet's also holds the buffers of the diffusion and, under {@code division}, the structure of the combined file
 * with a pointer for each tensor, so that merging restores every key, value and shared storage in its order.
 *
 * <p>This class is long because the two directions share one layout of the halves and must stay inverse.
 */
public final class Divider {
    private static final String STAGE = "divide",
            POINTER = "diffsvc.tensor",
            DIVISION = "division",
            EMBEDDING = "fs2.",
            DENOISER = "denoise_fn.";
    private static final List<String> BUFFERS =
            List.of("_float_tensor", "running_mean", "running_var", "num_batches_tracked");
    private static final List<String> HALVES = List.of("embedding_model", "wavenet_model");
    private static final Pattern HALF = Pattern.compile("(?:embedding|wavenet)_model_steps_(\\d+)\\.pt");

    private Divider() {}

    /**
     * What was written.
     *
     * @param files after division the two halves, mel_range.yaml, hparams.yaml and, if there is one, the Python
     *     project's config.yaml; after merging the checkpoint and the config beside it
     * @param steps training steps of the checkpoint
     * @param notes differences from the original, one sentence each
     */
    public record Result(List<Path> files, long steps, List<String> notes) {}

    /** A file to write, and its writer. */
    private record Piece(Path file, Consumer<Path> writing) {}

    /** Where a tensor goes: to the embedding model (0) or the WaveNet (1), and its path in that file. */
    private record Place(int half, List<Object> path) {}

    /** {@link #divide(Path, Path, Path)} with the config that lies beside the checkpoint. */
    public static Result divide(Path checkpoint, Path folder) {
        return divide(checkpoint, null, folder);
    }

    /**
     * Divides a checkpoint into a folder that holds no other voice. The files of an earlier division of the same
     * checkpoint may lie there.
     *
     * @param config the Python project's config.yaml, or an hparams.yaml; null for the one beside the checkpoint
     * @throws Problem when there is no config, the checkpoint lacks one of the two models, or another voice is there
     */
    public static Result divide(Path checkpoint, Path config, Path folder) {
        return divide(checkpoint, config, folder, Output.CAREFUL);
    }

    /**
     * The same with a rule for what may be replaced.
     *
     * @param config the Python project's config.yaml, or an hparams.yaml; null for the one beside the checkpoint
     * @return the files, written now or there already with the same bytes, and notes
     * @throws Problem when there is no config, the checkpoint lacks one of the two models, or another voice is there
     */
    public static Result divide(Path checkpoint, Path config, Path folder, Output output) {
        Path yaml = configOf(checkpoint, config);
        TorchFile.Content content = TorchFile.open(checkpoint);
        List<String> notes = new ArrayList<>(content.notes());
        Map<?, ?> root = content.root() instanceof Map<?, ?> map ? map : Map.of();
        boolean bare = !(root.get("state_dict") instanceof Map);
        Map<?, ?> state = bare ? root : (Map<?, ?>) root.get("state_dict");
        String prefix = prefixOf(state, checkpoint);
        long steps = steps(root, checkpoint);
        Map<List<Object>, Place> places = new HashMap<>();
        List<Map<Object, Object>> halves = halves(state, bare, prefix, steps, places);
        if (root.get("optimizer_states") instanceof List<?> optimizers) {
            optimizer(checkpoint, optimizers, parameters(state, prefix), halves, places);
        }
        Map<TorchStorage, Long> storages = new IdentityHashMap<>();
        List<Object> others = new ArrayList<>();
        halves.get(1).put(DIVISION, skeleton(root, List.of(), places, storages, others));
        if (!others.isEmpty()) {
            halves.get(1).put("others", others);
        }
        Hparams hparams = HparamsYaml.readEither(yaml)
                .project(folder.getFileName().toString())
                .steps(steps)
                .noise(stated(checkpoint, state));
        List<Piece> pieces = new ArrayList<>();
        for (int half = 0; half < 2; half++) {
            Map<Object, Object> part = halves.get(half);
            pieces.add(new Piece(
                    folder.resolve(HALVES.get(half) + "_steps_" + steps + ".pt"), file -> TorchFile.write(file, part)));
        }
        pieces.add(text(folder.resolve(HparamsYaml.MEL_RANGE), HparamsYaml.melRange(hparams)));
        pieces.add(text(folder.resolve("hparams.yaml"), HparamsYaml.text(hparams, HparamsYaml.MEL_RANGE)));
        boolean copied = !HparamsYaml.isOurs(yaml);
        if (copied) {
            pieces.add(new Piece(folder.resolve("config.yaml"), file -> copy(STAGE, yaml, file)));
        }
        if (!output.overwrite()) {
            requireNoOtherVoice(
                    folder,
                    steps,
                    copied || Output.same(folder, checkpoint.toAbsolutePath().getParent()));
        }
        write(
                STAGE,
                pieces,
                output.reading(checkpoint).reading(HparamsYaml.files(yaml).toArray(Path[]::new)),
                size(checkpoint));
        return new Result(pieces.stream().map(Piece::file).toList(), steps, notes);
    }

    /** What the checkpoint states of its denoiser's prediction goes into hparams.yaml: config.yaml has no such key. */
    private static UnaryOperator<Hparams.Noise> stated(Path checkpoint, Map<?, ?> state) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        state.forEach((name, value) -> {
            if (value instanceof TorchTensor t) {
                tensors.put(String.valueOf(name), t);
            }
        });
        return StatedPrediction.in(checkpoint, tensors)
                .<UnaryOperator<Hparams.Noise>>map(stated -> stated::on)
                .orElse(UnaryOperator.identity());
    }

    /** The weights of each half with its step; notes in {@code places} where each tensor of the checkpoint went. */
    private static List<Map<Object, Object>> halves(
            Map<?, ?> state, boolean bare, String prefix, long steps, Map<List<Object>, Place> places) {
        List<Map<Object, Object>> halves = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
        for (int half = 0; half < 2; half++) {
            OrderedDict part = new OrderedDict();
            for (Map.Entry<?, ?> e : state.entrySet()) {
                if (half == (String.valueOf(e.getKey()).startsWith(prefix + EMBEDDING) ? 0 : 1)) {
                    if (e.getValue() instanceof TorchTensor) {
                        places.put(
                                bare ? List.of(e.getKey()) : List.of("state_dict", e.getKey()),
                                new Place(half, List.of("state_dict", e.getKey())));
                    }
                    part.put(e.getKey(), e.getValue());
                }
            }
            halves.get(half).put("global_step", steps);
            halves.get(half).put("state_dict", part);
        }
        return halves;
    }

    private static Piece text(Path file, String text) {
        return new Piece(file, to -> WholeFile.write(STAGE, to, part -> Files.writeString(part, text)));
    }

    /** The config that belongs to a checkpoint: the given one, or the one beside it. */
    private static Path configOf(Path checkpoint, Path config) {
        Path python = checkpoint.resolveSibling("config.yaml"), ours = checkpoint.resolveSibling("hparams.yaml");
        Path yaml = config != null ? config : Files.exists(python) || !Files.exists(ours) ? python : ours;
        if (!Files.isRegularFile(yaml)) {
            throw Problem.in(
                    STAGE,
                    checkpoint,
                    "config.yaml or hparams.yaml beside it",
                    "nothing at " + yaml.getFileName(),
                    "put it there, or name it with --config");
        }
        return yaml;
    }

    /** The prefix of all names, "model." or "", in a checkpoint that holds both models. */
    private static String prefixOf(Map<?, ?> state, Path checkpoint) {
        String prefix = state.keySet().stream().anyMatch(k -> String.valueOf(k).startsWith("model.")) ? "model." : "";
        for (String part : new String[] {EMBEDDING, DENOISER}) {
            if (state.keySet().stream().noneMatch(k -> String.valueOf(k).startsWith(prefix + part))) {
                throw Problem.in(
                        STAGE,
                        checkpoint,
                        "tensors named " + prefix + part + "*",
                        state.size() + " others",
                        "give a combined checkpoint of the Python project");
            }
        }
        return prefix;
    }

    /** Requires that a folder holds no other voice: no other steps, no training run, no other config. */
    private static void requireNoOtherVoice(Path folder, long steps, boolean config) {
        String other = null;
        if (Files.isDirectory(folder)) {
            try (var list = Files.list(folder)) {
                for (String name :
                        list.map(p -> p.getFileName().toString()).sorted().toList()) {
                    Matcher m = HALF.matcher(name);
                    boolean strange = m.matches() && !m.group(1).equals(String.valueOf(steps))
                            || name.equals("training")
                            || name.equals("config.yaml") && !config;
                    other = other == null && strange ? name : other;
                }
            } catch (IOException e) {
                throw Problem.in(
                        STAGE, folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
            }
        }
        if (other != null) {
            throw Problem.in(
                    STAGE,
                    folder,
                    "a folder without another voice",
                    "one that holds " + other,
                    "choose another folder with --out, or write into this one with --overwrite");
        }
    }

    private static long size(Path... files) {
        long all = 0;
        for (Path f : files) {
            all += f.toFile().length();
        }
        return all;
    }

    /** Checks all targets before the first is written; a target that already holds the same bytes is left alone. */
    private static void write(String stage, List<Piece> pieces, Output output, long bytes) {
        List<Piece> needed = new ArrayList<>();
        for (Piece p : pieces) {
            if (!isThere(stage, p)) {
                needed.add(new Piece(output.require(stage, p.file(), Output.Owner.NOBODY), p.writing()));
                Output.tryOut(stage, p.file(), bytes);
            }
        }
        needed.forEach(p -> p.writing().accept(p.file()));
    }

    /** Whether the file holds the bytes that would be written; they are written beside it to compare. */
    private static boolean isThere(String stage, Piece piece) {
        if (!Files.isRegularFile(piece.file())) {
            return false;
        }
        Path draft = null;
        try {
            draft = Files.createTempDirectory(piece.file().toAbsolutePath().getParent(), ".diffsvc-");
            Path file = draft.resolve(piece.file().getFileName());
            piece.writing().accept(file);
            boolean same = Files.mismatch(file, piece.file()) < 0;
            Files.delete(file);
            return same;
        } catch (IOException e) {
            throw Problem.in(
                    stage,
                    piece.file(),
                    "a folder that can be written",
                    WholeFile.reason(e),
                    "check the folder's permissions and the free disk space");
        } finally {
            if (draft != null) {
                draft.resolve(piece.file().getFileName()).toFile().delete();
                draft.toFile().delete();
            }
        }
    }

    private static Path copy(String stage, Path from, Path to) {
        return WholeFile.write(stage, to, part -> Files.write(part, Files.readAllBytes(from)));
    }

    private static long steps(Map<?, ?> root, Path file) {
        if (root.get("global_step") instanceof Long n) {
            return n;
        }
        Matcher m = Pattern.compile("steps_(\\d+)").matcher(file.getFileName().toString());
        return m.find() ? Long.parseLong(m.group(1)) : 0;
    }

    /**
     * Names of the trained parameters in the order in which the optimizer counts them: the state dict's, without
     * buffers.
     *
     * @param prefix of all names, "model." or ""
     */
    public static List<String> parameters(Map<?, ?> state, String prefix) {
        List<String> names = new ArrayList<>();
        for (Object key : state.keySet()) {
            String name = String.valueOf(key);
            boolean module = name.startsWith(prefix + EMBEDDING) || name.startsWith(prefix + DENOISER);
            if (module && BUFFERS.stream().noneMatch(b -> name.endsWith("." + b))) {
                names.add(name);
            }
        }
        return names;
    }

    private static void optimizer(
            Path file,
            List<?> optimizers,
            List<String> names,
            List<Map<Object, Object>> halves,
            Map<List<Object>, Place> places) {
        List<List<Object>> parts = List.of(new ArrayList<>(), new ArrayList<>());
        for (int o = 0; o < optimizers.size(); o++) {
            Map<?, ?> optimizer = (Map<?, ?>) optimizers.get(o);
            Map<?, ?> state = (Map<?, ?>) optimizer.get("state");
            List<?> groups = (List<?>) optimizer.get("param_groups");
            long counted = groups.stream()
                    .mapToLong(g -> ((List<?>) ((Map<?, ?>) g).get("params")).size())
                    .sum();
            if (counted > 0 && counted != names.size()) {
                throw Problem.in(
                        STAGE,
                        file,
                        "an optimizer of as many parameters as the two models have, " + names.size(),
                        String.valueOf(counted),
                        "simplify the checkpoint first: without its optimizer it can be divided");
            }
            for (int half = 0; half < 2; half++) {
                parts.get(half).add(optimizerOf(half, state, groups, names));
            }
            long at = o;
            state.forEach((index, moments) -> {
                if (moments instanceof Map<?, ?> map) {
                    map.keySet()
                            .forEach(name -> places.put(
                                    List.of("optimizer_states", at, "state", index, name),
                                    new Place(
                                            half(names, index),
                                            List.of("optimizer_states", at, "state", index, name))));
                }
            });
        }
        for (int half = 0; half < 2; half++) {
            halves.get(half).put("optimizer_states", parts.get(half));
        }
    }

    /** The state of the parameters of one half; an index stays what it was in the combined optimizer. */
    private static Map<Object, Object> optimizerOf(int half, Map<?, ?> state, List<?> groups, List<String> names) {
        Map<Object, Object> own = new LinkedHashMap<>(), named = new LinkedHashMap<>();
        state.forEach((index, moments) -> {
            if (half(names, index) == half) {
                own.put(index, moments);
            }
        });
        List<Object> ownGroups = new ArrayList<>();
        for (Object g : groups) {
            Map<Object, Object> group = new LinkedHashMap<>((Map<?, ?>) g);
            List<Object> params = new ArrayList<>();
            for (Object index : (List<?>) group.get("params")) {
                if (half(names, index) == half) {
                    params.add(index);
                    named.put(index, names.get(((Long) index).intValue()));
                }
            }
            group.put("params", params);
            ownGroups.add(group);
        }
        Map<Object, Object> part = new LinkedHashMap<>();
        part.put("state", own);
        part.put("param_groups", ownGroups);
        part.put("param_names", named);
        return part;
    }

    private static int half(List<String> names, Object index) {
        String name = names.get(Math.toIntExact((Long) index));
        return name.startsWith(EMBEDDING) || name.startsWith("model." + EMBEDDING) ? 0 : 1;
    }

    /** The combined file with a pointer where each tensor was: (POINTER, half, path, storage). */
    private static Object skeleton(
            Object value,
            List<Object> path,
            Map<List<Object>, Place> places,
            Map<TorchStorage, Long> storages,
            List<Object> others) {
        if (value instanceof TorchTensor t) {
            Place place = places.get(path);
            if (place == null) {
                place = new Place(1, List.of("others", (long) others.size()));
                others.add(t);
            }
            long storage = storages.computeIfAbsent(t.storage(), s -> (long) storages.size());
            return Tuple.of(POINTER, (long) place.half(), new Tuple(place.path(), false), storage);
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = map instanceof OrderedDict ? new OrderedDict() : new LinkedHashMap<>();
            map.forEach((k, v) -> copy.put(k, skeleton(v, with(path, k), places, storages, others)));
            if (map instanceof OrderedDict dict) {
                ((OrderedDict) copy).attributes(dict.attributes());
            }
            return copy;
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            for (int i = 0; i < list.size(); i++) {
                copy.add(skeleton(list.get(i), with(path, (long) i), places, storages, others));
            }
            return list instanceof Tuple tuple ? new Tuple(copy, tuple.isSize()) : copy;
        }
        return value;
    }

    private static List<Object> with(List<Object> path, Object next) {
        List<Object> longer = new ArrayList<>(path);
        longer.add(next);
        return longer;
    }

    /**
     * Merges the two halves in a folder. Halves that this project trained have no combined original: they become what
     * the Python project calls a simplified checkpoint, weights without an optimizer.
     *
     * @param folder with embedding_model_steps_N.pt and wavenet_model_steps_N.pt; if there are several N, hparams.yaml
     *     names one
     * @throws Problem when the halves are not there, or another file has the checkpoint's name
     */
    public static Result merge(Path folder, Path checkpoint) {
        return merge(folder, checkpoint, Output.CAREFUL);
    }

    /**
     * The same with a rule for what may be replaced.
     *
     * @param folder with embedding_model_steps_N.pt and wavenet_model_steps_N.pt
     * @throws Problem when the halves are not there, or another file has the checkpoint's name
     */
    public static Result merge(Path folder, Path checkpoint, Output output) {
        List<Path> files = halves(folder);
        TorchFile.Content embedding = TorchFile.open(files.get(0)), wavenet = TorchFile.open(files.get(1));
        List<String> notes = new ArrayList<>(embedding.notes());
        notes.addAll(wavenet.notes());
        List<Map<?, ?>> roots = List.of((Map<?, ?>) embedding.root(), (Map<?, ?>) wavenet.root());
        Matcher m = Pattern.compile("steps_(\\d+)")
                .matcher(files.get(1).getFileName().toString());
        long steps = m.find() ? Long.parseLong(m.group(1)) : 0;
        Map<?, ?> joined;
        if (roots.get(1).get(DIVISION) instanceof Map<?, ?> division) {
            joined = (Map<?, ?>) join(division, roots, shared(division, roots, notes), files);
        } else {
            joined = simplified(roots, steps, notes);
            StatedPrediction.in(StateDict.read(files.get(1)))
                    .ifPresent(
                            stated -> notes.add(
                                    "the denoiser predicts " + stated
                                            + ": the Python project's strict load refuses the checkpoint, because it can only sample eps"));
            notes.add("these halves were never divided from a checkpoint: the merged one has weights only");
        }
        Map<?, ?> whole = joined;
        Path python = folder.resolve("config.yaml"),
                config = Files.isRegularFile(python) ? python : folder.resolve("hparams.yaml");
        write(
                "merge",
                List.of(new Piece(checkpoint, file -> TorchFile.write(file, whole))),
                output.reading(files.get(0), files.get(1), python)
                        .reading(HparamsYaml.files(folder.resolve("hparams.yaml"))
                                .toArray(Path[]::new)),
                size(files.toArray(Path[]::new)));
        List<Path> written = new ArrayList<>(List.of(checkpoint));
        Path beside = checkpoint.resolveSibling(config.getFileName());
        if (Files.isRegularFile(config) && !Files.exists(beside)) {
            if (config.equals(python)) {
                copy("merge", config, beside);
            } else {
                // one file: the checkpoint's folder may hold the mel range of another voice
                HparamsYaml.write(beside, HparamsYaml.read(config));
            }
            written.add(beside);
        }
        return new Result(written, steps, notes);
    }

    private static List<Path> halves(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw Problem.in("merge", folder, "the folder of a divided voice", Input.kind(folder), "check the path");
        }
        Path yaml = folder.resolve("hparams.yaml");
        String end = "_steps_"
                + (Files.isRegularFile(yaml)
                        ? String.valueOf(HparamsYaml.read(yaml).steps())
                        : "");
        List<Path> files = new ArrayList<>();
        for (String half : HALVES) {
            try (var list = Files.list(folder)) {
                List<Path> found = list.filter(p -> p.getFileName().toString().startsWith(half + "_steps_")
                                && p.getFileName().toString().endsWith(".pt"))
                        .sorted()
                        .toList();
                List<Path> exact = found.stream()
                        .filter(p -> p.getFileName().toString().equals(half + end + ".pt"))
                        .toList();
                if (exact.size() != 1 && found.size() != 1) {
                    throw Problem.in(
                            "merge",
                            folder,
                            "one " + half + "_steps_N.pt",
                            found.isEmpty()
                                    ? "none"
                                    : found.get(0).getFileName() + " and "
                                            + found.get(1).getFileName(),
                            found.isEmpty()
                                    ? "give the folder of a divided voice"
                                    : "say which with steps: N in hparams.yaml");
                }
                files.add(exact.size() == 1 ? exact.get(0) : found.get(0));
            } catch (IOException e) {
                throw Problem.in(
                        "merge", folder, "the folder of a divided voice", WholeFile.reason(e), "check its permissions");
            }
        }
        return files;
    }

    /** Weights only, in the Python project's order: buffers, denoiser, embedding. */
    private static Map<?, ?> simplified(List<Map<?, ?>> roots, long steps, List<String> notes) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        for (int half : new int[] {1, 0}) {
            Map<?, ?> part = roots.get(half).get("state_dict") instanceof Map<?, ?> inner ? inner : roots.get(half);
            part.forEach((k, v) -> {
                if (v instanceof TorchTensor t) {
                    tensors.put(String.valueOf(k), t);
                }
            });
        }
        String prefix = tensors.keySet().stream().anyMatch(k -> k.startsWith("model.")) ? "model." : "";
        TorchTensor pitch = tensors.get(prefix + EMBEDDING + "pitch_embed.weight"),
                guess = tensors.get(prefix + DENOISER + "output_projection.weight");
        OrderedDict state = new OrderedDict();
        if (pitch != null && guess != null && PythonOnly.lacking(prefix + EMBEDDING, tensors.keySet())) {
            state.putAll(PythonOnly.among(
                    prefix + EMBEDDING, tensors, PythonOnly.parameters(prefix + EMBEDDING, (int) pitch.shape()[1], (int)
                            guess.shape()[0])));
            state.putAll(PythonOnly.buffers(prefix + EMBEDDING));
            notes.add(
                    "fs2.mel_out and fs2.pitch_predictor were added: the Python project's strict load asks for them, nothing uses them where F0 is given");
        } else {
            state.putAll(tensors);
        }
        Map<Object, Object> whole = new LinkedHashMap<>();
        whole.put("epoch", 0L);
        whole.put("state_dict", state);
        whole.put("global_step", steps);
        whole.put("checkpoint_callback_best", null);
        whole.put("optimizer_states", null);
        whole.put("lr_schedulers", null);
        return whole;
    }

    /**
     * For storages that were one and now lie in both files: the one to keep, if both copies still hold the same bytes.
     */
    private static Map<TorchStorage, TorchStorage> shared(Object division, List<Map<?, ?>> roots, List<String> notes) {
        Map<Long, List<TorchStorage>> byNumber = new TreeMap<>();
        pointers(division, p -> {
            TorchTensor t = find(p, roots);
            List<TorchStorage> known = byNumber.computeIfAbsent((Long) p.get(3), k -> new ArrayList<>());
            if (t != null && known.stream().noneMatch(s -> s == t.storage())) {
                known.add(t.storage());
            }
        });
        Map<TorchStorage, TorchStorage> kept = new IdentityHashMap<>();
        byNumber.values().stream().filter(list -> list.size() > 1).forEach(list -> {
            ByteBuffer first = list.get(0).bytes();
            for (TorchStorage other : list.subList(1, list.size())) {
                if (other.type() == list.get(0).type() && other.bytes().equals(first)) {
                    kept.put(other, list.get(0));
                } else {
                    notes.add("a storage that both models shared was changed in one of them; they no longer share it");
                }
            }
        });
        return kept;
    }

    private static void pointers(Object value, Consumer<Tuple> each) {
        if (isPointer(value)) {
            each.accept((Tuple) value);
        } else if (value instanceof Map<?, ?> map) {
            map.values().forEach(v -> pointers(v, each));
        } else if (value instanceof List<?> list) {
            list.forEach(v -> pointers(v, each));
        }
    }

    private static boolean isPointer(Object value) {
        return value instanceof Tuple t && t.size() == 4 && POINTER.equals(t.get(0));
    }

    private static TorchTensor find(Tuple pointer, List<Map<?, ?>> roots) {
        Object at = roots.get(((Long) pointer.get(1)).intValue());
        for (Object step : (List<?>) pointer.get(2)) {
            at = at instanceof Map<?, ?> map
                    ? map.get(step)
                    : at instanceof List<?> list && step instanceof Long i && i < list.size()
                            ? list.get(i.intValue())
                            : null;
        }
        return at instanceof TorchTensor t ? t : null;
    }

    private static Object join(
            Object value, List<Map<?, ?>> roots, Map<TorchStorage, TorchStorage> kept, List<Path> files) {
        if (isPointer(value)) {
            Tuple pointer = (Tuple) value;
            TorchTensor t = find(pointer, roots);
            if (t == null) {
                throw Problem.in(
                        "merge",
                        files.get(((Long) pointer.get(1)).intValue()),
                        "the tensor " + pointer.get(2),
                        "a file without it",
                        "divide the checkpoint again");
            }
            TorchStorage storage = kept.getOrDefault(t.storage(), t.storage());
            return new TorchTensor(storage, t.offset(), t.shape(), t.stride(), t.requiresGrad(), t.parameter());
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = map instanceof OrderedDict ? new OrderedDict() : new LinkedHashMap<>();
            map.forEach((k, v) -> copy.put(k, join(v, roots, kept, files)));
            if (map instanceof OrderedDict dict) {
                ((OrderedDict) copy).attributes(dict.attributes());
            }
            return copy;
        }
        if (value instanceof List<?> list) {
            List<Object> copy = new ArrayList<>();
            list.forEach(v -> copy.add(join(v, roots, kept, files)));
            return list instanceof Tuple tuple ? new Tuple(copy, tuple.isSize()) : copy;
        }
        return value;
    }
}
