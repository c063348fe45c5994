package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.hparams.Hparams;
import diffsvc.memory.Cost;
import diffsvc.memory.Plan;
import diffsvc.vocoder.VocoderConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The memory that each model of a voice takes, by the sizes in its files. */
public final class ModelCosts {
    private ModelCosts() {}

    /**
     * The seven models of a project, the two trained ones together: published sizes where a file is not there.
     *
     * @param files where models lie
     * @param hparams the voice's settings
     * @return a line a model
     */
    public static List<Plan.Model> of(ModelFiles files, Hparams hparams) {
        double fps = hparams.audio().sampleRateHz() / (double) hparams.audio().hopSamples();
        List<Plan.Model> models = new ArrayList<>();
        add(
                models,
                () -> {
                    Path file = files.encoderFile(hparams);
                    return new Plan.Model(
                            Cost.hubert(HubertSoft.Sizes.of(
                                    StateDict.readUnmapped(file),
                                    hparams.hubert().heads())),
                            file.getFileName().toString());
                },
                Cost.hubert(Cost.PUBLISHED_HUBERT));
        add(
                models,
                () -> {
                    String kind = hparams.pitch().extractor().startsWith("crepe")
                            ? hparams.pitch().extractor()
                            : "crepe";
                    Path file = files.crepeFile(kind);
                    int[] channels = Cost.PUBLISHED_CREPE.clone();
                    StateDict state = StateDict.readUnmapped(file);
                    for (int i = 0; i < channels.length; i++) {
                        channels[i] = state.size("conv" + (i + 1) + ".weight", 0);
                    }
                    return new Plan.Model(
                            Cost.crepe(channels), file.getFileName().toString());
                },
                Cost.crepe(Cost.PUBLISHED_CREPE));
        add(models, null, Cost.pitchExtractor(Cost.PUBLISHED_PE, fps));
        add(
                models,
                () -> {
                    Path file = hparams.vocoder().kind().equals("nsf_hifigan") ? files.vocoderFile(hparams) : null;
                    return file == null
                            ? null
                            : new Plan.Model(
                                    Cost.generator("nsf_hifigan", VocoderConfig.json(file)),
                                    file.getFileName().toString());
                },
                Cost.generator("nsf_hifigan", VocoderConfig.published()));
        add(
                models,
                () -> {
                    Path file = hparams.vocoder().kind().equals("hifigan") ? files.vocoderFile(hparams) : null;
                    return file == null
                            ? null
                            : new Plan.Model(
                                    Cost.generator("hifigan", VocoderConfig.yaml(file)),
                                    file.getFileName().toString());
                },
                Cost.generator("hifigan", Cost.PUBLISHED_HIFIGAN));
        for (Cost trained : List.of(Cost.embedding(hparams), Cost.wavenet(hparams), Cost.pair(hparams))) {
            models.add(new Plan.Model(trained, "hparams"));
        }
        return models;
    }

    private static void add(List<Plan.Model> models, Supplier<Plan.Model> there, Cost published) {
        Plan.Model found = null;
        try {
            found = there == null ? null : there.get();
        } catch (Problem e) {
            // not there: the published sizes
        }
        models.add(found == null ? new Plan.Model(published, "published sizes") : found);
    }
}
