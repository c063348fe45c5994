package diffsvc.export;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.OnnxFile;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.voice.Voice;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a voice's networks for other programs: TorchScript archives, which torch.jit.load opens, ONNX graphs where
 * asked for, and NAME.json, which describes them ({@link #write}).
 */
public final class VoiceExport {
    static final String STAGE = "export";

    private VoiceExport() {}

    /**
     * What was written.
     *
     * @param files the networks, then NAME.json
     * @param notes networks that are not among them, one sentence each
     */
    public record Result(List<Path> files, List<String> notes) {}

    /** A file to write. */
    private record Piece(String name, long bytes, Filler filler, Map<String, Object> about) {}

    /** Writes a file's content; scratch owns what is opened on the way. */
    @FunctionalInterface
    private interface Filler {
        void fill(NDManager scratch, OutputStream out) throws IOException;
    }

    /**
     * Writes all networks of a voice that have a form for others. All targets are checked before the first is written.
     *
     * @param folder made if it is missing
     * @param precision of the TorchScript archives, not auto; graphs are float32
     * @param onnx whether ONNX graphs are written too
     * @throws Problem when a file of another origin lies there, or nothing can be written there
     */
    public static Result write(Voice voice, Path folder, Precision precision, boolean onnx, Output rule) {
        List<Piece> pieces = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Network network : Network.of(voice)) {
            if (network.archive() != null) {
                Precision asked = network.role().equals("vocoder") ? precision.vocoder() : precision.denoiser();
                pieces.add(archive(voice, network, network.archive().precision(asked)));
            } else if (!onnx) {
                notes.add("the " + network.role() + " is written with --onnx only");
            }
            if (onnx) {
                pieces.add(graph(voice, network));
            }
        }
        notes.addAll(missing(voice));
        String project = voice.hparams().project();
        Path home = Output.real(folder), json = home.resolve((project.isEmpty() ? "voice" : project) + ".json");
        Output reading = rule.reading(voice.files().values().toArray(Path[]::new));
        List<Path> targets = new ArrayList<>();
        long bytes = 0;
        for (Piece piece : pieces) {
            targets.add(reading.require(STAGE, home.resolve(piece.name), file -> Description.stranger(file, json)));
            bytes += piece.bytes;
        }
        targets.add(reading.require(STAGE, json, file -> Description.stranger(file, json)));
        Output.tryOut(STAGE, json, bytes);
        Description description = new Description(json, voice);
        for (int i = 0; i < pieces.size(); i++) {
            Piece piece = pieces.get(i);
            WholeFile.write(STAGE, targets.get(i), part -> fill(piece, part));
            description.add(targets.get(i), piece.about);
            description.write(targets.get(pieces.size())); // after each, so that a later call knows the file as ours
        }
        return new Result(targets, notes);
    }

    private static List<String> missing(Voice voice) {
        List<String> notes = new ArrayList<>();
        if (!voice.vocoder().kind().hasWeights()) {
            notes.add("the vocoder " + voice.vocoder().kind().text() + " has no weights and is not exported");
        }
        if (voice.files().containsKey("pitch_extractor")) {
            notes.add("the pitch extractor behind the sampler (pitch.pe_enable) is not exported");
        }
        return notes;
    }

    private static Piece archive(Voice voice, Network network, Precision precision) {
        Map<String, Object> about = about(voice, network, "TorchScript", precision);
        about.put("methods", network.archive().methods());
        return new Piece(
                network.role() + "_" + precision.text() + ".ts",
                bytes(network),
                (scratch, out) -> network.archive().writer().write(scratch, precision, out),
                about);
    }

    private static Piece graph(Voice voice, Network network) {
        Map<String, Object> about = about(voice, network, "ONNX", Precision.FLOAT32);
        about.put("opset", OnnxFile.OPSET);
        about.put("inputs", network.run().inputs());
        about.put("outputs", network.run().outputs());
        return new Piece(
                network.role() + ".onnx",
                bytes(network),
                (scratch, out) -> network.graph().get().write(out),
                about);
    }

    private static Map<String, Object> about(Voice voice, Network network, String format, Precision precision) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("network", network.role());
        about.put("format", format);
        about.put("precision", precision.text());
        Path from = voice.files().get(network.role());
        if (from != null) { // a voice of random weights has no files
            about.put("from", from.getFileName().toString());
            about.put("from_sha256", Sha256.of(from));
        }
        return about;
    }

    private static void fill(Piece piece, Path part) throws IOException {
        try (NDManager scratch = ComputeDevice.CPU.newManager();
                OutputStream out = new BufferedOutputStream(Files.newOutputStream(part))) {
            piece.filler.fill(scratch, out);
        }
    }

    /** About: weights that stay float32 in each precision. */
    private static long bytes(Network network) {
        return network.weights().parameters() * Float.BYTES;
    }
}
