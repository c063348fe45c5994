package diffsvc.voice;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.TryOuts;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.SourceFilter;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;

/**
 * Opens the three kinds of network that a voice takes from others: content encoder, pitch extractor, vocoder. Each
 * switch covers its registry, so the compiler shows what a new constant lacks. The manager owns the weights; closing
 * the network frees them earlier.
 */
public final class Networks {
    private Networks() {}

    /**
     * The content encoder that the hparams name.
     *
     * @param manager owner of the weights
     * @param file its checkpoint
     * @throws Problem when the file is missing, damaged or of another network
     */
    public static ContentEncoder encoder(NDManager manager, Hparams hparams, Path file) {
        return encoder(manager, hparams, file, TryOuts.EACH_TIME);
    }

    /** The same, with what is remembered of try-outs. */
    static ContentEncoder encoder(NDManager manager, Hparams hparams, Path file, TryOuts tryOuts) {
        return switch (hparams.hubert().type()) {
            case HUBERT_SOFT -> HubertSoft.load(manager, file, hparams.hubert().heads(), tryOuts);
            case WHISPER -> whisper(manager, hparams, file, WhisperEncoder.Form.PLACELESS, tryOuts);
            case WHISPER_PPG -> whisper(manager, hparams, file, WhisperEncoder.Form.PPG, tryOuts);
        };
    }

    /**
     * H, the width of the units of an encoder's checkpoint.
     *
     * @throws Problem when the file is damaged or of another network
     */
    static int unitWidth(Hparams hparams, Path file) {
        return switch (hparams.hubert().type()) {
            case HUBERT_SOFT ->
                HubertSoft.Sizes.of(StateDict.read(file), hparams.hubert().heads())
                        .units();
            case WHISPER, WHISPER_PPG ->
                WhisperEncoder.Sizes.of(StateDict.read(file), hparams.hubert().heads())
                        .dim();
        };
    }

    private static ContentEncoder whisper(
            NDManager manager, Hparams hparams, Path file, WhisperEncoder.Form form, TryOuts tryOuts) {
        return WhisperEncoder.load(manager, file, form, hparams.hubert().heads(), tryOuts);
    }

    /** The content encoder that the hparams name, from where it lies; a wrong SHA-256 is a Problem. */
    public static ContentEncoder encoder(NDManager manager, Hparams hparams, ModelFiles files) {
        return encoder(manager, hparams, files.encoderFile(hparams));
    }

    /**
     * The pitch extractor that the hparams name.
     *
     * @param manager owner of the weights
     * @param file its weights; null for an extractor without weights
     * @throws Problem when the file is missing, damaged or of another network
     */
    public static PitchExtractor pitchExtractor(NDManager manager, Hparams hparams, Path file) {
        return switch (hparams.pitch().type()) {
            case PRAAT -> PraatPitch.of(hparams.pitch());
            case CREPE, CREPE_TINY -> new CrepePitch(Crepe.load(manager, file), hparams.pitch(), hparams.quirks());
        };
    }

    /** The pitch extractor that the hparams name, from where it lies. */
    public static PitchExtractor pitchExtractor(NDManager manager, Hparams hparams, ModelFiles files) {
        return pitchExtractor(manager, hparams, files.pitchFile(hparams.pitch().type()));
    }

    /**
     * The vocoder in use: the one the hparams name, or the built-in one in its place.
     *
     * @param manager owner of the weights
     * @param file its weights, the configuration beside them; null for a vocoder without weights
     * @throws Problem when a file is missing, damaged or of another network
     */
    public static Vocoder vocoder(NDManager manager, Hparams hparams, Path file) {
        return vocoder(manager, hparams, file, TryOuts.EACH_TIME);
    }

    /** The same, with what is remembered of try-outs. */
    static Vocoder vocoder(NDManager manager, Hparams hparams, Path file, TryOuts tryOuts) {
        return switch (hparams.vocoder().inUse()) {
            case NSF_HIFIGAN, HIFIGAN -> HifiGan.load(manager, hparams.vocoder().inUse(), file, tryOuts);
            case SOURCE_FILTER -> new SourceFilter(hparams.audio(), FrontEnd.of(hparams));
        };
    }

    /**
     * The error for a result that no network should give. It names the network that made the values, not the song: the
     * song's samples were checked when they were read.
     *
     * @param file the network's weights; null for one without a file
     * @param what the result is, after "finite values in"
     */
    static Problem spoilt(String stage, Path file, String what, String got) {
        String need = "finite values in " + what;
        return file == null
                ? Problem.in(stage, need, got, "check the stage's input")
                : Problem.in(
                        stage,
                        file,
                        need,
                        got,
                        "this file's weights are finite but too large: take another checkpoint, or check the stage's input");
    }
}
