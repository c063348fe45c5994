package diffsvc.diffusion.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.hparams.Hparams;
import diffsvc.platform.Script;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@link EmbeddingModel} of a voice with no_fs2 as one script, in float32, for other programs. Conversions run the
 * model itself: it takes little time.
 */
public final class EmbeddingScript implements AutoCloseable {
    /** The weights by their names in a checkpoint. */
    private static final String PREPARE =
            """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              if self.projects:
                self.unit_projection = w["unit_projection.weight"]
                self.unit_bias = w["unit_projection.bias"]
              for i in range(self.convs):
                name = torch.add("unit_convs.", str(i))
                torch.append(self.conv_weight, w[torch.add(name, ".weight")])
                torch.append(self.conv_bias, w[torch.add(name, ".bias")])
              if self.use_pitch:
                self.pitch_embed = w["pitch_embed.weight"]
              if self.use_energy:
                self.energy_embed = w["energy_embed.weight"]
              if self.use_loudness:
                self.loudness_embed = w["loudness_embed.weight"]
                self.loudness_bias = w["loudness_embed.bias"]
              return self.pitch_embed
            """;

    /** From the inputs that the voice uses to the condition [B, H, T]. */
    private static final String FORWARD =
            """
            def forward(self, units: Tensor, mel2ph: Tensor, f0: Tensor{energy}{unvoiced}) -> Tensor:
              real = torch.to(torch.gt(mel2ph, 0), 6)
              heard = torch.permute(torch.to(torch.ne(torch.slice(units, 2, 0, 1), 0.), 6), [0, 2, 1])
              if self.projects:
                units = torch.linear(units, self.unit_projection, self.unit_bias)
              if torch.gt(self.convs, 0):
                x = torch.mul(torch.permute(units, [0, 2, 1]), heard)
                for i in range(self.convs):
                  y = torch.conv1d(torch.gelu(x), self.conv_weight[i], self.conv_bias[i], [1], [2])
                  x = torch.mul(torch.add(x, y), heard)
                units = torch.permute(x, [0, 2, 1])
              index = torch.expand(torch.unsqueeze(mel2ph, 2), [-1, -1, torch.size(units, 2)])
              cond = torch.gather(torch.pad(units, [0, 0, 1, 0]), 1, index)
              if self.use_pitch:
                f0_hz = torch.mul(torch.pow(2., f0), real){voiced}
                mel = torch.mul(torch.log(torch.add(torch.div(f0_hz, 700.), 1.)), 1127.)
                scaled = torch.mul(torch.sub(mel, self.low), self.bins - 2)
                scaled = torch.add(torch.div(scaled, self.width), 1.)
                ids = torch.clamp(torch.where(torch.gt(mel, 0.), scaled, mel), 1., self.bins - 1.)
                cond = torch.add(cond, torch.embedding(self.pitch_embed, torch.to(torch.add(ids, 0.5), 4)))
            {energetic}{loudness}\
              return torch.permute(torch.mul(cond, torch.unsqueeze(real, 2)), [0, 2, 1])
            """;

    private static final String VOICED = "\n    f0_hz = torch.mul(f0_hz, torch.to(torch.le(unvoiced, 0.), 6))",
            ENERGETIC =
                    """
                      level = torch.clamp(torch.floor(torch.mul(energy, self.per_row)), None, self.rows - 1.)
                      cond = torch.add(cond, torch.embedding(self.energy_embed, torch.to(level, 4)))
                    """,
            LOUDNESS =
                    """
                      level = torch.unsqueeze(torch.log10(torch.clamp(energy, self.softest, self.loudest)), 2)
                      cond = torch.add(cond, torch.linear(level, self.loudness_embed, self.loudness_bias))
                    """;

    private final Script script;

    private EmbeddingScript(Script script) {
        this.script = script;
    }

    /**
     * The script of a model. It keeps what it needs of the weights, so the model may close.
     *
     * @param owner closes it at the latest
     * @throws Problem for a voice with no_fs2: false
     */
    public static EmbeddingScript of(NDManager owner, EmbeddingModel model) {
        Hparams.Embedding sizes = model.sizes();
        Hparams.Pitch pitch = model.pitch();
        if (!sizes.noFs2()) {
            throw Problem.in("embedding", "a voice with no_fs2", "one with a transformer", "take the ONNX graph");
        }
        double low = EmbeddingModel.mel(pitch.f0MinHz()), high = EmbeddingModel.mel(pitch.f0MaxHz());
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("projects", sizes.projectsUnits());
        attributes.put("convs", (long) sizes.unitConvs());
        attributes.put("use_pitch", sizes.usePitchEmbed());
        attributes.put("use_energy", sizes.useEnergyEmbed());
        attributes.put("low", (double) (float) low);
        attributes.put("width", (double) (float) (high - low));
        attributes.put("bins", (long) pitch.f0Bins());
        attributes.put("rows", (long) EmbeddingModel.ENERGY_ROWS);
        attributes.put("per_row", EmbeddingModel.ENERGY_ROWS / EmbeddingModel.ENERGY_TOP);
        attributes.put("use_loudness", sizes.useLoudnessEmbed());
        attributes.put("softest", (double) (float) Math.pow(10, EmbeddingModel.SOFTEST));
        attributes.put("loudest", (double) (float) Math.pow(10, EmbeddingModel.LOUDEST));
        boolean unvoiced = pitch.useUv();
        String forward = FORWARD.replace("{energy}", sizes.readsEnergy() ? ", energy: Tensor" : "")
                .replace("{unvoiced}", unvoiced ? ", unvoiced: Tensor" : "")
                .replace("{voiced}", unvoiced ? VOICED : "")
                .replace("{energetic}", sizes.useEnergyEmbed() ? ENERGETIC : "")
                .replace("{loudness}", sizes.useLoudnessEmbed() ? LOUDNESS : "");
        ScriptFile file = new ScriptFile(
                attributes,
                List.of(
                        "unit_projection",
                        "unit_bias",
                        "pitch_embed",
                        "energy_embed",
                        "loudness_embed",
                        "loudness_bias"),
                List.of("conv_weight", "conv_bias"),
                List.of(PREPARE, forward));
        Script script = Script.open(owner, file.bytes());
        script.run(model.weights().manager(), "prepare", model.weights().all()).close();
        return new EmbeddingScript(script);
    }

    /**
     * The condition [B, H, T].
     *
     * @param inputs units [B, P, unit_size], mel2ph [B, T] int64, f0 [B, T] log2 Hz, then energy [B, T] and unvoiced
     *     [B, T] where the voice uses them
     */
    public NDArray embed(NDArray... inputs) {
        return script.run(inputs[0].getManager(), "forward", inputs);
    }

    /**
     * Writes the script with its weights, for torch.jit.load.
     *
     * @throws IOException of the stream
     */
    public void write(OutputStream out) throws IOException {
        script.write(out);
    }

    @Override
    public void close() {
        script.close();
    }
}
