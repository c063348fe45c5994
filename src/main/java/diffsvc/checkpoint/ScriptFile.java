package diffsvc.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The source of a network as a TorchScript archive, which the engine opens as torch.jit.load does. Its tensors come
 * later: the archive holds one empty tensor for each and an empty list for each list of tensors, and a method of the
 * network sets them.
 *
 * <p>The methods are written as torch.jit.save writes them: each operation is a call ({@code torch.add}).
 *
 * @param numbers Long, Double, Boolean or a list of Long by name
 * @param tensors names of attributes that are tensors
 * @param lists names of attributes that are lists of tensors
 * @param methods source of the methods, not indented; the network's is named {@code forward}
 */
public record ScriptFile(Map<String, ?> numbers, List<String> tensors, List<String> lists, List<String> methods) {
    private static final String MODULE = "__torch__", TYPE = "Network";

    /** The archive's bytes. */
    public byte[] bytes() {
        Map<String, Object> attributes = new LinkedHashMap<>(numbers);
        tensors.forEach(name -> attributes.put(name, TorchTensor.of(new float[0], 0)));
        lists.forEach(name -> attributes.put(name, List.of()));
        attributes.put("training", false);
        PickleWriter pickle = new PickleWriter();
        byte[] data = pickle.write(MODULE, TYPE, attributes),
                constants = new PickleWriter().write(new Tuple(List.of(), false));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TorchZip zip = new TorchZip(out, "network")) {
            zip.put("data.pkl", data);
            zip.put(pickle.storages());
            zip.put("code/__torch__.py", source(attributes));
            zip.put("constants.pkl", constants);
            zip.put("version", "3\n");
            zip.put("byteorder", "little");
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
        return out.toByteArray();
    }

    private String source(Map<String, ?> attributes) {
        StringBuilder s = new StringBuilder("class " + TYPE + "(Module):\n  __parameters__ = []\n  __buffers__ = [");
        tensors.forEach(name -> s.append('"').append(name).append("\", "));
        s.append("]\n");
        attributes.forEach((name, v) ->
                s.append("  ").append(name).append(" : ").append(type(v)).append('\n'));
        methods.forEach(method -> s.append(method.indent(2)));
        return s.toString();
    }

    private static String type(Object v) {
        if (v instanceof List<?> list) {
            return list.isEmpty() ? "List[Tensor]" : "List[int]";
        }
        return v instanceof TorchTensor
                ? "Tensor"
                : v instanceof Boolean ? "bool" : v instanceof Double ? "float" : "int";
    }
}
