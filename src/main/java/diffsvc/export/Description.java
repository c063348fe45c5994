package diffsvc.export;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import diffsvc.conds.ContentEncoder;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PredictionKind;
import diffsvc.platform.Version;
import diffsvc.vocoder.HarmonicSource;
import diffsvc.vocoder.HifiGan;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The JSON file beside exported networks: what each takes and gives, and what sampling needs that no network holds. It
 * also tells which files {@code export} wrote: one that lies there with the SHA-256 that it names.
 */
final class Description {
    private static final String FORMAT = "diffsvc export 1";
    private static final long MOST_BYTES = 16 << 20;
    private static final Gson JSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final Map<String, String> LETTERS = new TreeMap<>(Map.of(
            "B", "batch",
            "N", "samples of the content encoder's wave",
            "P", "units",
            "T", "mel frames",
            "L", "samples of the vocoder's wave, T hop"));

    private final Map<String, Object> voice = new LinkedHashMap<>();
    private final Map<String, Object> files = new LinkedHashMap<>();

    /** Files that an earlier export names and nobody changed stay in it. */
    Description(Path file, Voice of) {
        JsonObject earlier = read(file);
        if (earlier != null) {
            files(earlier).forEach((name, entry) -> {
                if (isOurs(file.resolveSibling(name), earlier)) {
                    files.put(name, entry);
                }
            });
        }
        voice.put("format", FORMAT);
        voice.put("program", "diffsvc " + Version.CURRENT);
        voice.put("project", of.hparams().project());
        voice.put("training_steps", of.hparams().steps());
        voice.put("letters", LETTERS);
        voice.put("audio", audio(of.hparams().audio()));
        voice.put("encoder", encoder(of.encoder()));
        voice.put("diffusion", diffusion(of));
        voice.put("vocoder", vocoder(of));
    }

    private static Map<String, Object> audio(Hparams.Audio a) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("sample_rate_hz", a.sampleRateHz());
        map.put("hop_samples", a.hopSamples());
        map.put("window_samples", a.windowSamples());
        map.put("fft_size", a.fftSize());
        map.put("mel_bins", a.melBins());
        map.put("fmin_hz", a.fminHz());
        map.put("fmax_hz", a.fmaxHz());
        map.put("logarithm", "log10");
        return map;
    }

    private static Map<String, Object> encoder(ContentEncoder encoder) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("sample_rate_hz", encoder.sampleRateHz());
        map.put("hop_samples", encoder.hopSamples());
        map.put("width", encoder.width());
        return map;
    }

    private static Map<String, Object> diffusion(Voice of) {
        NoiseSchedule schedule = of.schedule();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("steps", schedule.steps());
        map.put("k_step", of.hparams().noise().kStep());
        map.put("prediction", of.prediction().kind().text());
        if (of.prediction().kind() == PredictionKind.EDM) {
            map.put("sigma_data", of.prediction().stated().sigmaData());
        }
        map.put("spec_min", of.range().min());
        map.put("spec_max", of.range().max());
        map.put(
                "alphas_cumprod",
                IntStream.range(0, schedule.steps())
                        .mapToDouble(schedule::alphaBar)
                        .toArray());
        return map;
    }

    private static Map<String, Object> vocoder(Voice of) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("kind", of.vocoder().kind().text());
        if (of.vocoder() instanceof HifiGan net) {
            map.put("mel_times", net.kind().naturalLog() ? HifiGan.LN_10 : 1);
            HarmonicSource source = net.harmonics();
            if (source != null) {
                map.put("harmonic_weights", source.weights());
                map.put("harmonic_bias", source.bias());
            }
        }
        return map;
    }

    /** Adds a file that was written, with its SHA-256 as it lies there. */
    void add(Path written, Map<String, Object> about) {
        Map<String, Object> entry = new LinkedHashMap<>(about);
        entry.put("bytes", written.toFile().length());
        entry.put("sha256", Sha256.of(written));
        files.put(written.getFileName().toString(), entry);
    }

    void write(Path file) {
        Map<String, Object> all = new LinkedHashMap<>(voice);
        all.put("files", files);
        WholeFile.write(VoiceExport.STAGE, file, part -> Files.writeString(part, JSON.toJson(all) + "\n"));
    }

    /** What the file at a path is instead of one of export's; null for one of export's. */
    static String stranger(Path existing, Path description) {
        JsonObject known = read(description);
        if (existing.equals(description)) {
            return known == null ? "a file that export did not write" : null;
        }
        String name = existing.getFileName().toString();
        if (known == null || !files(known).containsKey(name)) {
            return "a file that export did not write (no " + description.getFileName() + " beside it names it)";
        }
        return isOurs(existing, known) ? null : "a file that was changed since export wrote it";
    }

    private static boolean isOurs(Path existing, JsonObject description) {
        JsonElement entry = files(description).get(existing.getFileName().toString());
        return Files.isRegularFile(existing)
                && entry instanceof JsonObject about
                && about.get("sha256") instanceof JsonPrimitive sha
                && Sha256.of(existing).equals(sha.getAsString());
    }

    private static Map<String, JsonElement> files(JsonObject description) {
        return description.get("files") instanceof JsonObject files ? files.asMap() : Map.of();
    }

    /** The description at a path; null where there is none, or other JSON. */
    private static JsonObject read(Path file) {
        try {
            return Files.isRegularFile(file)
                            && Files.size(file) <= MOST_BYTES
                            && JsonParser.parseString(Files.readString(file)) instanceof JsonObject object
                            && object.get("format") instanceof JsonPrimitive format
                            && format.getAsString().equals(FORMAT)
                    ? object
                    : null;
        } catch (IOException | JsonParseException e) {
            return null; // not ours
        }
    }
}
