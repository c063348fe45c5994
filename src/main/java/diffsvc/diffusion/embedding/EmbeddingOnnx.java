package diffsvc.diffusion.embedding;

import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.OnnxFile.Value;
import diffsvc.hparams.Hparams;
import java.util.List;
import java.util.Map;

/**
 * The {@link EmbeddingModel} as an ONNX graph, in float32.
 *
 * <p>In: units [B, P, embedding.unit_size], mel2ph [B, T] int64, f0 [B, T] log2 Hz; energy [B, T] and unvoiced [B, T]
 * where the model uses them. Out: cond [B, H, T], as the denoiser takes it, and f0_hz [B, T].
 */
public final class EmbeddingOnnx {
    /** ONNX's code of int64. */
    private static final int INT64 = 7, FLOAT32 = 1;

    private final EmbeddingModel model;
    private final OnnxFile file;

    private EmbeddingOnnx(EmbeddingModel model) {
        this.model = model;
        file = new OnnxFile("embedding", model.weights());
    }

    /** The graph, with copies of the weights. */
    public static OnnxFile of(EmbeddingModel model) {
        return new EmbeddingOnnx(model).graph();
    }

    private OnnxFile graph() {
        Hparams.Embedding s = model.sizes();
        Value units = file.floats("units", "B", "P", s.unitWidth()),
                mel2ph = file.longs("mel2ph", "B", "T"),
                f0 = file.floats("f0", "B", "T");
        Value energy = s.readsEnergy() ? file.floats("energy", "B", "T") : null,
                unvoiced = model.pitch().useUv() ? file.floats("unvoiced", "B", "T") : null;
        Value real = mel2ph.op("Greater", file.whole(0)).op("Cast", Map.of("to", FLOAT32)); // [B, T], 0 at padding
        Value f0Hz = file.number(2).op("Pow", f0).times(real);
        if (unvoiced != null) {
            f0Hz = f0Hz.times(unvoiced.op("LessOrEqual", file.number(0)).op("Cast", Map.of("to", FLOAT32)));
        }
        Value spread = gather(s.noFs2() ? content(units) : encoded(content(units)), mel2ph); // [B, T, H]
        if (s.usePitchEmbed()) {
            spread = spread.plus(file.weight("pitch_embed.weight").op("Gather", coarse(f0Hz)));
        }
        if (s.useEnergyEmbed()) {
            Value level = energy.times(EmbeddingModel.ENERGY_ROWS / EmbeddingModel.ENERGY_TOP)
                    .op("Floor")
                    .op("Min", file.number(EmbeddingModel.ENERGY_ROWS - 1))
                    .op("Cast", Map.of("to", INT64));
            spread = spread.plus(file.weight("energy_embed.weight").op("Gather", level));
        }
        if (s.useLoudnessEmbed()) {
            spread = spread.plus(loudness(energy));
        }
        Value cond = spread.times(real.unsqueeze(2)).transpose(0, 2, 1);
        file.output("cond", cond, "B", s.hiddenSize(), "T");
        file.output("f0_hz", f0Hz, "B", "T");
        return file;
    }

    private Value loudness(Value energy) {
        Value level = energy.op("Max", file.number((float) Math.pow(10, EmbeddingModel.SOFTEST)))
                .op("Min", file.number((float) Math.pow(10, EmbeddingModel.LOUDEST)))
                .op("Log")
                .over(Math.log(10))
                .unsqueeze(2);
        Value row = file.weight(EmbeddingModel.LOUDNESS + ".weight").transpose(1, 0);
        return level.op("MatMul", row).plus(file.weight(EmbeddingModel.LOUDNESS + ".bias"));
    }

    /** The pitch of each frame, 1 to bins - 1, int64, in the order of operations of {@link EmbeddingModel#coarse}. */
    private Value coarse(Value f0Hz) {
        Hparams.Pitch pitch = model.pitch();
        double low = EmbeddingModel.mel(pitch.f0MinHz()), high = EmbeddingModel.mel(pitch.f0MaxHz());
        Value mel = f0Hz.over(700).plus(1).op("Log").times(1127);
        Value scaled = mel.op("Sub", file.number((float) low))
                .times(pitch.f0Bins() - 2)
                .over((float) (high - low))
                .plus(1);
        Value ids = mel.op("Greater", file.number(0)).op("Where", scaled, mel);
        return ids.op("Max", file.number(1))
                .op("Min", file.number(pitch.f0Bins() - 1))
                .plus(0.5)
                .op("Cast", Map.of("to", INT64)); // towards 0
    }

    /** Units as wide as the condition; padding stays 0 for the transformer. */
    private Value projected(Value units) {
        if (!model.sizes().projectsUnits()) {
            return units;
        }
        Value wide = units.linear(EmbeddingModel.PROJECTION);
        return model.sizes().noFs2() ? wide : wide.times(real(units));
    }

    /** The projected units through the residual convolutions; padding stays 0. */
    private Value content(Value units) {
        Value x = projected(units);
        if (model.sizes().unitConvs() == 0) {
            return x;
        }
        Value real = real(units).transpose(0, 2, 1);
        x = x.transpose(0, 2, 1).times(real);
        for (int i = 0; i < model.sizes().unitConvs(); i++) {
            x = x.plus(x.gelu().conv(EmbeddingModel.CONVS + i, EmbeddingModel.KERNEL / 2, 1))
                    .times(real);
        }
        return x.transpose(0, 2, 1);
    }

    /** 0 at padding, else 1, [B, P, 1]. */
    private Value real(Value units) {
        return units.slice(2, 0, 1).op("Equal", file.number(0)).op("Not").op("Cast", Map.of("to", FLOAT32));
    }

    /** Row mel2ph of the units with a zero row in front. */
    private Value gather(Value units, Value mel2ph) {
        Value rows = units.op("Pad", file.whole(0, 1, 0, 0, 0, 0)); // [B, 1 + P, H]
        Value index =
                mel2ph.unsqueeze(2).op("Expand", file.whole(1, 1, model.sizes().hiddenSize()));
        return rows.op("GatherElements", Map.of("axis", 1), index);
    }

    /** {@link UnitEncoder}: the transformer over the units, [B, P, H]. */
    private Value encoded(Value units) {
        UnitEncoder.Sizes s = UnitEncoder.Sizes.of(model.sizes());
        Value real = real(units);
        Value x = units.times(Math.sqrt(s.hidden()))
                .times(2)
                .plus(positions(units, s.hidden()))
                .times(real);
        for (int i = 0; i < s.layers(); i++) {
            String layer = "encoder.layers." + i + ".op.";
            Value given = x.norm(layer + "layer_norm1", UnitEncoder.EPS);
            x = x.plus(attention(given, real, s, layer + "self_attn.")).times(real);
            given = x.norm(layer + "layer_norm2", UnitEncoder.EPS);
            x = x.plus(feedForward(given, s, layer + "ffn.")).times(real);
        }
        return x.norm("encoder.layer_norm", UnitEncoder.EPS).times(real);
    }

    /** Sines and cosines in turns; row i is position max(5000, P) - 1 - i. */
    private Value positions(Value units, int hidden) {
        Value count = units.op("Shape", Map.of("start", 1, "end", 2)).squeeze(0); // P
        Value rows = count.op("Max", file.whole(UnitEncoder.POSITIONS).squeeze(0));
        Value row = file.whole(0).squeeze(0).op("Range", count, file.whole(1).squeeze(0));
        Value position = rows.op("Sub", file.whole(1).squeeze(0))
                .op("Sub", row)
                .op("Cast", Map.of("to", FLOAT32))
                .unsqueeze(1); // [P, 1]
        Value angle = position.times(file.numbers(UnitEncoder.rates(hidden))); // [P, H/2]
        return angle.op("Sin")
                .unsqueeze(2)
                .concat(2, angle.op("Cos").unsqueeze(2))
                .reshape(0, -1)
                .unsqueeze(0); // [1, P, H]
    }

    private Value attention(Value x, Value real, UnitEncoder.Sizes s, String name) {
        int each = s.hidden() / s.heads();
        List<Value> qkv = x.linear(file.weight(name + "in_proj_weight"), null).split(2, 3);
        Value q = qkv.get(0).reshape(0, 0, s.heads(), each).transpose(0, 2, 1, 3), // [B, h, P, H/h]
                k = qkv.get(1).reshape(0, 0, s.heads(), each).transpose(0, 2, 3, 1),
                v = qkv.get(2).reshape(0, 0, s.heads(), each).transpose(0, 2, 1, 3);
        Value hidden = real.plus(-1).times(1e9).transpose(0, 2, 1).unsqueeze(1); // [B, 1, 1, P]
        Value score = q.times(1 / Math.sqrt(each)).op("MatMul", k).plus(hidden).softmax();
        return score.op("MatMul", v)
                .transpose(0, 2, 1, 3)
                .reshape(0, 0, s.hidden())
                .linear(file.weight(name + "out_proj.weight"), null);
    }

    private Value feedForward(Value x, UnitEncoder.Sizes s, String name) {
        return x.transpose(0, 2, 1)
                .conv(name + "ffn_1", s.kernel() / 2, 1)
                .transpose(0, 2, 1)
                .times(Math.pow(s.kernel(), -0.5))
                .gelu()
                .linear(name + "ffn_2");
    }
}
