package diffsvc.diffusion.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes the condition of the denoiser: the unit of each frame plus a learned vector for its pitch (the Python
 * project's SvcEncoder, with or without no_fs2). Units of another width than the condition's go through a learned
 * projection first, embedding.unit_convs residual convolutions may follow, x + conv(gelu(x)), and with
 * embedding.use_loudness_embed a linear function of the loudness is added; the Python project has none of the three. It
 * is trained jointly with the denoiser.
 */
public final class EmbeddingModel implements AutoCloseable {
    static final int ENERGY_ROWS = 256;
    static final double ENERGY_TOP = 4;
    /** log10 of the energies beyond which a sound counts as no softer and no louder. */
    static final double SOFTEST = -4, LOUDEST = 2;
    /** From the loudness to the width of the condition. */
    static final String LOUDNESS = "loudness_embed";
    /** From units to the width of the condition. */
    static final String PROJECTION = "unit_projection";
    /** Residual convolutions over the units, {@code unit_convs.0}, .. */
    static final String CONVS = "unit_convs.";

    static final int KERNEL = 5;

    private static final int PITCH_ROWS = 300;
    /** Modules of a Python checkpoint that inference never calls. */
    private static final String[] UNUSED = {"mel_out.", "pitch_predictor.", "energy_predictor.", "decoder."};

    private final Hparams.Embedding sizes;
    private final Hparams.Pitch pitch;
    private final Weights weights;
    private final UnitEncoder encoder;

    /**
     * The condition of the denoiser.
     *
     * @param cond [B, T, H], 0 at padding; the denoiser takes it transposed, {@link #forDenoiser}
     * @param f0Denorm [B, T] Hz, 0 at padding
     * @param pitchIds [B, T] int64, coarse pitch 1 .. pitch.f0_bins - 1
     */
    public record Condition(NDArray cond, NDArray f0Denorm, NDArray pitchIds) {
        /** cond as the denoiser takes it, [B, H, T]. */
        public NDArray forDenoiser() {
            return cond.transpose(0, 2, 1);
        }
    }

    private EmbeddingModel(Hparams.Embedding sizes, Hparams.Pitch pitch, Weights weights) {
        this.sizes = sizes;
        this.pitch = pitch;
        this.weights = weights;
        encoder = sizes.noFs2() ? null : new UnitEncoder(UnitEncoder.Sizes.of(sizes), weights);
    }

    /**
     * Loads {@code fs2.*} of a state dict.
     *
     * @param manager owner of the weights
     * @param state tensors whose names may lack the prefix
     * @throws Problem when hparams and file differ in a size; it lists all differences
     */
    public static EmbeddingModel load(NDManager manager, Hparams hparams, StateDict state) {
        StateDict own = state.under("fs2.");
        return new EmbeddingModel(
                hparams.embedding(),
                hparams.pitch(),
                Weights.load(
                        manager,
                        "the embedding model",
                        table(hparams.embedding()),
                        own,
                        settings(hparams.embedding(), own),
                        UNUSED));
    }

    private static List<Weights.Setting> settings(Hparams.Embedding config, StateDict own) {
        List<Weights.Setting> settings = new ArrayList<>();
        settings.add(new Weights.Setting(
                "embedding.use_pitch_embed",
                config.usePitchEmbed(),
                own.tensors().containsKey("pitch_embed.weight")));
        settings.add(new Weights.Setting(
                "embedding.use_energy_embed",
                config.useEnergyEmbed(),
                own.tensors().containsKey("energy_embed.weight")));
        settings.add(new Weights.Setting(
                "embedding.use_loudness_embed",
                config.useLoudnessEmbed(),
                own.tensors().containsKey(LOUDNESS + ".weight")));
        settings.add(new Weights.Setting("embedding.no_fs2", config.noFs2(), own.layers("encoder.layers.") == 0));
        if (own.tensors().containsKey("pitch_embed.weight")) {
            settings.add(new Weights.Setting(
                    "embedding.hidden_size", config.hiddenSize(), own.size("pitch_embed.weight", 1)));
        }
        settings.add(new Weights.Setting(
                "embedding.unit_size",
                config.unitWidth(),
                own.tensors().containsKey(PROJECTION + ".weight")
                        ? own.size(PROJECTION + ".weight", 1)
                        : config.hiddenSize()));
        settings.add(new Weights.Setting("embedding.unit_convs", config.unitConvs(), own.layers(CONVS)));
        if (!config.noFs2()) {
            settings.add(
                    new Weights.Setting("embedding.enc_layers", config.encLayers(), own.layers("encoder.layers.")));
        }
        return settings;
    }

    /**
     * A model with random weights: rows of pitch and energy from N(0, 1/H), row 0, the padding, zero.
     *
     * @param manager owner of the weights
     */
    public static EmbeddingModel random(NDManager manager, Hparams hparams, long seed) {
        EmbeddingModel model = new EmbeddingModel(
                hparams.embedding(), hparams.pitch(), Weights.random(manager, table(hparams.embedding()), seed));
        model.weights.all().forEach((name, rows) -> {
            if (!name.endsWith("_embed.weight") || name.startsWith(LOUDNESS)) {
                return;
            }
            rows.muli((float) Math.sqrt(3)); // N(0, 1/H) a row, as the reference's embedding layers start
            rows.get("0").muli(0);
        });
        return model;
    }

    /** Memory of the model over T mel frames; with no_fs2 false a transformer over the units comes to it. */
    public static Cost cost(Hparams h) {
        Hparams.Embedding e = h.embedding();
        double fps = h.audio().framesPerSecond(),
                unitsPerSecond = h.hubert().type().unitsPerSecond();
        return new Cost(
                "embedding",
                fps,
                Cost.bytes(table(e)),
                (b, t) -> 14 * Cost.MIB
                        + Cost.FLOAT
                                * (6.2 * e.hiddenSize() * b * t
                                        + (e.projectsUnits() ? e.hiddenSize() * b * t * unitsPerSecond / fps : 0)
                                        + (e.unitConvs() > 0 ? 4.0 * e.hiddenSize() * b * t * unitsPerSecond / fps : 0)
                                        + encoderFloats(e, b, t * unitsPerSecond / fps)));
    }

    /**
     * Numbers that the convolutions over the units keep for the backward pass.
     *
     * @param units P of a clip
     */
    public static double convFloats(Hparams.Embedding e, int batch, double units) {
        return 5.0 * e.unitConvs() * e.hiddenSize() * batch * units;
    }

    /**
     * Numbers that the transformer over the units holds at its peak; 0 with no_fs2 true.
     *
     * @param units P of a clip
     */
    public static double encoderFloats(Hparams.Embedding e, int batch, double units) {
        return e.noFs2()
                ? 0
                : e.encLayers() * batch * (42.0 * e.hiddenSize() * units + 2.4 * e.numHeads() * units * units);
    }

    /** Names in a checkpoint, without the prefix {@code fs2.}, and shapes, in the reference's order. */
    public static Map<String, Shape> table(Hparams.Embedding s) {
        Map<String, Shape> table = new LinkedHashMap<>();
        if (s.projectsUnits()) {
            table.put(PROJECTION + ".weight", new Shape(s.hiddenSize(), s.unitWidth()));
            table.put(PROJECTION + ".bias", new Shape(s.hiddenSize()));
        }
        for (int i = 0; i < s.unitConvs(); i++) {
            table.put(CONVS + i + ".weight", new Shape(s.hiddenSize(), s.hiddenSize(), KERNEL));
            table.put(CONVS + i + ".bias", new Shape(s.hiddenSize()));
        }
        if (!s.noFs2()) {
            UnitEncoder.table(table, UnitEncoder.Sizes.of(s));
        }
        if (s.usePitchEmbed()) {
            table.put("pitch_embed.weight", new Shape(PITCH_ROWS, s.hiddenSize()));
        }
        if (s.useEnergyEmbed()) {
            table.put("energy_embed.weight", new Shape(ENERGY_ROWS, s.hiddenSize()));
        }
        if (s.useLoudnessEmbed()) {
            table.put(LOUDNESS + ".weight", new Shape(s.hiddenSize(), 1));
            table.put(LOUDNESS + ".bias", new Shape(s.hiddenSize()));
        }
        return table;
    }

    /** The values that an {@link Inner} gets, in the order of the data. */
    public List<Tap> taps() {
        String h = String.valueOf(sizes.hiddenSize()), wide = "[1, P, " + h + "]", frames = "[1, T, " + h + "]";
        List<Tap> taps = new ArrayList<>();
        if (sizes.projectsUnits()) {
            taps.add(new Tap(PROJECTION, wide, "the units, as wide as the condition"));
        }
        for (int i = 0; i < sizes.unitConvs(); i++) {
            taps.add(new Tap(CONVS + i, "[1, " + h + ", P]", "the units behind a residual convolution"));
        }
        if (!sizes.noFs2()) {
            taps.add(new Tap("embedded", wide, "the units with their positions, before the transformer"));
            for (int i = 0; i < sizes.encLayers(); i++) {
                taps.add(new Tap("layer" + i, wide, "the units behind a layer of the transformer"));
            }
            taps.add(new Tap("encoder_out", wide, "the units behind the transformer"));
        }
        taps.add(new Tap("units", frames, "the unit of each frame"));
        if (sizes.usePitchEmbed()) {
            taps.add(new Tap("pitch", frames, "the learned vector of each frame's pitch"));
        }
        if (sizes.useEnergyEmbed()) {
            taps.add(new Tap("energy", frames, "the learned vector of each frame's energy"));
        }
        if (sizes.useLoudnessEmbed()) {
            taps.add(new Tap("loudness", frames, "the linear function of each frame's loudness"));
        }
        taps.add(new Tap("decoder_inp", frames, "their sum, the condition of the denoiser"));
        return taps;
    }

    /** The tensors under their names in a checkpoint; the model owns them. */
    public Weights weights() {
        return weights;
    }

    Hparams.Embedding sizes() {
        return sizes;
    }

    Hparams.Pitch pitch() {
        return pitch;
    }

    /**
     * The condition of a batch; the arrays belong to the manager of the units.
     *
     * @throws Problem when the units are not embedding.unit_size wide
     */
    public Condition embed(Conds conds) {
        return embed(conds, Inner.NONE);
    }

    /** The same under the eyes of an {@link Inner}, which gets the values of {@link #taps}. */
    public Condition embed(Conds conds, Inner inner) {
        Axes.of("embedding")
                .fix("H", sizes.unitWidth())
                .require("units", conds.units(), "B P H")
                .require("mel2ph", conds.mel2ph(), "B T")
                .require("f0", conds.f0(), "B T");
        NDArray real = conds.mel2ph().gt(0).toType(DataType.FLOAT32, false); // [B, T]
        NDArray f0Hz = denorm(conds.f0(), real);
        if (pitch.useUv()) {
            f0Hz = f0Hz.mul(conds.unvoiced().lte(0f).toType(DataType.FLOAT32, false));
        }
        NDArray ids = coarse(f0Hz);
        NDArray units = convolved(projected(conds.units(), inner), conds.units(), inner);
        units = encoder == null ? units : encoder.walk(units, inner);
        NDArray cond = inner.at("units", gather(units, conds.mel2ph())); // [B, T, H]
        if (sizes.usePitchEmbed()) {
            cond = cond.add(inner.at("pitch", rows(ids, "pitch_embed.weight")));
        }
        if (sizes.useEnergyEmbed()) {
            NDArray level = conds.energy()
                    .mul((float) (ENERGY_ROWS / ENERGY_TOP))
                    .floor()
                    .minimum(ENERGY_ROWS - 1)
                    .toType(DataType.INT64, false);
            cond = cond.add(inner.at("energy", rows(level, "energy_embed.weight")));
        }
        if (sizes.useLoudnessEmbed()) {
            cond = cond.add(inner.at("loudness", loudness(conds.energy())));
        }
        cond = inner.at("decoder_inp", cond.mul(real.expandDims(2)));
        return new Condition(cond, f0Hz, ids);
    }

    /** A linear function of log10 of the energy, [B, T] to [B, T, H]. */
    private NDArray loudness(NDArray energy) {
        NDArray level = energy.maximum((float) Math.pow(10, SOFTEST))
                .minimum((float) Math.pow(10, LOUDEST))
                .log10()
                .expandDims(2);
        return Linear.linear(level, weights.get(LOUDNESS + ".weight"), weights.get(LOUDNESS + ".bias"))
                .singletonOrThrow();
    }

    /** Units as wide as the condition, [B, P, H]; units that are padding stay 0, by which the encoder knows them. */
    private NDArray projected(NDArray units, Inner inner) {
        if (!sizes.projectsUnits()) {
            return units;
        }
        NDArray wide = Linear.linear(units, weights.get(PROJECTION + ".weight"), weights.get(PROJECTION + ".bias"))
                .singletonOrThrow();
        if (encoder != null) {
            wide = wide.mul(UnitEncoder.real(units));
        }
        return inner.at(PROJECTION, wide);
    }

    /** Units [B, P, H] through the residual convolutions; given tells padding, which stays 0. */
    private NDArray convolved(NDArray units, NDArray given, Inner inner) {
        if (sizes.unitConvs() == 0) {
            return units;
        }
        NDArray real = UnitEncoder.real(given).transpose(0, 2, 1); // [B, 1, P]
        NDArray x = units.transpose(0, 2, 1).mul(real);
        for (int i = 0; i < sizes.unitConvs(); i++) {
            NDArray y = Conv1d.conv1d(
                            Activation.gelu(x),
                            weights.get(CONVS + i + ".weight"),
                            weights.get(CONVS + i + ".bias"),
                            new Shape(1),
                            new Shape(KERNEL / 2))
                    .singletonOrThrow();
            x = inner.at(CONVS + i, x.add(y).mul(real));
        }
        return x.transpose(0, 2, 1);
    }

    /** 2^f0 [B, T], 0 at padding. */
    private static NDArray denorm(NDArray f0, NDArray real) {
        NDArray two = f0.getManager().create(2f);
        return two.pow(f0).mul(real);
    }

    /** Hz to ids on tensors: add 0.5 and truncate, in float32 (arrays round half to even: Conds2Tensor.coarse). */
    NDArray coarse(NDArray f0Hz) {
        double low = mel(pitch.f0MinHz()), high = mel(pitch.f0MaxHz());
        NDArray mel = f0Hz.div(700f).add(1f).log().mul(1127f);
        NDArray scaled = mel.sub((float) low)
                .mul((float) (pitch.f0Bins() - 2))
                .div((float) (high - low))
                .add(1f);
        NDArray positive = mel.gt(0).toType(DataType.FLOAT32, false);
        NDArray ids = scaled.mul(positive).add(mel.mul(positive.neg().add(1)));
        return ids.maximum(1f).minimum(pitch.f0Bins() - 1f).add(0.5f).toType(DataType.INT64, false);
    }

    static double mel(double hz) {
        return 1127 * Math.log(1 + hz / 700);
    }

    /** Row mel2ph of the units with a zero row in front, [B, P, H] and [B, T] to [B, T, H]. */
    private static NDArray gather(NDArray units, NDArray mel2ph) {
        long b = units.getShape().get(0),
                h = units.getShape().get(2),
                t = mel2ph.getShape().get(1),
                p = units.getShape().get(1);
        long top = mel2ph.max().toLongArray()[0];
        if (top > p) {
            throw Problem.in(
                    "embedding",
                    "mel2ph up to the number of units, " + p,
                    String.valueOf(top),
                    "make it with Conds2Tensor.mel2ph");
        }
        NDArray padded = units.getManager().zeros(new Shape(b, 1, h)).concat(units, 1); // [B, 1 + P, H]
        return padded.gather(mel2ph.expandDims(2).broadcast(new Shape(b, t, h)), 1);
    }

    /** Rows of a table for ids [B, T]: [B, T, H]. Gradients pass through the lookup. */
    private NDArray rows(NDArray ids, String name) {
        NDList out = Embedding.embedding(ids, weights.get(name), SparseFormat.DENSE);
        return out.singletonOrThrow();
    }

    @Override
    public String toString() {
        return "EmbeddingModel, cond " + sizes.hiddenSize() + " wide: " + weights;
    }

    @Override
    public void close() {
        weights.close();
    }
}
