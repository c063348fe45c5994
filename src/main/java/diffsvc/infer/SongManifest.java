package diffsvc.infer;

import ai.djl.engine.Engine;
import diffsvc.audio.Recording;
import diffsvc.conds.VocalRange;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.platform.EngineThreads;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes down a conversion so that {@code again} can repeat it: files with their hashes, settings, machine, and what
 * the song came to.
 *
 * @param models the voice's files by role
 */
record SongManifest(Voice voice, Map<String, Manifest.Hashed> models) {
    /**
     * The manifest of one song.
     *
     * @param target where the song will lie
     * @param slices as {@link #slices} counts them
     * @param key in semitones, with what infer.auto_key added
     */
    Manifest of(
            Request request,
            Path target,
            SliceJoiner joiner,
            Manifest.Slices slices,
            double key,
            VocalRange range,
            SongWriter.Written written,
            List<Manifest.Stage> stages,
            Map<String, Manifest.Hashed> exports,
            List<String> warnings) {
        Hparams h = voice.hparams();
        Path config = request.config(), checkpoint = request.checkpoint();
        return new Manifest(
                Manifest.FORMAT,
                Inference.PROGRAM,
                machine(),
                config != null ? "" : h.project(),
                config != null ? shown(config) : "",
                config != null ? shown(checkpoint) : "",
                HparamsYaml.toMap(
                        h.infer(i -> i.precision(voice.precision().text()))), // auto may decide otherwise there
                request.key(),
                key,
                given(request),
                exports,
                voice.vocoderName(),
                models,
                input(request.song(), joiner.song()),
                new Manifest.Output(
                        shown(target),
                        Sha256.of(written.file()),
                        written.samples(),
                        joiner.rateHz(),
                        h.infer().depth(),
                        written.scale(),
                        written.beyond()),
                slices,
                new Manifest.Range(
                        range.songHz(),
                        range.trainedHz(),
                        range.outside(),
                        range.firstHz(),
                        range.song(),
                        range.trained()),
                stages,
                written.joins(),
                List.copyOf(warnings));
    }

    private Map<String, Manifest.Hashed> given(Request request) {
        Map<String, Manifest.Hashed> given = new TreeMap<>();
        if (request.units() != null) {
            given.put("units", Manifest.Hashed.of(voice.paths(), request.units()));
        }
        if (request.f0() != null) {
            given.put("f0", Manifest.Hashed.of(voice.paths(), request.f0()));
        }
        return given;
    }

    private Manifest.Input input(Path file, Recording song) {
        return new Manifest.Input(
                shown(file), Sha256.of(file), song.samples(), song.channels(), song.sampleRateHz(), song.seconds());
    }

    /**
     * Counts the slices of a song.
     *
     * @param most seconds of the longest slice that was allowed
     */
    static Manifest.Slices slices(SliceJoiner joiner, double most, SliceBatches batches) {
        double rate = joiner.song().sampleRateHz(), silentSeconds = 0, longest = 0;
        int silent = 0, cuts = 0;
        for (Slice s : joiner.slices()) {
            cuts += s.cut() ? 1 : 0;
            if (s.silent()) {
                silent++;
                silentSeconds += s.samples() / rate;
            } else {
                longest = Math.max(longest, s.reach() / rate);
            }
        }
        return new Manifest.Slices(
                joiner.slices().size() - silent, silent, silentSeconds, cuts, longest, most, batches.largest());
    }

    private String shown(Path file) {
        return voice.paths().shown(file);
    }

    private Map<String, String> machine() {
        Engine engine = Engine.getInstance();
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("java", System.getProperty("java.version"));
        machine.put("engine", engine.getEngineName() + " " + engine.getVersion());
        machine.put("device", voice.device().toString());
        machine.put("threads", String.valueOf(EngineThreads.count()));
        return machine;
    }
}
