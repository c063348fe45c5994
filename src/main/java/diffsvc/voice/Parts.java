package diffsvc.voice;

import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.Forms;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Prediction;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.WeakManager;
import diffsvc.tensor.Cost;
import diffsvc.tensor.TryOuts;
import diffsvc.vocoder.SourceFilter;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The open networks of a voice, and where they came from.
 *
 * @param manager owner of all weights
 * @param device where they are
 * @param files by role; a voice of random weights has none
 * @param notes remarks on settings that have no effect
 * @param denoiser conversions run a script of it
 * @param melPitch F0 of a sampled mel; null without pitch.pe_enable
 */
record Parts(
        WeakManager manager,
        ComputeDevice device,
        Map<String, Path> files,
        List<String> notes,
        ContentEncoder encoder,
        PitchExtractor pitchExtractor,
        EmbeddingModel embedding,
        Forms<WaveNet, WaveNetScript> denoiser,
        NoiseSchedule schedule,
        Prediction prediction,
        MelRange range,
        Vocoder vocoder,
        XiaomaPe melPitch) {

    /**
     * Opens every network that the settings ask for; schedule, prediction and range come from the denoiser's file.
     *
     * @param precision of the denoiser; not mixed
     */
    static Parts load(
            ComputeDevice device,
            Precision precision,
            TryOuts tryOuts,
            ModelFiles files,
            ModelFiles.Pair pair,
            Hparams hparams,
            List<String> notes) {
        WeakManager weak = WeakManager.open(device);
        try {
            return load(weak, device, precision, tryOuts, files, pair, hparams, notes);
        } catch (RuntimeException e) {
            weak.close();
            throw e;
        }
    }

    private static Parts load(
            WeakManager weak,
            ComputeDevice device,
            Precision precision,
            TryOuts tryOuts,
            ModelFiles files,
            ModelFiles.Pair pair,
            Hparams hparams,
            List<String> notes) {
        NDManager manager = weak.manager();
        Map<String, Path> used = used(files, pair, hparams);
        StateDict trained = StateDict.read(pair.wavenet());
        NoiseSchedule schedule = NoiseSchedule.ofBuffers(trained);
        TryOuts ofDenoiser = tryOuts.of(pair.wavenet());
        Forms<WaveNet, WaveNetScript> denoiser = new Forms<>(
                () -> WaveNet.load(manager, hparams, trained),
                (net, narrow) -> WaveNetScript.of(manager, net, narrow, ofDenoiser));
        denoiser.script(precision); // checks the file's tensors
        return new Parts(
                weak,
                device,
                used,
                notes,
                Networks.encoder(manager, hparams, used.get("encoder"), tryOuts),
                Networks.pitchExtractor(manager, hparams, used.get("crepe")),
                EmbeddingModel.load(manager, hparams, StateDict.read(pair.embedding())),
                denoiser,
                schedule,
                new Prediction(schedule, StatedPrediction.in(trained).orElse(StatedPrediction.of(hparams.noise()))),
                MelRange.ofBuffers(trained),
                Networks.vocoder(manager, hparams, used.get("vocoder"), tryOuts),
                used.containsKey("pitch_extractor") ? XiaomaPe.load(manager, used.get("pitch_extractor")) : null);
    }

    private static Map<String, Path> used(ModelFiles files, ModelFiles.Pair pair, Hparams hparams) {
        Map<String, Path> used = new LinkedHashMap<>();
        used.put("encoder", pair.encoder() != null ? pair.encoder() : files.encoderFile(hparams));
        used.put("embedding", pair.embedding());
        used.put("wavenet", pair.wavenet());
        if (hparams.vocoder().inUse().hasWeights()) {
            used.put("vocoder", pair.vocoder() != null ? pair.vocoder() : files.vocoderFile(hparams));
        }
        if (hparams.pitch().type().hasWeights()) {
            used.put("crepe", files.pitchFile(hparams.pitch().type()));
        }
        if (hparams.pitch().peEnable()) {
            used.put(
                    "pitch_extractor",
                    pair.pitchExtractor() != null
                            ? pair.pitchExtractor()
                            : files.pitchExtractorFile(hparams.project()));
        }
        return used;
    }

    /** Random weights in the sizes of the settings, behind a small random encoder. */
    static Parts random(ComputeDevice device, Hparams hparams) {
        WeakManager weak = WeakManager.open(device);
        NDManager manager = weak.manager();
        NoiseSchedule schedule = NoiseSchedule.of(hparams.noise());
        return new Parts(
                weak,
                device,
                Map.of(),
                List.of(),
                HubertSoft.random(
                        manager,
                        new HubertSoft.Sizes(
                                96, 160, 4, 4, 640, hparams.embedding().unitWidth(), 41),
                        1),
                PraatPitch.of(hparams.pitch()),
                EmbeddingModel.random(manager, hparams, 2),
                new Forms<>(
                        () -> WaveNet.random(manager, WaveNet.Sizes.of(hparams), 3),
                        (net, precision) -> WaveNetScript.of(manager, net, precision)),
                schedule,
                new Prediction(schedule, StatedPrediction.of(hparams.noise())),
                MelRange.of(hparams.noise()),
                new SourceFilter(hparams.audio()),
                null);
    }

    /** What each network takes in memory; the source-filter vocoder works on the Java heap alone. */
    List<Cost> costs(Hparams hparams) {
        List<Cost> costs = new ArrayList<>(List.of(
                encoder.cost(),
                EmbeddingModel.cost(hparams),
                WaveNet.cost(hparams),
                pitchExtractor.cost(),
                vocoder.cost()));
        if (melPitch != null) {
            costs.add(melPitch.sizes().cost(hparams.audio().framesPerSecond()));
        }
        costs.removeIf(cost -> !cost.isNetwork());
        return costs;
    }

    /** What the settings name, or the built-in vocoder in its place; for people. */
    String vocoderName(Hparams.Vocoder asked) {
        if (!vocoder.kind().hasWeights()) {
            return vocoder.kind().text() + " (built-in" + (asked.builtIn() ? ", in place of " + asked.kind() : "")
                    + ")";
        }
        return asked.kind()
                + (files.containsKey("vocoder") ? ", " + files.get("vocoder").getFileName() : "");
    }
}
