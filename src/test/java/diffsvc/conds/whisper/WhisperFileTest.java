package diffsvc.conds.whisper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.checkpoint.OrderedDict;
import diffsvc.checkpoint.Safetensors;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.hparams.Precision;
import diffsvc.testing.CTranslate2Bytes;
import diffsvc.testing.Tones;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One network in the files of three programs. */
class WhisperFileTest {
    static final WhisperEncoder.Sizes SIZES = new WhisperEncoder.Sizes(8, 128, 2, 2, 96, 60);

    @TempDir
    Path folder;

    private final NDManager manager = NDManager.newBaseManager();
    private final Map<String, TorchTensor> values = values();

    @AfterEach
    void close() {
        manager.close();
    }

    /** Every tensor with values of its own, biases and norms included. */
    private Map<String, TorchTensor> values() {
        Map<String, TorchTensor> all = new LinkedHashMap<>();
        int[] seed = {1};
        WhisperEncoder.table(SIZES).forEach((name, shape) -> {
            float[] x = new float[(int) shape.size()];
            for (int i = 0; i < x.length; i++) {
                seed[0] = seed[0] * 1103515245 + 12345;
                x[i] = (seed[0] >> 16) / 65536f / (float) Math.sqrt(shape.size() / (double) shape.get(0));
            }
            all.put(name, TorchTensor.of(x, shape.getShape()));
        });
        return all;
    }

    private Map<String, TorchTensor> named(UnaryOperator<String> name) {
        Map<String, TorchTensor> all = new LinkedHashMap<>();
        values.forEach((k, v) -> all.put(name.apply(k), v));
        return all;
    }

    private Path openai() {
        Map<String, TorchTensor> state = named(k -> "encoder." + k);
        state.put("decoder.token_embedding.weight", TorchTensor.of(new float[6], 3, 2));
        Path file = folder.resolve("tiny.pt");
        OrderedDict root = new OrderedDict();
        root.put("dims", Map.of("n_audio_head", 2L));
        root.put("model_state_dict", state);
        TorchFile.write(file, root);
        return file;
    }

    private static String transformers(String name) {
        return name.replace("positional_embedding", "embed_positions.weight")
                .replace("blocks.", "layers.")
                .replace("attn_ln", "self_attn_layer_norm")
                .replace("attn.query", "self_attn.q_proj")
                .replace("attn.key", "self_attn.k_proj")
                .replace("attn.value", "self_attn.v_proj")
                .replace("attn.out", "self_attn.out_proj")
                .replace("mlp_ln", "final_layer_norm")
                .replace("mlp.0", "fc1")
                .replace("mlp.2", "fc2")
                .replace("ln_post", "layer_norm");
    }

    private Path ctranslate2(float keyBias) throws IOException {
        CTranslate2Bytes bytes = CTranslate2Bytes.whisper(5 + 12 * SIZES.layers() + 4);
        BiConsumer<String, String> tensor = (theirs, ours) -> bytes.floats(
                theirs, values.get(ours).toFloats(), values.get(ours).shape());
        bytes.floats("decoder/embeddings/weight", new float[6], 3, 2);
        for (String conv : new String[] {"conv1", "conv2"}) {
            tensor.accept("encoder/" + conv + "/bias", conv + ".bias");
            tensor.accept("encoder/" + conv + "/weight", conv + ".weight");
        }
        int d = SIZES.dim();
        for (int i = 0; i < SIZES.layers(); i++) {
            String theirs = "encoder/layer_" + i + "/", ours = "blocks." + i + ".";
            tensor.accept(theirs + "ffn/layer_norm/beta", ours + "mlp_ln.bias");
            tensor.accept(theirs + "ffn/layer_norm/gamma", ours + "mlp_ln.weight");
            tensor.accept(theirs + "ffn/linear_0/bias", ours + "mlp.0.bias");
            tensor.accept(theirs + "ffn/linear_0/weight", ours + "mlp.0.weight");
            tensor.accept(theirs + "ffn/linear_1/bias", ours + "mlp.2.bias");
            tensor.accept(theirs + "ffn/linear_1/weight", ours + "mlp.2.weight");
            tensor.accept(theirs + "self_attention/layer_norm/beta", ours + "attn_ln.bias");
            tensor.accept(theirs + "self_attention/layer_norm/gamma", ours + "attn_ln.weight");
            ByteBuffer bias = ByteBuffer.allocate(12 * d), weight = ByteBuffer.allocate(12 * d * d);
            for (String part : new String[] {"query", "key", "value"}) {
                weight.asFloatBuffer()
                        .put(values.get(ours + "attn." + part + ".weight").toFloats());
                weight.position(weight.position() + 4 * d * d);
                float[] none = new float[d];
                none[d - 1] = keyBias;
                bias.asFloatBuffer()
                        .put(
                                part.equals("key")
                                        ? none
                                        : values.get(ours + "attn." + part + ".bias")
                                                .toFloats());
                bias.position(bias.position() + 4 * d);
            }
            bytes.floats(theirs + "self_attention/linear_0/bias", floats(bias), 3L * d);
            bytes.floats(theirs + "self_attention/linear_0/weight", floats(weight), 3L * d, d);
            tensor.accept(theirs + "self_attention/linear_1/bias", ours + "attn.out.bias");
            tensor.accept(theirs + "self_attention/linear_1/weight", ours + "attn.out.weight");
        }
        tensor.accept("encoder/layer_norm/beta", "ln_post.bias");
        tensor.accept("encoder/layer_norm/gamma", "ln_post.weight");
        bytes.text("encoder/num_heads").u8(0).u8(2).u32(2).u16(SIZES.heads());
        tensor.accept("encoder/position_encodings/encodings", "positional_embedding");
        bytes.u32(1).text("decoder/projection/weight").text("decoder/embeddings/weight");
        return Files.write(folder.resolve("model.bin"), bytes.bytes());
    }

    private static float[] floats(ByteBuffer filled) {
        float[] x = new float[filled.capacity() / 4];
        filled.clear().asFloatBuffer().get(x);
        return x;
    }

    private float[] units(Path file) {
        try (WhisperEncoder net = WhisperEncoder.load(manager, file, WhisperEncoder.Form.PLACELESS, 0)) {
            assertEquals(SIZES, net.sizes());
            Wave wave = Tones.sine(16000, 0.91, 220, 0.1);
            return net.units(manager, wave, Precision.FLOAT32).toFloatArray();
        }
    }

    @Test
    void theThreeLayoutsGiveTheSameUnitsToTheBit() throws IOException {
        float[] expected = units(openai());
        assertEquals(45 * SIZES.dim(), expected.length);
        Path safetensors = folder.resolve("model.safetensors"), bin = folder.resolve("pytorch_model.bin");
        Safetensors.write(safetensors, named(k -> "model.encoder." + transformers(k)));
        assertArrayEquals(expected, units(safetensors));
        Map<String, TorchTensor> tied = named(k -> "model.encoder." + transformers(k));
        tied.put("proj_out.weight", TorchTensor.of(new float[6], 3, 2)); // so no prefix is common to all
        TorchFile.write(bin, tied);
        assertArrayEquals(expected, units(bin));
        assertArrayEquals(expected, units(ctranslate2(0)));
    }

    @Test
    void theEncoderAloneHasTheSameTensorsAndNoOther() throws IOException {
        Path alone = folder.resolve("alone.safetensors"), again = folder.resolve("again.safetensors");
        WhisperFile.writeEncoder(openai(), alone);
        assertEquals(named(k -> "encoder." + k), Safetensors.read(alone));
        WhisperFile.writeEncoder(ctranslate2(0), again);
        assertEquals(Safetensors.read(alone), Safetensors.read(again));
        assertArrayEquals(units(openai()), units(alone));
    }

    @Test
    void aKeyWithABiasIsNoWhisper() throws IOException {
        Path file = ctranslate2(0.5f);
        String said = assertThrows(Problem.class, () -> units(file)).getMessage();
        assertTrue(said.contains("key without a bias in layer 0") && said.contains("0.5"), said);
    }

    @Test
    void whatIsMissingTooMuchOrQuantizedIsNamed() {
        Map<String, TorchTensor> state = named(k -> "encoder." + k);
        TorchTensor taken = state.remove("encoder.blocks.1.mlp.2.bias");
        state.put("encoder.blocks.1.adapter.weight", taken);
        Path file = folder.resolve("tiny.safetensors");
        Safetensors.write(file, state);
        String said = assertThrows(Problem.class, () -> units(file)).getMessage();
        assertTrue(said.contains("blocks.1.mlp.2.bias (128) is missing"), said);
        assertTrue(said.contains("blocks.1.adapter.weight (128) is not part of it"), said);
        state = named(k -> "encoder." + k);
        state.put(
                "encoder.blocks.1.mlp.2.bias",
                TorchTensor.ofBytes(TorchTensor.Type.CHAR, ByteBuffer.allocate(128), 128));
        Safetensors.write(file, state);
        said = assertThrows(Problem.class, () -> units(file)).getMessage();
        assertTrue(said.contains("floating-point") && said.contains("blocks.1.mlp.2.bias is char[128]"), said);
        Safetensors.write(file, Map.of("proj.weight", taken));
        said = assertThrows(Problem.class, () -> units(file)).getMessage();
        assertTrue(said.contains("the encoder of Whisper") && said.contains("proj.weight"), said);
    }

    @Test
    void sizesComeFromTheShapesAndHeadsThatDoNotDivideAreRefused() {
        StateDict state = StateDict.read(openai());
        assertEquals(SIZES, WhisperEncoder.Sizes.of(state, 0));
        assertEquals(4, WhisperEncoder.Sizes.of(state, 4).heads());
        String said = assertThrows(Problem.class, () -> WhisperEncoder.Sizes.of(state, 3))
                .getMessage();
        assertTrue(said.contains("divides 128") && said.contains("hubert.heads"), said);
        assertEquals(new Shape(60, 128), WhisperEncoder.table(SIZES).get("positional_embedding"));
    }
}
