package diffsvc.hparams;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * All hyper-parameters, a record a scope; a stage receives its own. Keys in YAML and on the command line are the
 * component names in snake_case: {@code training.clip_grad_norm}. The defaults are the published 44.1 kHz
 * configuration's. Every number has bounds, and the records themselves check them, so that a file, an override, a
 * manifest and a call of the library are held to the same ones.
 *
 * @param project name of the voice and of its folder under models/
 * @param steps training steps behind the weights
 * @param quirks whether to repeat the Python project's oddities (golden tests) or not (people)
 */
public record Hparams(
        String project,
        long steps,
        Quirks quirks,
        Audio audio,
        Pitch pitch,
        Hubert hubert,
        Embedding embedding,
        WaveNet wavenet,
        Noise noise,
        Dataset dataset,
        Training training,
        Infer infer,
        Vocoder vocoder,
        Range range) {
    private static final String STAGE = "hparams";
    private static final int LONGEST_TEXT = 4096,
            MOST_FILTERS = 1 << 24,
            MOST_FFT = 1 << 20,
            MOST_BINS = 2048,
            MOST_STEPS = 100_000,
            MOST_ENTRIES = 1024;
    private static final double MOST_HZ = 384_000, MOST_LOG10 = 100, MOST_KEY = 48, BELOW_ONE = 1 - 1e-9;

    /**
     * Checks the scopes, and the name of the project if there is one.
     *
     * @param project a name, or empty
     * @param steps 0 to 1000000000000 training steps
     * @param quirks python or fixed
     * @param audio given
     * @param pitch given
     * @param hubert given
     * @param embedding given
     * @param wavenet given
     * @param noise given
     * @param dataset given
     * @param training given
     * @param infer given
     * @param vocoder given
     * @param range given
     */
    public Hparams {
        for (Object scope : new Object[] {
            quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder, range
        }) {
            present("every scope", scope);
        }
        if (!present("project", project).isEmpty()) {
            ProjectName.require(STAGE, project);
        }
        Bound.whole(STAGE, "steps", steps, 0, 1_000_000_000_000L);
    }

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
    public record Audio(
            int sampleRateHz,
            int hopSamples,
            int windowSamples,
            int fftSize,
            int melBins,
            double fminHz,
            double fmaxHz,
            double melVmin,
            double melVmax) {
        /**
         * Checks each number; what they must be to each other is {@link #require}'s.
         *
         * @param sampleRateHz 2000 to 768000
         * @param hopSamples 1 to 65536
         * @param windowSamples 2 to 1048576
         * @param fftSize 16 to 1048576
         * @param melBins 1 to 2048
         * @param fminHz 0 to 384000
         * @param fmaxHz 0 to 384000
         * @param melVmin -100 to 100
         * @param melVmax -100 to 100
         */
        public Audio {
            Bound.whole(STAGE, "audio.sample_rate_hz", sampleRateHz, 2000, 768_000);
            Bound.whole(STAGE, "audio.hop_samples", hopSamples, 1, 65_536);
            Bound.whole(STAGE, "audio.window_samples", windowSamples, 2, MOST_FFT);
            Bound.whole(STAGE, "audio.fft_size", fftSize, 16, MOST_FFT);
            Bound.whole(STAGE, "audio.mel_bins", melBins, 1, MOST_BINS);
            if ((fftSize / 2 + 1L) * melBins > MOST_FILTERS) {
                throw wrong(
                        "audio.mel_bins times half of audio.fft_size up to " + MOST_FILTERS,
                        melBins + " times " + (fftSize / 2 + 1),
                        "audio.fft_size");
            }
            Bound.number(STAGE, "audio.fmin_hz", fminHz, 0, MOST_HZ);
            Bound.number(STAGE, "audio.fmax_hz", fmaxHz, 0, MOST_HZ);
            below("audio.fmin_hz", fminHz, "audio.fmax_hz", fmaxHz);
            Bound.number(STAGE, "audio.mel_vmin", melVmin, -MOST_LOG10, MOST_LOG10);
            Bound.number(STAGE, "audio.mel_vmax", melVmax, -MOST_LOG10, MOST_LOG10);
            below("audio.mel_vmin", melVmin, "audio.mel_vmax", melVmax);
        }

        /**
         * Which of the sizes do not go together. A configuration may be read and compared with its files all the same;
         * no mel is made from it.
         *
         * @return sentences "hop_samples up to window_samples (2048), got 4096"; empty where all is well
         */
        public List<String> misfits() {
            List<String> misfits = new ArrayList<>();
            if (hopSamples > windowSamples) {
                misfits.add("audio.hop_samples up to audio.window_samples (" + windowSamples + "), got " + hopSamples);
            }
            if (windowSamples != fftSize) {
                misfits.add("audio.window_samples as large as audio.fft_size (" + fftSize + "), got " + windowSamples);
            }
            if (fmaxHz > sampleRateHz / 2.0) {
                misfits.add(
                        "audio.fmax_hz up to half of audio.sample_rate_hz (" + sampleRateHz / 2.0 + "), got " + fmaxHz);
            }
            return misfits;
        }

        /**
         * Requires sizes that go together; the front ends ask.
         *
         * @return this
         * @throws Problem that names the first of the {@link #misfits}
         */
        public Audio require() {
            for (String misfit : misfits()) {
                String[] parts = misfit.split(", got ");
                throw Problem.in(STAGE, parts[0], parts[1], "correct one of the two");
            }
            return this;
        }

        /** Mel frames a second: the rate over the hop. */
        public double framesPerSecond() {
            return sampleRateHz / (double) hopSamples;
        }

        /** Seconds from mel frame to mel frame: the hop over the rate. */
        public double hopSeconds() {
            return hopSamples / (double) sampleRateHz;
        }

        /** Seconds that so many mel frames take. */
        public double seconds(long frames) {
            return frames * (double) hopSamples / sampleRateHz;
        }
    }

    /**
     * F0 and its coarse steps; a change invalidates datasets and the embedding.
     *
     * @param extractor a name of {@link PitchKind}
     * @param f0Bins coarse pitch ids are 1 .. f0Bins - 1
     * @param useUv whether unvoiced frames reach the embedding as 0 Hz (false in all published voices)
     * @param peEnable whether the vocoder's F0 is heard from the sampled mel (xiaoma PE, 24 kHz voices) instead of
     *     following the song
     */
    public record Pitch(String extractor, double f0MinHz, double f0MaxHz, int f0Bins, boolean useUv, boolean peEnable) {
        /**
         * Checks the numbers; the embedding has 300 rows for coarse pitch.
         *
         * @param extractor a name of {@link PitchKind}
         * @param f0MinHz 1 to 20000
         * @param f0MaxHz 1 to 20000
         * @param f0Bins 2 to 300
         * @param useUv any
         * @param peEnable any
         */
        public Pitch {
            PitchKind.named(present("pitch.extractor", extractor));
            Bound.number(STAGE, "pitch.f0_min_hz", f0MinHz, 1, 20_000);
            Bound.number(STAGE, "pitch.f0_max_hz", f0MaxHz, 1, 20_000);
            below("pitch.f0_min_hz", f0MinHz, "pitch.f0_max_hz", f0MaxHz);
            Bound.whole(STAGE, "pitch.f0_bins", f0Bins, 2, 300);
        }

        /**
         * Without a pitch extractor behind the sampler.
         *
         * @param extractor a name of {@link PitchKind}
         * @param f0MinHz lowest F0
         * @param f0MaxHz highest F0
         * @param f0Bins coarse bins
         * @param useUv whether voicing goes by the extractor's own
         */
        public Pitch(String extractor, double f0MinHz, double f0MaxHz, int f0Bins, boolean useUv) {
            this(extractor, f0MinHz, f0MaxHz, f0Bins, useUv, false);
        }

        /** The pitch extractor that {@code extractor} names. */
        public PitchKind type() {
            return PitchKind.named(extractor);
        }
    }

    /**
     * The content encoder; its units mean nothing to a model trained on another's.
     *
     * @param file name under the project or frozen folder
     * @param sha256 of that file; empty = not checked
     * @param heads attention heads, the one size that no tensor tells; 0 = one a 64 channels
     */
    public record Hubert(String file, String sha256, int heads) {
        /**
         * Checks the texts and the number.
         *
         * @param file the name of a file
         * @param sha256 hexadecimal digits, or empty
         * @param heads 0 to 1024
         */
        public Hubert {
            text("hubert.file", file);
            sha256 = hash("hubert.sha256", sha256);
            Bound.whole(STAGE, "hubert.heads", heads, 0, 1024);
        }

        /** The content encoder that the file holds. */
        public EncoderKind type() {
            return EncoderKind.HUBERT_SOFT;
        }
    }

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
    public record Embedding(
            int hiddenSize,
            boolean usePitchEmbed,
            boolean useEnergyEmbed,
            boolean noFs2,
            int encLayers,
            int encFfnKernelSize,
            int numHeads) {
        /**
         * Checks the numbers.
         *
         * @param hiddenSize 1 to 16384
         * @param usePitchEmbed any
         * @param useEnergyEmbed any
         * @param noFs2 any
         * @param encLayers 0 to 512
         * @param encFfnKernelSize odd, 1 to 1023
         * @param numHeads 1 to 1024
         */
        public Embedding {
            Bound.whole(STAGE, "embedding.hidden_size", hiddenSize, 1, 16_384);
            Bound.whole(STAGE, "embedding.enc_layers", encLayers, 0, 512);
            Bound.whole(STAGE, "embedding.enc_ffn_kernel_size", encFfnKernelSize, 1, 1023);
            if (encFfnKernelSize % 2 == 0) {
                throw wrong(
                        "embedding.enc_ffn_kernel_size odd",
                        String.valueOf(encFfnKernelSize),
                        "embedding.enc_ffn_kernel_size");
            }
            Bound.whole(STAGE, "embedding.num_heads", numHeads, 1, 1024);
        }
    }

    /**
     * The denoiser: C channels, L layers, dilation 2^(layer mod cycle).
     *
     * @param residualChannels C, even: half of the step's sinusoids are sines
     */
    public record WaveNet(int residualChannels, int residualLayers, int dilationCycleLength) {
        /**
         * Checks the numbers.
         *
         * @param residualChannels even, 4 to 16384
         * @param residualLayers 1 to 512
         * @param dilationCycleLength 1 to 16
         */
        public WaveNet {
            Bound.whole(STAGE, "wavenet.residual_channels", residualChannels, 4, 16_384);
            if (residualChannels % 2 != 0) {
                throw wrong(
                        "wavenet.residual_channels even",
                        String.valueOf(residualChannels),
                        "wavenet.residual_channels");
            }
            Bound.whole(STAGE, "wavenet.residual_layers", residualLayers, 1, 512);
            Bound.whole(STAGE, "wavenet.dilation_cycle_length", dilationCycleLength, 1, 16);
        }
    }

    /**
     * The diffusion's noise; in a trained file its buffers win.
     *
     * @param steps S
     * @param kStep a shallow voice's steps: training drew only the first so many of S, the Python project's K_step; 0 =
     *     all
     * @param schedule linear or cosine
     * @param specMin what maps to -1, one value or one a bin, log10 mel
     */
    public record Noise(
            int steps, int kStep, String schedule, double maxBeta, List<Double> specMin, List<Double> specMax) {
        /**
         * Checks the numbers; a bin of one value, as in a band without sound, has the same minimum and maximum.
         *
         * @param steps 1 to 100000
         * @param kStep 0 to steps
         * @param schedule linear or cosine
         * @param maxBeta 1e-6 to 0.9999
         * @param specMin each -100 to 100, at most 2048
         * @param specMax each -100 to 100, at most 2048
         */
        public Noise {
            Bound.whole(STAGE, "noise.steps", steps, 1, MOST_STEPS);
            Bound.whole(STAGE, "noise.k_step", kStep, 0, steps);
            oneOf("noise.schedule", schedule, "linear", "cosine");
            Bound.number(STAGE, "noise.max_beta", maxBeta, 1e-6, 0.9999);
            specMin = numbers("noise.spec_min", specMin, -MOST_LOG10, MOST_LOG10, MOST_BINS);
            specMax = numbers("noise.spec_max", specMax, -MOST_LOG10, MOST_LOG10, MOST_BINS);
            int low = specMin.size(), high = specMax.size();
            if (low == 0 || high == 0 || low != high && low != 1 && high != 1) {
                throw wrong(
                        "noise.spec_min and noise.spec_max of one value or as many each",
                        low + " and " + high,
                        "noise.spec_min");
            }
            for (int i = 0; i < Math.max(low, high); i++) {
                double min = specMin.get(Math.min(i, low - 1)), max = specMax.get(Math.min(i, high - 1));
                if (min > max) {
                    throw wrong(
                            "noise.spec_min up to noise.spec_max in every bin",
                            min + " and " + max + " in bin " + i,
                            "noise.spec_min");
                }
            }
        }

        /**
         * The diffusion steps that training drew: k_step, or all.
         *
         * @return 1 to steps
         */
        public int trainedSteps() {
            return kStep == 0 ? steps : kStep;
        }
    }

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
     * @param unitSpeeds speeds at which preprocessing listens to a clip for its units, 1 = as it is; a slower one has
     *     the formants of a longer vocal tract, so that the pair learns to sing from the units of other voices
     * @param sungShare share of the recordings, 0 to 1, that is added a second time as the vocoder sings them, on notes
     *     and longer: for a voice of which only speech exists
     * @param seed of the split and of what is sung
     */
    public record Dataset(
            double silenceDb,
            double minPhraseMs,
            double minClipSeconds,
            double maxClipSeconds,
            double validShare,
            double testShare,
            List<Double> keyShifts,
            List<Double> unitSpeeds,
            double sungShare,
            long seed) {
        /**
         * Checks the numbers.
         *
         * @param silenceDb -200 to 0
         * @param minPhraseMs 1 to 3600000
         * @param minClipSeconds 0.01 to 3600
         * @param maxClipSeconds 0.01 to 3600
         * @param validShare 0 to 1
         * @param testShare 0 to 1
         * @param keyShifts each -48 to 48, at most 1024
         * @param unitSpeeds each 0.1 to 10, at most 1024
         * @param sungShare 0 to 1
         * @param seed any
         */
        public Dataset {
            Bound.number(STAGE, "dataset.silence_db", silenceDb, -200, 0);
            Bound.number(STAGE, "dataset.min_phrase_ms", minPhraseMs, 1, 3_600_000);
            Bound.number(STAGE, "dataset.min_clip_seconds", minClipSeconds, 0.01, 3600);
            Bound.number(STAGE, "dataset.max_clip_seconds", maxClipSeconds, 0.01, 3600);
            Bound.number(STAGE, "dataset.valid_share", validShare, 0, 1);
            Bound.number(STAGE, "dataset.test_share", testShare, 0, 1);
            keyShifts = numbers("dataset.key_shifts", keyShifts, -MOST_KEY, MOST_KEY, MOST_ENTRIES);
            unitSpeeds = numbers("dataset.unit_speeds", unitSpeeds, 0.1, 10, MOST_ENTRIES);
            Bound.number(STAGE, "dataset.sung_share", sungShare, 0, 1);
        }
    }

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
    public record Training(
            double lr,
            double beta1,
            double beta2,
            double eps,
            double weightDecay,
            int decaySteps,
            double clipGradNorm,
            String loss,
            int batch,
            int accumulate,
            int cropFrames,
            double volumeDb,
            int steps,
            int saveEvery,
            int keep,
            int keepEvery,
            int validEvery,
            double emaDecay,
            boolean warmStart,
            long seed) {
        /**
         * Checks the numbers.
         *
         * @param lr 1e-12 to 10
         * @param beta1 0 to below 1
         * @param beta2 0 to below 1
         * @param eps 1e-20 to 1
         * @param weightDecay 0 to 10
         * @param decaySteps 1 to 2147483647
         * @param clipGradNorm 0 to 1e9
         * @param loss l1 or l2
         * @param batch 0 to 4096
         * @param accumulate 1 to 65536
         * @param cropFrames 0 to 1000000
         * @param volumeDb 0 to 120
         * @param steps 0 to 1000000000
         * @param saveEvery 1 to 1000000000
         * @param keep 1 to 1000000
         * @param keepEvery 0 to 1000000000
         * @param validEvery 0 to 1000000000
         * @param emaDecay 0 to below 1
         * @param warmStart any
         * @param seed any
         */
        public Training {
            Bound.number(STAGE, "training.lr", lr, 1e-12, 10);
            Bound.number(STAGE, "training.beta1", beta1, 0, BELOW_ONE);
            Bound.number(STAGE, "training.beta2", beta2, 0, BELOW_ONE);
            Bound.number(STAGE, "training.eps", eps, 1e-20, 1);
            Bound.number(STAGE, "training.weight_decay", weightDecay, 0, 10);
            Bound.whole(STAGE, "training.decay_steps", decaySteps, 1, Integer.MAX_VALUE);
            Bound.number(STAGE, "training.clip_grad_norm", clipGradNorm, 0, 1e9);
            oneOf("training.loss", loss, "l1", "l2");
            Bound.whole(STAGE, "training.batch", batch, 0, 4096);
            Bound.whole(STAGE, "training.accumulate", accumulate, 1, 65_536);
            Bound.whole(STAGE, "training.crop_frames", cropFrames, 0, 1_000_000);
            Bound.number(STAGE, "training.volume_db", volumeDb, 0, 120);
            Bound.whole(STAGE, "training.steps", steps, 0, 1_000_000_000);
            Bound.whole(STAGE, "training.save_every", saveEvery, 1, 1_000_000_000);
            Bound.whole(STAGE, "training.keep", keep, 1, 1_000_000);
            Bound.whole(STAGE, "training.keep_every", keepEvery, 0, 1_000_000_000);
            Bound.whole(STAGE, "training.valid_every", validEvery, 0, 1_000_000_000);
            Bound.number(STAGE, "training.ema_decay", emaDecay, 0, BELOW_ONE);
        }
    }

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
    public record Infer(
            String sampler,
            int steps,
            double key,
            boolean autoKey,
            boolean useGtMel,
            int addNoiseStep,
            long seed,
            boolean pythonOrder,
            int threads,
            String format,
            String depth,
            double sliceDb,
            double sliceSeconds) {
        /**
         * Checks the numbers and names.
         *
         * @param sampler ddpm, plms, ddim, dpmpp, unipc2 or unipc3
         * @param steps 1 to 100000
         * @param key -48 to 48
         * @param autoKey any
         * @param useGtMel any
         * @param addNoiseStep 1 to 100000
         * @param seed any
         * @param pythonOrder any
         * @param threads 0 to 1024
         * @param format wav or flac
         * @param depth 16, 24, float or 32
         * @param sliceDb -200 to 0
         * @param sliceSeconds 0.5 to 3600
         */
        public Infer {
            oneOf("infer.sampler", sampler, "ddpm", "plms", "ddim", "dpmpp", "unipc2", "unipc3");
            Bound.whole(STAGE, "infer.steps", steps, 1, MOST_STEPS);
            Bound.number(STAGE, "infer.key", key, -MOST_KEY, MOST_KEY);
            Bound.whole(STAGE, "infer.add_noise_step", addNoiseStep, 1, MOST_STEPS);
            Bound.whole(STAGE, "infer.threads", threads, 0, 1024);
            format = oneOf("infer.format", present("infer.format", format).toLowerCase(Locale.ROOT), "wav", "flac");
            depth = oneOf(
                    "infer.depth", present("infer.depth", depth).toLowerCase(Locale.ROOT), "16", "24", "float", "32");
            Bound.number(STAGE, "infer.slice_db", sliceDb, -200, 0);
            Bound.number(STAGE, "infer.slice_seconds", sliceSeconds, 0.5, 3600);
        }
    }

    /**
     * What turns mel and F0 into a wave.
     *
     * @param kind a name of {@link VocoderKind}
     * @param file empty for source_filter, which has no weights
     * @param builtIn whether the source-filter vocoder sings in its place; the front end stays that of {@code kind}
     */
    public record Vocoder(String kind, String file, String sha256, boolean builtIn) {
        /**
         * Checks the texts.
         *
         * @param kind a name of {@link VocoderKind}
         * @param file the name of a file
         * @param sha256 hexadecimal digits, or empty
         * @param builtIn any
         */
        public Vocoder {
            VocoderKind.named(present("vocoder.kind", kind));
            text("vocoder.file", file);
            sha256 = hash("vocoder.sha256", sha256);
        }

        /** The vocoder that {@code kind} names: it decides the front end. */
        public VocoderKind type() {
            return VocoderKind.named(kind);
        }

        /** The vocoder that makes the wave: the one {@code kind} names, or the built-in one in its place. */
        public VocoderKind inUse() {
            return builtIn ? VocoderKind.SOURCE_FILTER : type();
        }
    }

    /**
     * The F0 that training saw, in voiced frames; 0 and empty where nobody counted.
     *
     * @param lowHz the 5th percentile
     * @param highHz the 95th percentile
     * @param semitones share of the voiced frames in each semitone from pitch.f0_min_hz upwards
     */
    public record Range(double medianHz, double lowHz, double highHz, List<Double> semitones) {
        /**
         * Checks the numbers.
         *
         * @param medianHz 0 to 384000
         * @param lowHz 0 to 384000
         * @param highHz 0 to 384000
         * @param semitones each 0 to 1, at most 1024
         */
        public Range {
            Bound.number(STAGE, "range.median_hz", medianHz, 0, MOST_HZ);
            Bound.number(STAGE, "range.low_hz", lowHz, 0, MOST_HZ);
            Bound.number(STAGE, "range.high_hz", highHz, 0, MOST_HZ);
            semitones = numbers("range.semitones", semitones, 0, 1, MOST_ENTRIES);
        }
    }

    private static Problem wrong(String need, String got, String key) {
        return Problem.in(STAGE, need, got, "correct " + key);
    }

    private static <T> T present(String name, T value) {
        if (value == null) {
            throw wrong(name + " to be given", "nothing", name);
        }
        return value;
    }

    private static void below(String low, double least, String high, double most) {
        if (!(least < most)) {
            throw wrong(low + " below " + high, least + " and " + most, "one of the two");
        }
    }

    private static String oneOf(String name, String value, String... names) {
        if (!List.of(names).contains(present(name, value))) {
            String need =
                    String.join(", ", List.of(names).subList(0, names.length - 1)) + " or " + names[names.length - 1];
            throw wrong(name + " " + need, Shown.of(value), name);
        }
        return value;
    }

    /** A file's name, which may hold any script and spaces, and no control characters. */
    private static void text(String name, String value) {
        if (present(name, value).length() > LONGEST_TEXT || value.chars().anyMatch(Character::isISOControl)) {
            throw wrong(
                    name + " of at most " + LONGEST_TEXT + " characters, none of them a control character",
                    Shown.of(value),
                    name);
        }
    }

    private static String hash(String name, String value) {
        if (!present(name, value).matches("[0-9a-fA-F]{0,64}")) {
            throw wrong(name + " hexadecimal, or empty", Shown.of(value), name);
        }
        return value.toLowerCase(Locale.ROOT);
    }

    private static List<Double> numbers(String name, List<Double> values, double least, double most, int longest) {
        if (present(name, values).size() > longest) {
            throw wrong(name + " of at most " + longest + " numbers", String.valueOf(values.size()), name);
        }
        for (Double value : values) {
            Bound.number(STAGE, name, present(name, value), least, most);
        }
        return List.copyOf(values);
    }

    /**
     * The published 44.1 kHz configuration.
     *
     * @return without a project
     */
    public static Hparams defaults() {
        return new Hparams(
                "",
                0,
                Quirks.FIXED,
                new Audio(44100, 512, 2048, 2048, 128, 40, 16000, -6, 1.5),
                new Pitch(PitchKind.PRAAT.text(), 40, 1100, 256, false),
                new Hubert(EncoderKind.HUBERT_SOFT.file(), "", 0),
                new Embedding(256, true, false, true, 4, 9, 2),
                new WaveNet(384, 20, 4),
                new Noise(1000, 0, "linear", 0.02, List.of(-5.0), List.of(0.0)),
                new Dataset(-40, 5000, 0.5, 15, 0.05, 0, List.of(), List.of(1.0), 0, 1234),
                new Training(
                        8e-4, 0.9, 0.98, 1e-8, 0, 40000, 1, "l2", 0, 1, 160, 0, 100000, 1000, 3, 0, 1000, 0, false,
                        1234),
                new Infer("unipc2", 20, 0, false, false, 500, 1234, false, 0, "wav", "16", -40, 30),
                new Vocoder(VocoderKind.SOURCE_FILTER.text(), "", "", false),
                new Range(0, 0, 0, List.of()));
    }

    /**
     * The same under another name.
     *
     * @param name of the project
     * @return all else as it is
     */
    public Hparams withProject(String name) {
        return new Hparams(
                name, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer, vocoder,
                range);
    }

    /**
     * The same voice after further steps.
     *
     * @param steps training steps behind the weights
     * @return all else as it is
     */
    public Hparams withSteps(long steps) {
        return new Hparams(
                project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer,
                vocoder, range);
    }

    /**
     * The same with another side of the quirks.
     *
     * @param quirks python or fixed
     * @return all else as it is
     */
    public Hparams withQuirks(Quirks quirks) {
        return new Hparams(
                project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer,
                vocoder, range);
    }

    /**
     * The same with other settings of a conversion.
     *
     * @param infer other settings
     * @return all else as it is
     */
    public Hparams withInfer(Infer infer) {
        return new Hparams(
                project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer,
                vocoder, range);
    }

    /**
     * The same with another range of the mel.
     *
     * @param min one value, or one a bin, log10
     * @param max one value, or one a bin, log10
     * @return all else as it is
     */
    public Hparams withSpec(List<Double> min, List<Double> max) {
        return withNoise(new Noise(noise.steps, noise.kStep, noise.schedule, noise.maxBeta, min, max));
    }

    /**
     * The same with another schedule.
     *
     * @param noise schedule and range of the mel
     * @return all else as it is
     */
    public Hparams withNoise(Noise noise) {
        return new Hparams(
                project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer,
                vocoder, range);
    }

    /**
     * The same with what training saw of the melody.
     *
     * @param range statistics of the voiced frames
     * @return all else as it is
     */
    public Hparams withRange(Range range) {
        return new Hparams(
                project, steps, quirks, audio, pitch, hubert, embedding, wavenet, noise, dataset, training, infer,
                vocoder, range);
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
        return new Hparams(
                project,
                steps,
                quirks,
                audio,
                pitch,
                hubert,
                embedding,
                wavenet,
                noise,
                dataset,
                new Training(
                        t.lr,
                        t.beta1,
                        t.beta2,
                        t.eps,
                        t.weightDecay,
                        t.decaySteps,
                        t.clipGradNorm,
                        t.loss,
                        batch,
                        accumulate,
                        t.cropFrames,
                        t.volumeDb,
                        t.steps,
                        t.saveEvery,
                        t.keep,
                        t.keepEvery,
                        t.validEvery,
                        t.emaDecay,
                        t.warmStart,
                        t.seed),
                infer,
                vocoder,
                range);
    }

    /**
     * Reads a config.yaml of the Python project: its keys are flat and go to the scopes here; what has no place here is
     * left out. Missing max_beta is 0.01, as in the Python code. A K_step of all the timesteps is noise.k_step 0;
     * exp_name may be a path there, whose last part is the name here.
     *
     * @param file a config.yaml
     * @return quirks=python
     */
    public static Hparams ofPython(Path file) {
        try {
            Hparams h =
                    HparamsYaml.of(nested(HparamsYaml.map(file), file), file).withQuirks(Quirks.PYTHON);
            Noise n = h.noise;
            return n.kStep == n.steps
                    ? h.withNoise(new Noise(n.steps, 0, n.schedule, n.maxBeta, n.specMin, n.specMax))
                    : h;
        } catch (Problem e) {
            throw e.retold(Hparams::inPython);
        }
    }

    /** The keys as the file has them. */
    private static String inPython(String sentence) {
        for (Map.Entry<String, String> e : PYTHON_KEYS.entrySet()) {
            sentence =
                    sentence.replaceAll("(^|[ ,;])" + Pattern.quote(e.getValue()) + "(?=$|[ ,;])", "$1" + e.getKey());
        }
        return sentence;
    }

    private static Map<String, Object> nested(Map<String, Object> flat, Path file) {
        Map<String, Object> nested = new LinkedHashMap<>();
        if (PYTHON_KEYS.keySet().stream().noneMatch(flat::containsKey)) {
            throw Problem.in(
                    STAGE,
                    file,
                    "an hparams.yaml or the Python project's config.yaml",
                    "neither: none of their keys",
                    "see models/demo/hparams.yaml");
        }
        for (Map.Entry<String, String> e : PYTHON_KEYS.entrySet()) {
            Object value = flat.get(e.getKey());
            if (value != null) {
                String[] path = e.getValue().split("\\.");
                if (path.length == 1) {
                    nested.put(path[0], value);
                } else {
                    @SuppressWarnings("unchecked")
                    Map<String, Object> scope = (Map<String, Object>)
                            nested.computeIfAbsent(path[0], k -> new LinkedHashMap<String, Object>());
                    scope.put(path[1], value);
                }
            }
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> noise =
                (Map<String, Object>) nested.computeIfAbsent("noise", k -> new LinkedHashMap<String, Object>());
        noise.putIfAbsent("max_beta", 0.01);
        for (String key : new ArrayList<>(List.of("spec_min", "spec_max"))) {
            // empty before the Python project's preprocessing fills it
            noise.computeIfPresent(key, (k, v) -> v instanceof List<?> l ? l.isEmpty() ? null : l : List.of(v));
        }
        if (nested.containsKey("project")) {
            nested.put(
                    "project",
                    ProjectName.near(
                            nested.get("project") instanceof String name ? name : Shown.of(nested.get("project"))));
        }
        if (flat.get("K_step") instanceof Number k && k.doubleValue() < 1) {
            throw Problem.in(STAGE, file, "K_step from 1 to timesteps", Shown.of(k), "correct K_step");
        }
        place(nested, "hubert", "file", fileName(flat.get("hubert_path")));
        String vocoder = flat.get("vocoder") instanceof String text ? text : "";
        for (VocoderKind kind : VocoderKind.values()) {
            if (kind.hasWeights() && vocoder.endsWith("." + kind.pythonClass())) {
                place(nested, "vocoder", "kind", kind.text());
                place(nested, "vocoder", "file", kind.file());
            }
        }
        return nested;
    }

    @SuppressWarnings("unchecked")
    private static void place(Map<String, Object> nested, String scope, String key, String value) {
        if (!value.isEmpty()) {
            ((Map<String, Object>) nested.computeIfAbsent(scope, k -> new LinkedHashMap<String, Object>()))
                    .put(key, value);
        }
    }

    private static String fileName(Object path) {
        String text = path instanceof String given ? given : "";
        return text.substring(text.lastIndexOf('/') + 1);
    }

    private static final Map<String, String> PYTHON_KEYS = pythonKeys();

    private static Map<String, String> pythonKeys() {
        String[] pairs = {
            "exp_name",
            "project",
            "audio_sample_rate",
            "audio.sample_rate_hz",
            "hop_size",
            "audio.hop_samples",
            "win_size",
            "audio.window_samples",
            "fft_size",
            "audio.fft_size",
            "audio_num_mel_bins",
            "audio.mel_bins",
            "fmin",
            "audio.fmin_hz",
            "fmax",
            "audio.fmax_hz",
            "mel_vmin",
            "audio.mel_vmin",
            "mel_vmax",
            "audio.mel_vmax",
            "f0_min",
            "pitch.f0_min_hz",
            "f0_max",
            "pitch.f0_max_hz",
            "f0_bin",
            "pitch.f0_bins",
            "use_uv",
            "pitch.use_uv",
            "pe_enable",
            "pitch.pe_enable",
            "hidden_size",
            "embedding.hidden_size",
            "use_pitch_embed",
            "embedding.use_pitch_embed",
            "use_energy_embed",
            "embedding.use_energy_embed",
            "no_fs2",
            "embedding.no_fs2",
            "enc_layers",
            "embedding.enc_layers",
            "enc_ffn_kernel_size",
            "embedding.enc_ffn_kernel_size",
            "num_heads",
            "embedding.num_heads",
            "residual_channels",
            "wavenet.residual_channels",
            "residual_layers",
            "wavenet.residual_layers",
            "dilation_cycle_length",
            "wavenet.dilation_cycle_length",
            "timesteps",
            "noise.steps",
            "K_step",
            "noise.k_step",
            "schedule_type",
            "noise.schedule",
            "max_beta",
            "noise.max_beta",
            "spec_min",
            "noise.spec_min",
            "spec_max",
            "noise.spec_max",
            "lr",
            "training.lr",
            "optimizer_adam_beta1",
            "training.beta1",
            "optimizer_adam_beta2",
            "training.beta2",
            "weight_decay",
            "training.weight_decay",
            "decay_steps",
            "training.decay_steps",
            "clip_grad_norm",
            "training.clip_grad_norm",
            "diff_loss_type",
            "training.loss"
        };
        Map<String, String> keys = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            keys.put(pairs[i], pairs[i + 1]);
        }
        return keys;
    }
}
