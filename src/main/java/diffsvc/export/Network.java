package diffsvc.export;

import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.hubert.HubertOnnx;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.conds.whisper.WhisperOnnx;
import diffsvc.diffusion.Prediction;
import diffsvc.diffusion.embedding.EmbeddingOnnx;
import diffsvc.diffusion.embedding.EmbeddingScript;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetOnnx;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.PredictionKind;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.HifiGanOnnx;
import diffsvc.vocoder.VocoderConfig;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * One network of a voice in the forms that other programs open.
 *
 * @param role as {@link Voice#files} has it
 * @param archive the network as TorchScript; null where there is none
 * @param graph the network as ONNX
 * @param run inputs and outputs of the graph
 */
record Network(String role, Weights weights, Archive archive, Supplier<OnnxFile> graph, Signature run) {
    /**
     * A network as TorchScript.
     *
     * @param precisions that it can have beside float32
     * @param methods what a caller needs of it
     */
    record Archive(Set<Precision> precisions, Map<String, Signature> methods, Writer writer) {
        /** The precision that the archive has where another may be asked for. */
        Precision precision(Precision asked) {
            return precisions.contains(asked) ? asked : Precision.FLOAT32;
        }
    }

    /** Writes an archive; scratch owns what is opened on the way. */
    @FunctionalInterface
    interface Writer {
        void write(NDManager scratch, Precision precision, OutputStream out) throws IOException;
    }

    /**
     * A tensor that goes in or out.
     *
     * @param shape numbers and letters
     */
    record Tensor(String name, String type, List<Object> shape, String meaning) {
        static Tensor floats(String name, String meaning, Object... shape) {
            return new Tensor(name, "float32", List.of(shape), meaning);
        }
    }

    /** What a method or a graph takes and gives. */
    record Signature(List<Tensor> inputs, List<Tensor> outputs) {}

    /** The networks of a voice, in the order of the data; what has no weights is left out. */
    static List<Network> of(Voice voice) {
        List<Network> all = new ArrayList<>();
        if (voice.encoder() instanceof HubertSoft hubert) {
            all.add(encoder(hubert));
        } else if (voice.encoder() instanceof WhisperEncoder whisper) {
            all.add(encoder(whisper));
        }
        all.add(embedding(voice));
        all.add(wavenet(voice));
        if (voice.vocoder() instanceof HifiGan vocoder) {
            all.add(vocoder(vocoder));
        }
        return all;
    }

    private static Network encoder(HubertSoft net) {
        ContentEncoder encoder = net;
        Tensor wave = Tensor.floats(
                "wave", "mono at " + encoder.sampleRateHz() + " Hz, full scale 1, at least 320 samples", "B", 1, "N");
        Tensor units =
                Tensor.floats("units", "one per " + encoder.hopSamples() + " samples", "B", "P", encoder.width());
        Signature forward = new Signature(
                List.of(new Tensor(wave.name(), wave.type(), List.of(1, 1, "N"), wave.meaning())),
                List.of(new Tensor(units.name(), units.type(), List.of(1, "P", encoder.width()), units.meaning())));
        return new Network(
                "encoder",
                net.weights(),
                new Archive(
                        Set.of(Precision.BFLOAT16, Precision.FLOAT16),
                        Map.of("forward", forward),
                        (scratch, precision, out) -> net.writeScript(precision, out)),
                () -> HubertOnnx.of(net),
                new Signature(List.of(wave), List.of(units)));
    }

    /** The network alone: the log mel is made before it, and what it answers to silence is taken off behind it. */
    private static Network encoder(WhisperEncoder net) {
        WhisperEncoder.Sizes s = net.sizes();
        String heard = "log mel of Whisper, 100 frames per second, L = 2 P up to " + 2 * s.positions();
        Tensor mel = Tensor.floats("mel", heard, "B", s.bands(), "L"),
                units = Tensor.floats("units", "the network's output, 50 per second", "B", "P", s.dim());
        Signature run = new Signature(List.of(mel), List.of(units));
        return new Network(
                "encoder",
                net.weights(),
                new Archive(
                        Set.of(Precision.BFLOAT16, Precision.FLOAT16),
                        Map.of("forward", run),
                        (scratch, precision, out) -> net.writeScript(precision, out)),
                () -> WhisperOnnx.of(net),
                run);
    }

    private static Network embedding(Voice voice) {
        Hparams h = voice.hparams();
        int wide = h.embedding().hiddenSize();
        List<Tensor> in = new ArrayList<>(List.of(
                Tensor.floats(
                        "units",
                        "of the content encoder",
                        "B",
                        "P",
                        h.embedding().unitWidth()),
                new Tensor("mel2ph", "int64", List.of("B", "T"), "the unit of each mel frame, from 1; 0 is padding"),
                Tensor.floats("f0", "log2 Hz, interpolated through unvoiced frames", "B", "T")));
        if (h.embedding().readsEnergy()) {
            in.add(Tensor.floats("energy", "root of the mel's summed squares, not logarithmic", "B", "T"));
        }
        if (h.pitch().useUv()) {
            in.add(Tensor.floats("unvoiced", "1 in unvoiced frames, else 0", "B", "T"));
        }
        List<Tensor> out = List.of(
                Tensor.floats("cond", "the condition, 0 at padding", "B", wide, "T"),
                Tensor.floats("f0_hz", "Hz, 0 at padding", "B", "T"));
        Writer writer = (scratch, precision, stream) -> {
            try (EmbeddingScript script = EmbeddingScript.of(scratch, voice.embedding())) {
                script.write(stream);
            }
        };
        Signature forward = new Signature(in, out.subList(0, 1));
        return new Network(
                "embedding",
                voice.embedding().weights(),
                h.embedding().noFs2() ? new Archive(Set.of(), Map.of("forward", forward), writer) : null,
                () -> EmbeddingOnnx.of(voice.embedding()),
                new Signature(in, out));
    }

    private static Network wavenet(Voice voice) {
        WaveNet.Sizes s = voice.wavenet().sizes();
        boolean scaled = voice.prediction().kind() == PredictionKind.EDM;
        Tensor
                spec =
                        Tensor.floats(
                                "spec",
                                "noisy mel, its range mapped to [-1, 1]" + (scaled ? ", over w" : ""),
                                "B",
                                1,
                                s.mels(),
                                "T"),
                step = Tensor.floats("step", "diffusion step from 0 on; may lie between two", "B"),
                t = Tensor.floats("t", step.meaning(), "B"),
                cond = Tensor.floats("cond", "the condition", "B", s.cond(), "T"),
                out = predicted(voice.prediction(), "B", 1, s.mels(), "T");
        Tensor projected = new Tensor(
                "projected",
                "the archive's precision",
                List.of(s.layers(), "B", "T", 2 * s.channels()),
                "what project gave, once per condition");
        Map<String, Signature> methods = new LinkedHashMap<>();
        methods.put("project", new Signature(List.of(cond), List.of(projected)));
        methods.put("forward", new Signature(List.of(spec, t, projected), List.of(out)));
        Writer writer = (scratch, precision, stream) -> {
            try (WaveNetScript script = WaveNetScript.of(scratch, voice.wavenet(), precision)) {
                script.write(stream);
            }
        };
        return new Network(
                "wavenet",
                voice.wavenet().weights(),
                new Archive(Set.of(Precision.BFLOAT16, Precision.FLOAT16), methods, writer),
                () -> WaveNetOnnx.of(voice.wavenet(), out.name()),
                new Signature(List.of(spec, step, cond), List.of(out)));
    }

    /** The network as it was trained: no graph turns its prediction into the noise. */
    private static Tensor predicted(Prediction prediction, Object... shape) {
        return switch (prediction.kind()) {
            case EPS -> Tensor.floats("eps", "the noise in spec", shape);
            case V -> Tensor.floats("v", "a eps - s x0; a, s: roots of alphas_cumprod, 1 - alphas_cumprod", shape);
            case EDM ->
                Tensor.floats(
                        "f",
                        "(s x0 / d - a d eps) / w; a, s: roots of alphas_cumprod, 1 - alphas_cumprod; d: sigma_data;"
                                + " w: sqrt(s^2 + a^2 d^2)",
                        shape);
        };
    }

    private static Network vocoder(HifiGan net) {
        VocoderConfig config = net.config();
        String logarithm = net.kind().naturalLog() ? "natural logarithm" : "log10";
        List<Tensor> in = new ArrayList<>(List.of(Tensor.floats("mel", logarithm, "B", config.mels(), "T")));
        if (net.harmonics() != null) {
            in.add(Tensor.floats("source", "the harmonic source, L = T hop", "B", 1, "L"));
        }
        Tensor wave = Tensor.floats("wave", "at " + config.rateHz() + " Hz, in [-1, 1]", "B", 1, "L");
        Tensor source = Tensor.floats("source", "the harmonic source, L = T hop; [1, 1, 0] for none", "B", 1, "L");
        return new Network(
                "vocoder",
                net.weights(),
                new Archive(
                        Set.of(Precision.BFLOAT16, Precision.FLOAT16),
                        Map.of("forward", new Signature(List.of(in.get(0), source), List.of(wave))),
                        (scratch, precision, out) -> net.writeScript(precision, out)),
                () -> HifiGanOnnx.of(net),
                new Signature(in, List.of(wave)));
    }
}
