package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Summary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The layers of a network as a table: name, shapes of the weights, number of parameters and, for a given input, the
 * shape of the output. The last row holds the sum.
 */
public final class Layers {
    private static final Pattern LAYER = Pattern.compile("(.*?layers\\.\\d+|feature_extractor\\.[a-z]+\\d+|[^.]+).*");

    private Layers() {}

    /** A row for each tensor of a network: name, shape, parameters. */
    public static Table of(Weights weights) {
        StringColumn names = StringColumn.create("name"), shapes = StringColumn.create("shape");
        LongColumn parameters = LongColumn.create("parameters");
        weights.all().forEach((name, array) -> {
            names.append(name);
            shapes.append(Summary.shape(array));
            parameters.append(array.size());
        });
        names.append("sum");
        shapes.append("");
        parameters.append(weights.parameters());
        return Table.create("layers", names, shapes, parameters);
    }

    /**
     * A row for each layer of a denoiser, as it runs on this input.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] int64
     * @param cond [B, H, T]
     */
    public static Table of(WaveNet net, NDArray spec, NDArray step, NDArray cond) {
        return of(net.weights(), spec.getManager(), (scratch, taps) -> {
            scratch.tempAttachAll(spec, step, cond);
            taps.accept("output_projection", net.walk(spec, step, net.project(cond), (name, value) -> {
                if (name.endsWith("_x")) {
                    taps.accept("residual_layers." + name.replaceAll("\\D", ""), value);
                } else if (!name.endsWith("_skip")) {
                    taps.accept(name.equals("step_embedding") ? "mlp" : "input_projection", value);
                }
            }));
        });
    }

    /**
     * A row for each layer of a content encoder, as it runs on this input.
     *
     * @param wave [B, 1, N] at 16 kHz
     */
    public static Table of(HubertSoft net, NDArray wave) {
        Map<String, String> layers = Map.of(
                "features", "feature_extractor.conv6",
                "projected", "feature_projection",
                "pos", "positional_embedding",
                "normed", "norm",
                "units", "proj");
        return of(net.weights(), wave.getManager(), (scratch, taps) -> {
            scratch.tempAttachAll(wave);
            net.walk(
                    wave,
                    (name, value) -> taps.accept(
                            name.startsWith("layer")
                                    ? "encoder.layers." + name.substring(5)
                                    : layers.getOrDefault(name, name),
                            value));
        });
    }

    /** A row for each layer of an embedding model, as it runs on this input. */
    public static Table of(EmbeddingModel net, Conds conds) {
        Map<String, String> outputs = Map.of(
                "encoder_out", "encoder",
                "pitch", "pitch_embed",
                "energy", "energy_embed",
                "loudness", "loudness_embed",
                "decoder_inp", "cond");
        return of(net.weights(), conds.units().getManager(), (scratch, taps) -> {
            scratch.tempAttachAll(conds.units(), conds.mel2ph(), conds.f0(), conds.energy(), conds.unvoiced());
            net.embed(conds, Inner.showing((name, value) -> {
                if (name.startsWith("layer")) {
                    taps.accept("encoder.layers." + name.substring(5), value);
                } else if (!name.equals("units")) { // made of another layer's output without a weight
                    taps.accept(outputs.getOrDefault(name, name), value);
                }
            }));
        });
    }

    private static Table of(
            Weights weights, NDManager manager, BiConsumer<NDManager, BiConsumer<String, NDArray>> walk) {
        Map<String, String> outputs = new LinkedHashMap<>();
        try (NDManager scratch = manager.newSubManager()) {
            walk.accept(scratch, (layer, value) -> outputs.put(layer, Summary.shape(value)));
        }
        Map<String, List<String>> shapes = new LinkedHashMap<>();
        Map<String, Long> parameters = new LinkedHashMap<>();
        weights.all().forEach((name, array) -> {
            String layer = LAYER.matcher(name).replaceFirst("$1");
            parameters.merge(layer, array.size(), Long::sum);
            List<String> of = shapes.computeIfAbsent(layer, l -> new ArrayList<>());
            if (array.getShape().dimension() > 1) { // biases and norms say nothing about the layer
                String rest =
                        name.substring(layer.length()).replaceFirst("^\\.", "").replaceFirst("\\.?weight$", "");
                of.add((rest.isEmpty() ? "" : rest + " ") + Summary.shape(array));
            }
        });
        outputs.keySet().stream() // what is made without a weight of its own comes last
                .filter(layer -> !parameters.containsKey(layer))
                .toList()
                .forEach(layer -> parameters.put(layer, 0L));
        StringColumn names = StringColumn.create("name"),
                shape = StringColumn.create("shape"),
                output = StringColumn.create("output");
        LongColumn count = LongColumn.create("parameters");
        parameters.forEach((layer, n) -> {
            names.append(layer);
            shape.append(String.join(", ", shapes.getOrDefault(layer, List.of())));
            count.append(n);
            output.append(outputs.getOrDefault(layer, ""));
        });
        names.append("sum");
        shape.append("");
        count.append(weights.parameters());
        output.append("");
        return Table.create("layers", names, shape, count, output);
    }
}
