package diffsvc.hparams;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All hyper-parameters, a record a scope; a stage receives its own. Keys in YAML and on the command line are the component names in
 * snake_case: {@code training.clip_grad_norm}. The defaults are the published 44.1 kHz configuration's.
 *
 * @param project name of the voice and of its folder under models/
 * @param steps training steps behind the weights
 * @param quirks whether to repeat the Python project's oddities (golden tests) or not (people)
 */
public record Hparams(String project, long steps, Quirks quirks, Audio audio, Pitch pitch, Hubert hubert, Embedding embedding, WaveNet wavenet,
        Noise noise, Dataset dataset, Training training, Infer infer, Vocoder vocoder, Range range) {

    /** Which side of the Python project's quirks to be on; ARCHITECTURE.md lists them. */
    public enum Quirks {
        /** Repeated, for parity. */
        PYTHON,
        /** Mended. */
        FIXED
    }

    /**
     * The mel front end; a change invalidates datasets and both trained models.
     *
     * @param hopSamples samples from frame to frame
     * @param melVmin what a sampled mel is clipped to before the vocoder, log10
     */
    public record Audio(int sampleRateHz, int hopSamples, int windowSamples, int fftSize, int melBins, double fminHz, double fmaxHz, double melVmin,
            double melVmax) {}

    /**
     * F0 and its coarse steps; a change invalidates datasets and the embedding.
     *
     * @param extractor praat, crepe or crepe-tiny
     * @param f0Bins coarse pitch ids are 1 .. f0Bins - 1
     * @param useUv whether unvoiced frames reach the embedding as 0 Hz (false in all published voices)
     * @param peEnable whether the vocoder's F0 is heard from the sampled mel (xiaoma PE, 24 kHz voices) instead of following the song
     */
    public record Pitch(String extractor, double f0MinHz, double f0MaxHz, int f0Bins, boolean useUv, boolean peEnable) {
        /**
         * Without a pitch extractor behind the sampler.
         *
         * @param extractor praat, crepe or crepe-tiny
         * @param f0MinHz lowest F0
         * @param f0MaxHz highest F0
         * @param f0Bins coarse bins
         * @param useUv whether voicing goes by the extractor's own
         */
        public Pitch(String extractor, double f0MinHz, double f0MaxHz, int f0Bins, boolean useUv) {
            this(extractor, f0MinHz, f0MaxHz, f0Bins, useUv, false);
        }
    }

    /**
     * The content encoder; its units mean nothing to a model trained on another's.
     *
     * @param file name under the project or frozen folder
     * @param sha256 of that file; empty = not checked
     * @param heads attention heads, the one size that no tensor tells; 0 = one a 64 channels
     */
    public record Hubert(String file, String sha256, int heads) {}

    /**
     * Units and pitch to the condition.
     *
     * @param hiddenSize H, width of units and condition
     * @param useEnergyEmbed whether loudness is embedded too
     * @param noFs2 whether units are taken as they are; otherwise a transformer goes over them first
     * @param encLayers layers of that transformer
     * @param encFfnKernelSize its feed-forward's kernel, odd
     * @param numHeads its attention heads
     */
    public record Embedding(int hiddenSize, boolean usePitchEmbed, boolean useEnergyEmbed, boolean noFs2, int encLayers, int encFfnKernelSize, int numHeads) {}

    /** The denoiser: C channels, L layers, dilation 2^(layer mod cycle). */
    public record WaveNet(int residualChannels, int residualLayers, int dilationCycleLength) {}

    /**
     * The diffusion's noise; in a trained file its buffers win.
     *
     * @param steps S
     * @param schedule linear or cosine
     * @param specMin what maps to -1, one value or one a bin, log10 mel
     */
    public record Noise(int steps, String schedule, double maxBeta, List<Double> specMin, List<Double> specMax) {}

    /**
     * From recordings to clips; a change makes the dataset anew.
     *
     * @param silenceDb below it a recording is cut, dB of full scale
     * @param minPhraseMs shortest sound between two cuts
     * @param minClipSeconds shorter clips are left out, and reported
     * @param maxClipSeconds longer phrases are cut where they are weakest
     * @param validShare share of the seconds that is kept for validation, whole recordings only
     * @param testShare share of the seconds that no training run touches
     * @param keyShifts semitones; each makes a second clip of every one, pitch, formants and F0 shifted alike
     * @param unitSpeeds speeds at which preprocessing listens to a clip for its units, 1 = as it is; a slower one has the formants of a longer vocal
     *     tract, so that the pair learns to sing from the units of other voices
     * @param sungShare share of the recordings, 0 to 1, that is added a second time as the vocoder sings them, on notes and longer: for a voice of
     *     which only speech exists
     * @param seed of the split and of what is sung
     */
    public record Dataset(double silenceDb, double minPhraseMs, double minClipSeconds, double maxClipSeconds, double validShare, double testShare,
            List<Double> keyShifts, List<Double> unitSpeeds, double sungShare, long seed) {}

    /**
     * Joint training of embedding and denoiser.
     *
     * @param loss l2 or l1, over all elements
     * @param batch clips at once; 0 = as many as the memory limit allows
     * @param accumulate batches whose gradients one update sums
     * @param cropFrames T of a clip, cut at random; 0 = whole clips, in batches of like lengths
     * @param volumeDb every clip of a batch is drawn louder or softer by at most so much; 0 = as it is
     * @param decaySteps the rate halves each so many updates
     * @param saveEvery updates from one checkpoint to the next
     * @param keep newest checkpoints that stay
     * @param keepEvery checkpoints of steps that this divides stay for ever; 0 = none
     * @param validEvery updates from one validation to the next; 0 = never
     * @param emaDecay decay of the averaged weights that are saved as the voice; 0 = the weights themselves
     * @param warmStart start from a denoiser that passes its input through (ARCHITECTURE.md)
     */
    public record Training(double lr, double beta1, double beta2, double eps, double weightDecay, int decaySteps, double clipGradNorm, String loss,
            int batch, int accumulate, int cropFrames, double volumeDb, int steps, int saveEvery, int keep, int keepEvery, int validEvery, double emaDecay,
            boolean warmStart, long seed) {}

    /**
     * A conversion.
     *
     * @param sampler ddpm, plms, ddim, dpmpp, unipc2 or unipc3
     * @param steps sampler iterations; must divide noise.steps
     * @param key semitones
     * @param autoKey whether to shift by further whole semitones to the median that the voice was trained on
     * @param useGtMel start from the noised source mel instead of pure noise
     * @param addNoiseStep where on the way to pure noise that start lies: 1 = source, noise.steps = pure noise
     * @param pythonOrder whether draws come in the Python project's order from one stream, instead of each by itself
     * @param format wav or flac
     * @param depth 16, 24 or float
     * @param sliceDb below it a song is cut, dB of full scale; what is silent there stays silent
     * @param sliceSeconds longest slice; one without a pause is cut where it is weakest, and crossfaded
     */
    public record Infer(String sampler, int steps, double key, boolean autoKey, boolean useGtMel, int addNoiseStep, long seed, boolean pythonOrder, int threads, String format,
            String depth, double sliceDb, double sliceSeconds) {}

    /**
     * What turns mel and F0 into a wave.
     *
     * @param kind source_filter, nsf_hifigan or hifigan
     * @param file empty for source_filter, which has no weights
     * @param builtIn whether the source-filter vocoder sings in its place; the front end stays that of {@code kind}
     */
    public record Vocoder(String kind, String file, String sha256, boolean builtIn) {}

    /**
     * The F0 that training saw, in voiced frames; 0 and empty where nobody counted.
     *
     * @param lowHz the 5th percentile
     * @param highHz the 95th percentile
     * @param semitones share of the voiced frames in each semitone from pitch.f0_min_hz upwards
     */
    public record Range(double medianHz, double lowHz, double highHz, List<Double> semitones) {}

    /**
     * The published 44.1 kHz configuration.
     *
     * @return without a project
     */
    public static Hparams defaults() {
        return new Hparams("", 0, Quirks.FIXED,
                new Audio(44100, 512, 2048, 2048, 128, 40, 16000, -6, 1.5),
                new Pitch("praat", 40, 1100, 256, false),
                new Hubert("hubert_soft.pt", "", 0),
                new Embedding(256, true, false, true, 4, 9, 2),
                new WaveNet(384, 20, 4),
                new Noise(1000, "linear", 0.02, List.of(-5.0), List.of(0.0)),
                new Dataset(-40, 5000, 0.5, 15, 0.05, 0, List.of(), List.of(1.0), 0, 1234),
                new Training(8e-4, 0.9, 0.98, 1e-8, 0, 40000, 1, "l2", 0, 1, 160, 0, 100000, 1000, 3, 0, 1000, 0, false, 1234),
                new Infer("unipc2", 20, 0, false, false, 500, 1234, false, 0, "wav", "16", -40, 30),
                new Vocoder("source_filter", "", "", false),
                new Range(0, 0, 0, List.of()));
    }

    /**
     * The same under another name.
     *
     * @param name of the project
     * @return all else as it is
     */
    public Hparams withProject(String name) {
        return new Hparams(name, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range);
    }

    /**
     * The same voice after further steps.
     *
     * @param steps training steps behind the weights
     * @return all else as it is
     */
    public Hparams withSteps(long steps) {
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range);
    }

    /**
     * The same with another side of the quirks.
     *
     * @param quirks python or fixed
     * @return all else as it is
     */
    public Hparams withQuirks(Quirks quirks) {
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range);
    }

    /**
     * The same with other settings of a conversion.
     *
     * @param infer other settings
     * @return all else as it is
     */
    public Hparams withInfer(Infer infer) {
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range);
    }

    /**
     * The same with another range of the mel.
     *
     * @param min one value, or one a bin, log10
     * @param max one value, or one a bin, log10
     * @return all else as it is
     */
    public Hparams withSpec(List<Double> min, List<Double> max) {
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, new Noise(noise.steps, noise.schedule, noise.maxBeta, min, max),
                dataset, training, infer, vocoder, range);
    }

    /**
     * The same with what training saw of the melody.
     *
     * @param range statistics of the voiced frames
     * @return all else as it is
     */
    public Hparams withRange(Range range) {
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range);
    }

    /**
     * The same with another batch.
     *
     * @param batch clips at once
     * @param accumulate passes an update
     * @return all else as it is
     */
    public Hparams withBatch(int batch, int accumulate) {
        Training t = training;
        return new Hparams(project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, new Training(t.lr, t.beta1, t.beta2, t.eps, t.weightDecay,
                t.decaySteps, t.clipGradNorm, t.loss, batch, accumulate, t.cropFrames, t.volumeDb, t.steps, t.saveEvery, t.keep, t.keepEvery, t.validEvery, t.emaDecay,
                t.warmStart, t.seed), infer, vocoder, range);
    }

    /**
     * Reads a config.yaml of the Python project: its keys are flat and go to the scopes here; what has no place here is left out. Missing
     * max_beta is 0.01, as in the Python code.
     *
     * @param file a config.yaml
     * @return quirks=python
     */
    public static Hparams ofPython(Path file) {
        Map<String, Object> flat = HparamsYaml.map(file);
        Map<String, Object> nested = new LinkedHashMap<>();
        for (Map.Entry<String, String> e : PYTHON_KEYS.entrySet()) {
            Object value = flat.get(e.getKey());
            if (value != null) {
                String[] path = e.getValue().split("\\.");
                if (path.length == 1) {
                    nested.put(path[0], value);
                } else {
                    @SuppressWarnings("unchecked")
                    Map<String, Object> scope = (Map<String, Object>) nested.computeIfAbsent(path[0], k -> new LinkedHashMap<String, Object>());
                    scope.put(path[1], value);
                }
            }
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> noise = (Map<String, Object>) nested.computeIfAbsent("noise", k -> new LinkedHashMap<String, Object>());
        noise.putIfAbsent("max_beta", 0.01);
        for (String key : new ArrayList<>(List.of("spec_min", "spec_max"))) {
            noise.computeIfPresent(key, (k, v) -> v instanceof List ? v : List.of(v));
        }
        place(nested, "hubert", "file", fileName(flat.get("hubert_path"), ""));
        String vocoder = String.valueOf(flat.getOrDefault("vocoder", ""));
        if (vocoder.endsWith(".NsfHifiGAN") || vocoder.endsWith(".HifiGAN")) {
            boolean nsf = vocoder.endsWith(".NsfHifiGAN");
            place(nested, "vocoder", "kind", nsf ? "nsf_hifigan" : "hifigan");
            place(nested, "vocoder", "file", nsf ? "nsf_hifigan.pt" : "hifigan_24k.pt");
        }
        return HparamsYaml.of(nested, file).withQuirks(Quirks.PYTHON);
    }

    @SuppressWarnings("unchecked")
    private static void place(Map<String, Object> nested, String scope, String key, String value) {
        if (!value.isEmpty()) {
            ((Map<String, Object>) nested.computeIfAbsent(scope, k -> new LinkedHashMap<String, Object>())).put(key, value);
        }
    }

    private static String fileName(Object path, String otherwise) {
        String text = path == null ? otherwise : String.valueOf(path);
        return text.substring(text.lastIndexOf('/') + 1);
    }

    private static final Map<String, String> PYTHON_KEYS = pythonKeys();

    private static Map<String, String> pythonKeys() {
        String[] pairs = {"exp_name", "project", "audio_sample_rate", "audio.sample_rate_hz", "hop_size", "audio.hop_samples", "win_size", "audio.window_samples",
            "fft_size", "audio.fft_size", "audio_num_mel_bins", "audio.mel_bins", "fmin", "audio.fmin_hz", "fmax", "audio.fmax_hz", "mel_vmin", "audio.mel_vmin",
            "mel_vmax", "audio.mel_vmax", "f0_min", "pitch.f0_min_hz", "f0_max", "pitch.f0_max_hz", "f0_bin", "pitch.f0_bins", "use_uv", "pitch.use_uv", "pe_enable", "pitch.pe_enable",
            "hidden_size", "embedding.hidden_size", "use_pitch_embed", "embedding.use_pitch_embed", "use_energy_embed", "embedding.use_energy_embed", "no_fs2", "embedding.no_fs2",
            "enc_layers", "embedding.enc_layers", "enc_ffn_kernel_size", "embedding.enc_ffn_kernel_size", "num_heads", "embedding.num_heads",
            "residual_channels", "wavenet.residual_channels", "residual_layers", "wavenet.residual_layers", "dilation_cycle_length",
            "wavenet.dilation_cycle_length", "timesteps", "noise.steps", "schedule_type", "noise.schedule", "max_beta", "noise.max_beta", "spec_min",
            "noise.spec_min", "spec_max", "noise.spec_max", "lr", "training.lr", "optimizer_adam_beta1", "training.beta1", "optimizer_adam_beta2",
            "training.beta2", "weight_decay", "training.weight_decay", "decay_steps", "training.decay_steps", "clip_grad_norm", "training.clip_grad_norm",
            "diff_loss_type", "training.loss"};
        Map<String, String> keys = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            keys.put(pairs[i], pairs[i + 1]);
        }
        return keys;
    }
}
