package diffsvc.hparams;

import diffsvc.check.Problem;

/**
 * The content encoders. A further one is a constant here; the compiler then shows the switch that loads it
 * ({@code voice.Networks}).
 */
public enum EncoderKind implements Registry {
    /** HuBERT-soft (arXiv:2111.02392): 16 kHz, a unit each 20 ms. */
    HUBERT_SOFT(
            "hubert_soft",
            "hubert_soft.pt",
            16000,
            320,
            "HuBERT-soft: content of voices from the Python project",
            "its authors' release; save it as models/frozen/hubert_soft.pt"),
    /**
     * The encoder of Whisper tiny.en (arXiv:2212.04356), what it answers to silence taken off: 16 kHz, a unit each 20
     * ms.
     */
    WHISPER(
            "whisper",
            "whisper_tiny_en.safetensors",
            16000,
            320,
            "Whisper's encoder: content of the demo voice and of voices that are trained on it",
            "./diffsvc weights whisper"),
    /** The same file, units as so-vits-svc's whisper-ppg has them: padded to 30 s, the place in these in each unit. */
    WHISPER_PPG(
            "whisper_ppg",
            "whisper_tiny_en.safetensors",
            16000,
            320,
            "Whisper's encoder: content of the demo voice and of voices that are trained on it",
            "./diffsvc weights whisper");
    private final String text, file, purpose, source;
    private final int sampleRateHz, hopSamples;

    EncoderKind(String text, String file, int sampleRateHz, int hopSamples, String purpose, String source) {
        this.text = text;
        this.file = file;
        this.sampleRateHz = sampleRateHz;
        this.hopSamples = hopSamples;
        this.purpose = purpose;
        this.source = source;
    }

    /**
     * The content encoder of that name.
     *
     * @throws Problem that lists all names
     */
    public static EncoderKind named(String text) {
        return Registry.named(values(), "hparams", "the content encoder", text);
    }

    /** All names, for help texts and errors. */
    public static String all() {
        return Registry.listed(values());
    }

    @Override
    public String text() {
        return text;
    }

    /** The name under which the published weights lie in models/frozen. */
    public String file() {
        return file;
    }

    /** The rate of the wave that the encoder takes, Hz. */
    public int sampleRateHz() {
        return sampleRateHz;
    }

    /** Samples at {@link #sampleRateHz} from unit to unit. */
    public int hopSamples() {
        return hopSamples;
    }

    /** Units per second: the rate over the hop. */
    public double unitsPerSecond() {
        return sampleRateHz / (double) hopSamples;
    }

    /** What the encoder is for, in a few words. */
    public String purpose() {
        return purpose;
    }

    /** Where the published weights come from. */
    public String source() {
        return source;
    }
}
