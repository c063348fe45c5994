package diffsvc.voice;

import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.vocoder.VocoderConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Whether config, checkpoint, encoder and vocoder belong together. A voice made of other parts sounds wrong without an
 * error, so every conversion and every training checks its parts first.
 *
 * @param subject the voice
 * @param file its checkpoint; null before there is one
 * @param findings every comparison, in the order of the stages
 */
public record Pairing(String subject, Path file, List<Finding> findings) {
    private static final String STAGE = "doctor",
            WINS = "; the file wins",
            UNSTATED = "no buffer says so, as it is for eps";

    /** What a finding means. */
    public enum Verdict {
        /** Both say the same. */
        FITS,
        /** They differ, and the file decides. */
        NOTE,
        /** They do not belong together. */
        CLASH
    }

    /**
     * One comparison.
     *
     * @param what was compared
     * @param config what the configuration says
     * @param file what the files hold
     */
    public record Finding(Verdict verdict, String what, String config, String file) {}

    /** Compares the parts of a voice; a missing file is a clash. */
    public static Pairing of(ModelFiles files, ModelFiles.Pair pair, Hparams h) {
        List<Finding> found = sizes(h);
        Path encoder = located(
                found,
                "content encoder",
                h.hubert().file(),
                () -> pair.encoder() != null ? pair.encoder() : files.encoderFile(h));
        if (encoder != null) {
            unitWidth(found, "width of a unit", h, Networks.unitWidth(h, encoder));
        }
        StateDict embedding = StateDict.read(pair.embedding()).under("fs2."), trained = StateDict.read(pair.wavenet());
        shapes(found, "embedding", EmbeddingModel.table(h.embedding()), embedding);
        StateDict denoiser = trained.under("denoise_fn.");
        if (denoiser.tensors().containsKey("input_projection.weight")) {
            WaveNet.Sizes sizes = WaveNet.Sizes.of(denoiser, h.wavenet().dilationCycleLength());
            compare(
                    found,
                    "mel bins of the denoiser (audio.mel_bins)",
                    h.audio().melBins(),
                    sizes.mels());
            compare(found, "channels (wavenet.residual_channels)", h.wavenet().residualChannels(), sizes.channels());
            compare(found, "layers (wavenet.residual_layers)", h.wavenet().residualLayers(), sizes.layers());
            compare(
                    found,
                    "width of the condition (embedding.hidden_size)",
                    h.embedding().hiddenSize(),
                    sizes.cond());
        } else {
            found.add(new Finding(
                    Verdict.CLASH,
                    "the denoiser (denoise_fn.*)",
                    "one",
                    "none in " + pair.wavenet().getFileName()));
        }
        buffers(found, h, trained);
        vocoder(found, files, pair, h);
        return new Pairing(h.project(), pair.wavenet(), found);
    }

    /** Compares the parts of a voice and reads every weight: one that is NaN or infinite is a clash. */
    public static Pairing lookingInside(ModelFiles files, ModelFiles.Pair pair, Hparams h) {
        Pairing parts = of(files, pair, h);
        List<Finding> found = new ArrayList<>(parts.findings);
        weights(found, "content encoder", () -> pair.encoder() != null ? pair.encoder() : files.encoderFile(h));
        weights(found, "embedding", pair::embedding);
        weights(found, "denoiser", pair::wavenet);
        boolean own = h.vocoder().inUse().hasWeights();
        weights(found, "vocoder", () -> !own ? null : pair.vocoder() != null ? pair.vocoder() : files.vocoderFile(h));
        weights(
                found,
                "pitch extractor",
                () -> !h.pitch().peEnable()
                        ? null
                        : pair.pitchExtractor() != null
                                ? pair.pitchExtractor()
                                : files.pitchExtractorFile(h.project()));
        return new Pairing(parts.subject, parts.file, found);
    }

    private static void weights(List<Finding> found, String model, Located where) {
        Path file;
        try {
            file = where.find();
        } catch (Problem e) {
            return; // a file that is missing is a finding already
        }
        if (file == null) {
            return;
        }
        long values = 0, spoilt = 0;
        String first = null;
        for (Map.Entry<String, TorchTensor> e : StateDict.read(file).tensors().entrySet()) {
            // real files hold uninitialised memory under these names, and nobody reads them
            if (!e.getValue().type().isFloating() || e.getKey().endsWith("_float_tensor")) {
                continue;
            }
            long here = 0;
            for (float v : e.getValue().toFloats()) {
                here += Float.isFinite(v) ? 0 : 1;
            }
            values += e.getValue().size();
            spoilt += here;
            first = first == null && here > 0 ? e.getKey() : first;
        }
        found.add(new Finding(
                spoilt == 0 ? Verdict.FITS : Verdict.CLASH,
                "weights of the " + model,
                "finite",
                spoilt == 0
                        ? values + " values, all finite"
                        : spoilt + " of " + values + " values are NaN or infinite, the first in " + first));
    }

    /**
     * Compares a dataset with the hparams it is to be trained under. Encoder and vocoder are not needed for training: a
     * missing one is only a note.
     *
     * @param unitWidth H of the dataset
     * @param melBins M of the dataset
     */
    public static Pairing ofTraining(ModelFiles files, Hparams h, int unitWidth, int melBins) {
        List<Finding> found = sizes(h);
        unitWidth(found, "width of the dataset's units", h, unitWidth);
        compare(found, "mel bins of the dataset (audio.mel_bins)", h.audio().melBins(), melBins);
        for (List<Double> range : List.of(h.noise().specMin(), h.noise().specMax())) {
            if (range.size() != 1 && range.size() != h.audio().melBins()) {
                found.add(new Finding(
                        Verdict.CLASH,
                        "mel range (noise.spec_min, noise.spec_max)",
                        range.size() + " values",
                        "1 or " + h.audio().melBins() + " needed"));
            }
        }
        List<Finding> parts = new ArrayList<>();
        Path encoder = located(parts, "content encoder", h.hubert().file(), () -> files.encoderFile(h));
        if (encoder != null) {
            unitWidth(parts, "width of a unit", h, Networks.unitWidth(h, encoder));
        }
        ModelFiles.Pair none = new ModelFiles.Pair(h, null, null, null, null, null);
        vocoder(parts, files, none, h);
        parts.forEach(f -> found.add(
                f.verdict() == Verdict.CLASH && f.what().matches("content encoder|vocoder")
                        ? new Finding(Verdict.NOTE, f.what(), f.config(), f.file())
                        : f));
        return new Pairing(h.project().isEmpty() ? "the new voice" : h.project(), null, found);
    }

    private static List<Finding> sizes(Hparams h) {
        List<Finding> found = new ArrayList<>();
        h.audio()
                .misfits()
                .forEach(m -> found.add(new Finding(Verdict.CLASH, "sizes that go together", m, "none of the files")));
        return found;
    }

    /** Names the key that decides; where a projection is missing, also the one that makes it. */
    private static void unitWidth(List<Finding> found, String what, Hparams h, int file) {
        Hparams.Embedding e = h.embedding();
        String key = e.unitSize() > 0
                ? "embedding.unit_size"
                : e.hiddenSize() == file
                        ? "embedding.hidden_size"
                        : "embedding.hidden_size; embedding.unit_size=" + file + " trains a projection";
        compare(found, what + " (" + key + ")", e.unitWidth(), file);
    }

    private interface Located {
        Path find();
    }

    private static Path located(List<Finding> found, String what, String name, Located where) {
        try {
            return where.find();
        } catch (Problem e) {
            found.add(new Finding(Verdict.CLASH, what, name, e.getMessage()));
            return null;
        }
    }

    private static void compare(List<Finding> found, String what, Object config, Object file) {
        found.add(new Finding(
                Objects.equals(config, file) ? Verdict.FITS : Verdict.CLASH,
                what,
                String.valueOf(config),
                String.valueOf(file)));
    }

    private static void shapes(List<Finding> found, String model, Map<String, Shape> table, StateDict state) {
        table.forEach((name, shape) -> {
            TorchTensor t = state.tensors().get(name);
            String here = t == null ? "missing" : new Shape(t.shape()).toString();
            if (!here.equals(shape.toString())) {
                found.add(new Finding(Verdict.CLASH, model + " " + name, shape.toString(), here));
            }
        });
        for (String option : new String[] {"pitch_embed", "energy_embed", "loudness_embed"}) {
            boolean inFile = state.tensors().containsKey(option + ".weight"),
                    asked = table.containsKey(option + ".weight");
            found.add(new Finding(
                    inFile == asked ? Verdict.FITS : Verdict.CLASH,
                    "embedding.use_" + option,
                    String.valueOf(asked),
                    String.valueOf(inFile)));
        }
    }

    /** The file's buffers win over the config, so a difference is only worth knowing. */
    private static void buffers(List<Finding> found, Hparams h, StateDict trained) {
        schedule(found, h, trained);
        prediction(found, h, trained);
        melRange(found, h, trained);
    }

    private static void prediction(List<Finding> found, Hparams h, StateDict trained) {
        String what = "what the denoiser predicts (noise.prediction)";
        StatedPrediction asked = StatedPrediction.of(h.noise());
        Optional<StatedPrediction> stated = StatedPrediction.in(trained);
        if (stated.isPresent()) {
            note(found, what, asked, stated.get(), asked.equals(stated.get()));
        } else {
            boolean eps = asked.equals(StatedPrediction.EPS);
            found.add(new Finding(
                    eps ? Verdict.FITS : Verdict.NOTE, what, asked.toString(), eps ? asked.toString() : UNSTATED));
        }
    }

    private static void schedule(List<Finding> found, Hparams h, StateDict trained) {
        TorchTensor betas = trained.tensors().get("betas");
        if (betas == null) {
            found.add(new Finding(
                    Verdict.CLASH, "noise schedule (betas)", h.noise().steps() + " steps", "missing"));
        } else {
            float[] b = betas.toFloats();
            note(
                    found,
                    "diffusion steps (noise.steps)",
                    h.noise().steps(),
                    b.length,
                    b.length == h.noise().steps());
            if (h.noise().kStep() > b.length) {
                found.add(new Finding(
                        Verdict.CLASH,
                        "steps that training drew (noise.k_step)",
                        String.valueOf(h.noise().kStep()),
                        "a schedule of " + b.length));
            }
            if (h.noise().schedule().equals("linear")) {
                float top = b.length == 0 ? 0 : b[b.length - 1];
                note(
                        found,
                        "largest beta (noise.max_beta)",
                        h.noise().maxBeta(),
                        top,
                        Math.abs(top - h.noise().maxBeta()) < 1e-6);
            }
        }
    }

    private static void melRange(List<Finding> found, Hparams h, StateDict trained) {
        for (String name : new String[] {"spec_min", "spec_max"}) {
            TorchTensor t = trained.tensors().get(name);
            List<Double> config =
                    name.equals("spec_min") ? h.noise().specMin() : h.noise().specMax();
            if (t == null) {
                found.add(new Finding(Verdict.CLASH, "mel range (" + name + ")", config.size() + " values", "missing"));
                continue;
            }
            float[] v = t.toFloats();
            if (v.length != 1 && v.length != h.audio().melBins()) {
                found.add(new Finding(
                        Verdict.CLASH,
                        "mel range (" + name + ")",
                        "1 or " + h.audio().melBins() + " values",
                        v.length + " values"));
                continue;
            }
            double worst = 0;
            for (int i = 0; i < v.length; i++) {
                worst = Math.max(
                        worst,
                        config.isEmpty()
                                ? Double.POSITIVE_INFINITY
                                : Math.abs(v[i] - config.get(config.size() == 1 ? 0 : Math.min(i, config.size() - 1))));
            }
            note(
                    found,
                    "mel range (noise." + name + ")",
                    config.size() + " values",
                    v.length + " values, farthest apart " + String.format("%.3g", worst),
                    worst < 1e-4);
        }
    }

    private static void note(List<Finding> found, String what, Object config, Object file, boolean fits) {
        found.add(new Finding(
                fits ? Verdict.FITS : Verdict.NOTE, what, String.valueOf(config), file + (fits ? "" : WINS)));
    }

    private static void vocoder(List<Finding> found, ModelFiles files, ModelFiles.Pair pair, Hparams h) {
        VocoderKind kind = h.vocoder().type();
        if (!kind.hasWeights()) {
            found.add(new Finding(
                    Verdict.FITS, "vocoder.kind", kind.text(), "has no weights and takes any front end of ours"));
            return;
        }
        if (h.vocoder().builtIn()) {
            found.add(new Finding(
                    Verdict.NOTE, "vocoder.kind", kind.text(), "the built-in source-filter vocoder takes its place"));
            return;
        }
        Path file = located(
                found,
                "vocoder",
                h.vocoder().file(),
                () -> pair.vocoder() != null ? pair.vocoder() : files.vocoderFile(h));
        if (file == null) {
            return;
        }
        VocoderConfig c = VocoderConfig.of(kind, file);
        compare(found, "sample rate (audio.sample_rate_hz)", h.audio().sampleRateHz(), c.rateHz());
        compare(
                found,
                "hop (audio.hop_samples), product of the vocoder's upsample_rates",
                h.audio().hopSamples(),
                c.hopSamples());
        compare(found, "mel bins (audio.mel_bins)", h.audio().melBins(), c.mels());
        compare(found, "fmin (audio.fmin_hz)", h.audio().fminHz(), c.fminHz());
        compare(found, "fmax (audio.fmax_hz)", h.audio().fmaxHz(), c.fmaxHz());
        compare(found, "FFT size (audio.fft_size)", h.audio().fftSize(), c.fftSize());
        compare(found, "window (audio.window_samples)", h.audio().windowSamples(), c.windowSamples());
        found.add(new Finding(
                Verdict.FITS,
                "base of the logarithm",
                "log10",
                kind.naturalLog() ? "natural: multiplied by 2.30259 on the way" : "log10"));
    }

    /** The findings that do not fit; empty where all fits. */
    public List<Finding> clashes() {
        return findings.stream().filter(f -> f.verdict() == Verdict.CLASH).toList();
    }

    /**
     * Keys of the configuration that have no effect because the files decide, and a prediction that the files do not
     * state, one sentence each; usually none.
     */
    public List<String> notes() {
        return findings.stream()
                .filter(f -> f.verdict() == Verdict.NOTE)
                .filter(f -> f.file().endsWith(WINS) || f.file().equals(UNSTATED))
                .map(f -> f.what() + ": the hparams say " + f.config()
                        + (f.file().equals(UNSTATED) ? ", and it is done so; the file: " : ", without effect: ")
                        + f.file())
                .toList();
    }

    /** One row for each comparison: verdict, what, config, files. */
    public Table table() {
        Table table = Table.create(
                subject,
                StringColumn.create("verdict"),
                StringColumn.create("what"),
                StringColumn.create("config"),
                StringColumn.create("files"));
        for (Finding f : findings) {
            table.stringColumn(0).append(f.verdict().name().toLowerCase(Locale.ROOT));
            table.stringColumn(1).append(f.what());
            table.stringColumn(2).append(f.config());
            table.stringColumn(3).append(f.file());
        }
        return table;
    }

    /**
     * Checks that all parts belong together.
     *
     * @throws Problem that lists the clashes
     */
    public void require() {
        List<Finding> clashes = clashes();
        if (!clashes.isEmpty()) {
            StringBuilder list = new StringBuilder();
            clashes.forEach(f -> list.append(list.length() == 0 ? "" : "; ")
                    .append(f.what())
                    .append(": config ")
                    .append(f.config())
                    .append(", file ")
                    .append(f.file()));
            String need = "parts of " + subject + " that belong together",
                    got = clashes.size() + " that do not: " + list;
            String remedy =
                    "use the config, encoder and vocoder this voice was trained with; ./diffsvc doctor lists every comparison";
            throw file == null ? Problem.in(STAGE, need, got, remedy) : Problem.in(STAGE, file, need, got, remedy);
        }
    }
}
