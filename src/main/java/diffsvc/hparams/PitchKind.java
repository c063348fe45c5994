package diffsvc.hparams;

import diffsvc.check.Problem;
import java.util.List;

/**
 * The pitch extractors that {@code pitch.extractor} and {@code --pitch} name. A further one is a constant here; the
 * compiler then shows the switch that loads it ({@code voice.Networks}).
 */
public enum PitchKind implements Registry {
    /** Praat's autocorrelation, without weights. */
    PRAAT("praat", "", "F0 by autocorrelation, as Praat", ""),
    /** CREPE with 1024 channels in its first layer. */
    CREPE("crepe", "crepe_full.pth", "CREPE, full: --pitch crepe", "./diffsvc weights crepe"),
    /** CREPE with 128 channels in its first layer. */
    CREPE_TINY("crepe-tiny", "crepe_tiny.pth", "CREPE, small: --pitch crepe-tiny", "./diffsvc weights crepe");
    private final String text, file, purpose, source;

    PitchKind(String text, String file, String purpose, String source) {
        this.text = text;
        this.file = file;
        this.purpose = purpose;
        this.source = source;
    }

    /**
     * The pitch extractor of that name.
     *
     * @throws Problem that lists all names
     */
    public static PitchKind named(String text) {
        return named("hparams", "pitch.extractor", text);
    }

    /**
     * The pitch extractor of that name.
     *
     * @param stage for the error
     * @param key hparams key or option that holds the name, for the error
     * @throws Problem that lists all names
     */
    public static PitchKind named(String stage, String key, String text) {
        return Registry.named(values(), stage, key, text);
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }

    /** All names, {@code "praat, crepe or crepe-tiny"}, for help texts and errors. */
    public static String all() {
        return Registry.listed(values());
    }

    @Override
    public String text() {
        return text;
    }

    /** The name of the weights' file under models/frozen; empty without weights. */
    public String file() {
        return file;
    }

    /** Whether the extractor is a network with a file of weights. */
    public boolean hasWeights() {
        return !file.isEmpty();
    }

    /** What the extractor is for, in a few words. */
    public String purpose() {
        return purpose;
    }

    /** Where the weights come from; empty without weights. */
    public String source() {
        return source;
    }
}
