package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.testing.Golden;
import diffsvc.voice.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Dividing and merging: the identity on official files, on shared storages, and clear words where it can't be done. */
class DividerTest {
    private static final Path SVC = Golden.FOLDER.resolve("svc_ckpt");

    @TempDir
    Path folder;

    /** Values, kinds of values, key order, views, flags, attributes and who shares a storage with whom. */
    static String build(Object value, List<TorchStorage> storages) {
        if (value instanceof TorchTensor t) {
            int at = 0;
            while (at < storages.size() && storages.get(at) != t.storage()) {
                at++;
            }
            if (at == storages.size()) {
                storages.add(t.storage());
            }
            return t + " storage " + at + " of " + t.storage().elements() + " at " + t.offset() + " stride "
                    + Arrays.toString(t.stride()) + " " + t.requiresGrad() + t.parameter() + " "
                    + HexFormat.of().formatHex(bytes(t));
        }
        StringBuilder text =
                new StringBuilder(value == null ? "null" : value.getClass().getSimpleName());
        if (value instanceof Map<?, ?> map) {
            map.forEach((k, v) -> text.append("\n")
                    .append(k.getClass().getSimpleName())
                    .append(' ')
                    .append(k)
                    .append(" = ")
                    .append(build(v, storages)));
            text.append(
                            map instanceof OrderedDict d && d.attributes() != null
                                    ? "\nattributes " + build(d.attributes(), storages)
                                    : "")
                    .append("\nend");
        } else if (value instanceof List<?> list) {
            list.forEach(v -> text.append("\n- ").append(build(v, storages)));
            text.append("\nend");
        } else {
            text.append(' ').append(value);
        }
        return text.toString();
    }

    private static byte[] bytes(TorchTensor t) {
        byte[] b = new byte[t.bytes().remaining()];
        t.bytes().get(b);
        return b;
    }

    private static void same(Path a, Path b) {
        assertEquals(build(TorchFile.read(a), new ArrayList<>()), build(TorchFile.read(b), new ArrayList<>()));
    }

    @Test
    void dividingThenMergingIsTheIdentity() throws IOException {
        List<Path> files = List.of(
                Golden.ckpt("svc_ckpt"),
                Golden.cleanCkpt("svc_ckpt"),
                Golden.ckpt("svc_fs2enc"),
                Golden.ckpt("e2e/svc"));
        for (Path file : files) {
            Path half = folder.resolve("half" + files.indexOf(file)),
                    merged = folder.resolve("merged" + files.indexOf(file)).resolve("back.ckpt");
            Divider.Result divided = Divider.divide(file, null, half);
            assertEquals(List.of(), divided.notes());
            Divider.merge(half, merged);
            same(file, merged);
            assertArrayEquals(
                    Files.readAllBytes(file.resolveSibling("config.yaml")),
                    Files.readAllBytes(merged.resolveSibling("config.yaml")));
        }
    }

    @Test
    void eachHalfHoldsItsOwnAndTheOptimizerIsSplitWithIt() throws IOException {
        Path half = folder.resolve("voice");
        long steps = Divider.divide(Golden.ckpt("svc_ckpt"), null, half).steps();
        JsonObject order = JsonParser.parseString(Files.readString(SVC.resolve("param_order.json")))
                .getAsJsonObject();
        JsonArray names = order.getAsJsonArray("optimizer_param_index_to_name");
        int moments = 0;
        for (String model : new String[] {"embedding_model", "wavenet_model"}) {
            Map<?, ?> root = (Map<?, ?>) TorchFile.read(half.resolve(model + "_steps_" + steps + ".pt"));
            boolean embedding = model.startsWith("emb");
            assertTrue(((Map<?, ?>) root.get("state_dict"))
                    .keySet().stream().allMatch(k -> k.toString().startsWith("model.fs2.") == embedding));
            Map<?, ?> optimizer = (Map<?, ?>) ((List<?>) root.get("optimizer_states")).get(0);
            Map<?, ?> named = (Map<?, ?>) optimizer.get("param_names");
            named.forEach((index, name) ->
                    assertEquals("model." + names.get(((Long) index).intValue()).getAsString(), name));
            assertTrue(named.values().stream().allMatch(n -> n.toString().startsWith("model.fs2.") == embedding));
            moments += ((Map<?, ?>) optimizer.get("state")).size();
        }
        Map<?, ?> whole = (Map<?, ?>)
                ((List<?>) ((Map<?, ?>) TorchFile.read(Golden.ckpt("svc_ckpt"))).get("optimizer_states")).get(0);
        assertEquals(((Map<?, ?>) whole.get("state")).size(), moments);
        for (Object buffer : order.getAsJsonArray("buffers")) {
            String name = ((com.google.gson.JsonElement) buffer).getAsString();
            assertTrue(
                    name.startsWith("fs2.")
                            || StateDict.read(half.resolve("wavenet_model_steps_" + steps + ".pt"))
                                    .tensors()
                                    .containsKey(name),
                    name);
        }
        Hparams h = HparamsYaml.read(half.resolve("hparams.yaml"));
        assertEquals("voice", h.project());
        assertEquals(steps, h.steps());
        assertEquals("nsf_hifigan", h.vocoder().kind());
    }

    @Test
    void storagesSharedAcrossTheHalvesAreSharedAgain() throws IOException {
        TorchStorage storage = new TorchStorage(
                TorchTensor.Type.FLOAT,
                6,
                TorchTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 6).bytes());
        OrderedDict state = new OrderedDict();
        state.put("model.fs2.a", new TorchTensor(storage, 0, new long[] {2, 3}, new long[] {3, 1}, false, false));
        state.put("model.denoise_fn.b", new TorchTensor(storage, 0, new long[] {3, 2}, new long[] {1, 3}, true, true));
        state.put("model.betas", TorchTensor.of(new float[] {1}, 1));
        Map<Object, Object> root = new LinkedHashMap<>();
        root.put("state_dict", state);
        root.put("tuple", Tuple.of(1L, Tuple.of(), "x", state.get("model.betas")));
        root.put(7L, null);
        Path file = folder.resolve("in/model_ckpt_steps_12.ckpt"), merged = folder.resolve("out.ckpt");
        TorchFile.write(file, root);
        Files.copy(SVC.resolve("config.yaml"), folder.resolve("in/config.yaml"));
        assertEquals(12, Divider.divide(file, null, folder.resolve("v")).steps());
        Divider.merge(folder.resolve("v"), merged);
        same(file, merged);
    }

    /**
     * A voice trained here has no Python config: its hparams.yaml goes along, and comes back with every key as it was
     * but the name.
     */
    @Test
    void hparamsOfOurOwnGoThroughMergingAndDividing() throws IOException {
        Path demo = Path.of("models/demo");
        long steps = HparamsYaml.read(demo.resolve("hparams.yaml")).steps();
        String checkpoint = "model_ckpt_steps_" + steps + ".ckpt";
        Divider.Result merged = Divider.merge(demo, folder.resolve("merged").resolve(checkpoint));
        assertEquals(
                List.of(checkpoint, "hparams.yaml"),
                merged.files().stream().map(f -> f.getFileName().toString()).toList());
        Divider.Result divided = Divider.divide(merged.files().get(0), null, folder.resolve("again"));
        assertEquals(
                List.of(
                        "embedding_model_steps_" + steps + ".pt",
                        "wavenet_model_steps_" + steps + ".pt",
                        "mel_range.yaml",
                        "hparams.yaml"),
                divided.files().stream().map(f -> f.getFileName().toString()).toList());
        assertEquals(
                HparamsYaml.read(demo.resolve("hparams.yaml")).project("again"),
                HparamsYaml.read(folder.resolve("again/hparams.yaml")));
        assertEquals(
                HparamsYaml.read(demo.resolve("hparams.yaml")),
                ModelFiles.in(Path.of("models"))
                        .upstream(
                                folder.resolve("merged/hparams.yaml"),
                                merged.files().get(0))
                        .hparams());
    }

    @Test
    void whatCannotBeDividedSaysWhy() throws IOException {
        Path hubert = Files.copy(Golden.FOLDER.resolve("hubert/hubert_soft.pt"), folder.resolve("hubert.ckpt"));
        assertTrue(assertThrows(Problem.class, () -> Divider.divide(hubert, null, folder.resolve("x")))
                .getMessage()
                .contains("config.yaml"));
        assertTrue(assertThrows(
                        Problem.class, () -> Divider.divide(hubert, SVC.resolve("config.yaml"), folder.resolve("x")))
                .getMessage()
                .contains("fs2."));
        assertTrue(assertThrows(Problem.class, () -> Divider.merge(folder, folder.resolve("y.ckpt")))
                .getMessage()
                .contains("embedding_model"));
        assertTrue(Files.notExists(folder.resolve("x")) && Files.notExists(folder.resolve("y.ckpt")));
    }

    private static Map<String, byte[]> files(Path folder) throws IOException {
        Map<String, byte[]> all = new TreeMap<>();
        try (var list = Files.list(folder)) {
            for (Path p : list.filter(Files::isRegularFile).toList()) {
                all.put(p.getFileName().toString(), Files.readAllBytes(p));
            }
        }
        return all;
    }

    private static void same(Map<String, byte[]> expected, Path folder) throws IOException {
        Map<String, byte[]> actual = files(folder);
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, b) -> assertArrayEquals(b, actual.get(name), name));
        try (var list = Files.list(folder)) {
            assertTrue(list.noneMatch(p -> p.getFileName().toString().startsWith(".")), "no draft is left");
        }
    }

    private static String refused(org.junit.jupiter.api.function.Executable work) {
        return assertThrows(Problem.class, work).getMessage();
    }

    @Test
    void dividingReplacesNoVoiceButItsOwn() throws IOException {
        Path voice = folder.resolve("voice"), checkpoint = Golden.ckpt("svc_ckpt");
        Divider.divide(checkpoint, null, voice);
        Map<String, byte[]> whole = files(voice);
        Divider.divide(checkpoint, null, voice); // the same again is no loss
        same(whole, voice);
        for (String name : whole.keySet()) {
            byte[] edited = Arrays.copyOf(whole.get(name), whole.get(name).length + 1);
            edited[edited.length - 1] = '\n';
            Files.write(voice.resolve(name), edited);
            Map<String, byte[]> before = files(voice);
            String said = refused(() -> Divider.divide(checkpoint, null, voice));
            assertTrue(said.contains(name) && said.contains("--overwrite"), said);
            same(before, voice);
            Divider.divide(checkpoint, null, voice, new Output(true, List.of()));
            same(whole, voice);
        }
        for (String name :
                List.of("embedding_model_steps_7.pt", "training", "hparams.yaml", "mel_range.yaml", "config.yaml")) {
            Path other = Files.createDirectories(folder.resolve("with " + name));
            Files.writeString(
                    name.equals("training")
                            ? Files.createDirectories(other.resolve(name)).resolve("ledger.csv")
                            : other.resolve(name),
                    "project: other");
            Map<String, byte[]> before = files(other);
            String said = refused(() -> Divider.divide(checkpoint, null, other));
            assertTrue(said.contains(name) && said.contains("--overwrite"), said);
            same(before, other);
        }
    }

    @Test
    void whatIsReadIsNeverReplaced() throws IOException {
        Output overwrite = new Output(true, List.of());
        Path in = Files.createDirectories(folder.resolve("in")),
                checkpoint =
                        Files.copy(
                                Golden.ckpt("svc_ckpt"),
                                in.resolve(Golden.ckpt("svc_ckpt").getFileName()));
        Files.copy(Golden.ckpt("svc_ckpt").resolveSibling("config.yaml"), in.resolve("config.yaml"));
        Path voice = Files.createDirectories(folder.resolve("voice"));
        // beside it: the config stays as it is
        long steps = Divider.divide(checkpoint, null, in).steps();
        Files.createLink(voice.resolve("wavenet_model_steps_" + steps + ".pt"), checkpoint);
        assertTrue(refused(() -> Divider.divide(checkpoint, null, voice, overwrite))
                .contains("the same file"));
        Path link = Files.createSymbolicLink(folder.resolve("linked"), in),
                half = in.resolve("embedding_model_steps_" + steps + ".pt");
        for (Path target : List.of(
                half,
                link.resolve(half.getFileName()),
                in.resolve("../in").resolve(half.getFileName()),
                Files.createLink(folder.resolve("hard"), half),
                in.resolve("mel_range.yaml"),
                in.resolve("hparams.yaml"))) {
            byte[] before = Files.readAllBytes(target);
            assertTrue(
                    refused(() -> Divider.merge(in, target, overwrite))
                            .contains("another file than the one that is read"),
                    target.toString());
            assertArrayEquals(before, Files.readAllBytes(target));
        }
        Path merged = folder.resolve("merged.ckpt");
        Divider.merge(in, merged);
        byte[] whole = Files.readAllBytes(merged);
        Divider.merge(in, merged);
        Files.writeString(merged, "mine");
        assertTrue(refused(() -> Divider.merge(in, merged)).contains("--overwrite"));
        assertEquals("mine", Files.readString(merged));
        Divider.merge(in, merged, overwrite);
        assertArrayEquals(whole, Files.readAllBytes(merged));
    }
}
