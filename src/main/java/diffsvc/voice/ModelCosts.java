package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.VocoderKind;
import diffsvc.memory.Plan;
import diffsvc.memory.TrainingCost;
import diffsvc.tensor.Cost;
import diffsvc.vocoder.VocoderConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The memory that each network of a voice takes, by the sizes in its files. */
public final class ModelCosts {
    private ModelCosts() {}

    /**
     * The seven networks of a project, and the two trained ones in training together. A network whose file is missing
     * has the published sizes.
     *
     * @throws Problem when a file is there but damaged, of another network, or has another SHA-256 than the hparams
     *     name
     */
    public static List<Plan.Model> of(ModelFiles files, Hparams hparams) {
        List<Plan.Model> models = new ArrayList<>();
        models.add(
                switch (hparams.hubert().type()) {
                    case HUBERT_SOFT ->
                        of(
                                files.findEncoder(hparams),
                                file -> HubertSoft.Sizes.of(
                                                StateDict.readUnmapped(file),
                                                hparams.hubert().heads())
                                        .cost(),
                                HubertSoft.Sizes.PUBLISHED.cost());
                    case WHISPER, WHISPER_PPG ->
                        of(
                                files.findEncoder(hparams),
                                file -> WhisperEncoder.Sizes.of(
                                                StateDict.readUnmapped(file),
                                                hparams.hubert().heads())
                                        .cost(),
                                WhisperEncoder.Sizes.TINY.cost());
                });
        PitchKind asked = hparams.pitch().type();
        models.add(of(
                files.findPitch(asked.hasWeights() ? asked : PitchKind.CREPE),
                file -> crepe(Crepe.channels(StateDict.readUnmapped(file))),
                crepe(Crepe.published())));
        models.add(of(
                Optional.empty(),
                null,
                XiaomaPe.Sizes.PUBLISHED.cost(hparams.audio().framesPerSecond())));
        for (VocoderKind kind : VocoderKind.values()) {
            if (kind.hasWeights()) {
                models.add(of(
                        hparams.vocoder().type() == kind ? files.findVocoder(hparams) : Optional.empty(),
                        file -> VocoderConfig.of(kind, file).cost(kind),
                        VocoderConfig.published(kind).cost(kind)));
            }
        }
        for (Cost trained : List.of(EmbeddingModel.cost(hparams), WaveNet.cost(hparams), TrainingCost.of(hparams))) {
            models.add(new Plan.Model(trained, "hparams"));
        }
        return models;
    }

    private static Cost crepe(int[] channels) {
        return Crepe.cost(channels, CrepePitch.WINDOWS_PER_SECOND);
    }

    private static Plan.Model of(Optional<Path> there, Function<Path, Cost> cost, Cost published) {
        return there.map(file ->
                        new Plan.Model(cost.apply(file), file.getFileName().toString()))
                .orElse(new Plan.Model(published, "published sizes"));
    }
}
