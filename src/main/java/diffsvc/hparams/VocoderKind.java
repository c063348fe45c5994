package diffsvc.hparams;

import diffsvc.check.Problem;

/**
 * The vocoders that {@code vocoder.kind} names. A further one is a constant here; the compiler then shows the switches
 * that load it ({@code voice.Networks}) and give its published sizes.
 */
public enum VocoderKind implements Registry {
    /** Harmonics and shaped noise, without weights; it takes the mel of either front end. */
    SOURCE_FILTER("source_filter", "", "", "", "", false, false, "the built-in vocoder, without weights", ""),
    /** NSF-HiFiGAN at 44.1 kHz: natural logarithm, frames of a song padded by reflection. */
    NSF_HIFIGAN(
            "nsf_hifigan",
            "nsf_hifigan.pt",
            ".json",
            "NsfHifiGAN",
            "",
            true,
            false,
            "NSF-HiFiGAN: vocoder of 44.1 kHz voices",
            "openvpi's release: its file 'model' as models/frozen/nsf_hifigan.pt, its config.json as nsf_hifigan.json"),
    /** HiFiGAN at 24 kHz: log10, frames centred on multiples of the hop. */
    HIFIGAN(
            "hifigan",
            "hifigan_24k.pt",
            ".yaml",
            "HifiGAN",
            "0109_hifigan_bigpopcs_hop128",
            false,
            true,
            "HiFiGAN: vocoder of 24 kHz voices",
            "the Python project's release, as models/frozen/hifigan_24k.pt with its config as hifigan_24k.yaml");
    private final String text, file, configEnding, pythonClass, pythonFolder, purpose, source;
    private final boolean naturalLog, centred;

    VocoderKind(
            String text,
            String file,
            String configEnding,
            String pythonClass,
            String pythonFolder,
            boolean naturalLog,
            boolean centred,
            String purpose,
            String source) {
        this.text = text;
        this.file = file;
        this.configEnding = configEnding;
        this.pythonClass = pythonClass;
        this.pythonFolder = pythonFolder;
        this.naturalLog = naturalLog;
        this.centred = centred;
        this.purpose = purpose;
        this.source = source;
    }

    /**
     * The vocoder of that name.
     *
     * @throws Problem that lists all names
     */
    public static VocoderKind named(String text) {
        return Registry.named(values(), "hparams", "vocoder.kind", text);
    }

    /** All names, {@code "source_filter, nsf_hifigan or hifigan"}, for help texts and errors. */
    public static String all() {
        return Registry.listed(values());
    }

    @Override
    public String text() {
        return text;
    }

    /** The name of the published weights' file under models/frozen; empty without weights. */
    public String file() {
        return file;
    }

    /** Whether the vocoder is a network with a file of weights. */
    public boolean hasWeights() {
        return !file.isEmpty();
    }

    /** The ending of the configuration beside the weights, {@code .json} or {@code .yaml}; empty without weights. */
    public String configEnding() {
        return configEnding;
    }

    /** The class that the Python project's {@code vocoder} key names; empty where the Python project has none. */
    public String pythonClass() {
        return pythonClass;
    }

    /** The folder of checkpoints in which the Python project keeps the weights; empty without one. */
    public String pythonFolder() {
        return pythonFolder;
    }

    /** Whether the network takes natural logarithms, so that a log10 mel is multiplied on the way. */
    public boolean naturalLog() {
        return naturalLog;
    }

    /**
     * Whether the vocoder's front end centres frames on multiples of the hop, T = 1 + floor(N / hop); otherwise T =
     * floor(N / hop).
     */
    public boolean centred() {
        return centred;
    }

    /** What the vocoder is for, in a few words. */
    public String purpose() {
        return purpose;
    }

    /** Where the published weights come from; empty without weights. */
    public String source() {
        return source;
    }
}
