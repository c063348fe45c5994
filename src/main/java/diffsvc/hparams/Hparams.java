package diffsvc.hparams;

import static diffsvc.hparams.Limits.BELOW_ONE;
import static diffsvc.hparams.Limits.MOST_BINS;
import static diffsvc.hparams.Limits.MOST_ENTRIES;
import static diffsvc.hparams.Limits.MOST_FFT;
import static diffsvc.hparams.Limits.MOST_FILTERS;
import static diffsvc.hparams.Limits.MOST_HZ;
import static diffsvc.hparams.Limits.MOST_KEY;
import static diffsvc.hparams.Limits.MOST_LOG10;
import static diffsvc.hparams.Limits.MOST_STEPS;
import static diffsvc.hparams.Limits.STAGE;
import static diffsvc.hparams.Limits.below;
import static diffsvc.hparams.Limits.hash;
import static diffsvc.hparams.Limits.numbers;
import static diffsvc.hparams.Limits.oneOf;
import static diffsvc.hparams.Limits.present;
import static diffsvc.hparams.Limits.text;
import static diffsvc.hparams.Limits.wrong;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * All settings of a voice, one record per scope. A stage receives the scope it needs. Keys in YAML and on the command
 * line are the component names in snake_case: {@code training.clip_grad_norm}. The file {@code base.yaml} beside this
 * class holds every default, with meaning, unit, range and what a change invalidates.
 *
 * <p>Every number has bounds. The canonical constructors check them, so a file, an override, a manifest and a call from
 * Java obey the same ones.
 *
 * <p>Edits are typed. For each component there is a method of its name with one argument, which returns a copy:
 * {@code h.infer(i -> i.sampler("ddim").steps(20))}. Each copy is checked, so of two values that bound each other the
 * outer one is set first: {@code h.pitch(p -> p.f0MaxHz(2000).f0MinHz(1200))}.
 *
 * <p>The scopes are nested, so that {@code Hparams.Noise}, {@code Hparams.Vocoder} and {@code Hparams.WaveNet} keep
 * apart from the classes that bear these names. That makes this file longer than 500 lines.
 *
 * @param project name of the voice and of its folder in models/; may be empty
 * @param steps training steps behind the weights, 0 to 1000000000000
 * @param quirks whether the Python project's quirks are reproduced or fixed
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
    /** The largest key shift of a song, semitones up or down. */
    public static final double LARGEST_KEY = MOST_KEY;

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
        if (embedding.useLoudnessEmbed && quirks == Quirks.PYTHON) {
            throw wrong(
                    "quirks fixed with embedding.use_loudness_embed",
                    "python, whose energy is no loudness",
                    "quirks or embedding.use_loudness_embed");
        }
    }

    /** The values of base.yaml, which is read once. */
    private static final class Base {
        static final Hparams DEFAULTS = HparamsYaml.base();
    }

    /** Returns the settings in {@code base.yaml}: the published 44.1 kHz configuration, without a project. */
    public static Hparams defaults() {
        return Base.DEFAULTS;
    }

    /**
     * Reads a config.yaml of the Python project. Its flat keys go to the scopes here; keys that have no place here are
     * left out. Missing max_beta is 0.01, as in the Python code. A K_step equal to timesteps becomes noise.k_step 0. If
     * exp_name is a path, its last part is the project.
     *
     * @return with quirks=python
     * @throws Problem naming the file and the Python project's key
     */
    public static Hparams ofPython(Path file) {
        return PythonConfig.read(file);
    }

    public Hparams project(String project) {
        return Components.copy(this, "project", project);
    }

    public Hparams steps(long steps) {
        return Components.copy(this, "steps", steps);
    }

    public Hparams quirks(Quirks quirks) {
        return Components.copy(this, "quirks", quirks);
    }

    public Hparams audio(UnaryOperator<Audio> edit) {
        return Components.copy(this, "audio", edit.apply(audio));
    }

    public Hparams pitch(UnaryOperator<Pitch> edit) {
        return Components.copy(this, "pitch", edit.apply(pitch));
    }

    public Hparams hubert(UnaryOperator<Hubert> edit) {
        return Components.copy(this, "hubert", edit.apply(hubert));
    }

    public Hparams embedding(UnaryOperator<Embedding> edit) {
        return Components.copy(this, "embedding", edit.apply(embedding));
    }

    public Hparams wavenet(UnaryOperator<WaveNet> edit) {
        return Components.copy(this, "wavenet", edit.apply(wavenet));
    }

    public Hparams noise(UnaryOperator<Noise> edit) {
        return Components.copy(this, "noise", edit.apply(noise));
    }

    public Hparams dataset(UnaryOperator<Dataset> edit) {
        return Components.copy(this, "dataset", edit.apply(dataset));
    }

    public Hparams training(UnaryOperator<Training> edit) {
        return Components.copy(this, "training", edit.apply(training));
    }

    public Hparams infer(UnaryOperator<Infer> edit) {
        return Components.copy(this, "infer", edit.apply(infer));
    }

    public Hparams vocoder(UnaryOperator<Vocoder> edit) {
        return Components.copy(this, "vocoder", edit.apply(vocoder));
    }

    public Hparams range(UnaryOperator<Range> edit) {
        return Components.copy(this, "range", edit.apply(range));
    }

    /** Whether the Python project's quirks are reproduced or fixed; ARCHITECTURE.md lists them. */
    public enum Quirks {
        /** Reproduces them, for parity with the Python project. */
        PYTHON,
        /** Fixes them. */
        FIXED
    }

    /**
     * The mel front end. A change invalidates datasets and both trained models.
     *
     * @param sampleRateHz 2000 to 768000
     * @param hopSamples samples between two frames, 1 to 65536
     * @param windowSamples 2 to 1048576
     * @param fftSize 16 to 1048576
     * @param melBins 1 to 2048
     * @param fminHz lower edge of the lowest bin, 0 to 384000
     * @param fmaxHz upper edge of the highest bin, 0 to 384000
     * @param melVmin least value of a sampled mel that reaches the vocoder, log10, -100 to 100
     * @param melVmax greatest value of a sampled mel that reaches the vocoder, log10, -100 to 100
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
        /** Checks each number; {@link #require} checks how they go together. */
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

        /** Mel frames per second: the rate over the hop. */
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

        public Audio sampleRateHz(int sampleRateHz) {
            return Components.copy(this, "sampleRateHz", sampleRateHz);
        }

        public Audio hopSamples(int hopSamples) {
            return Components.copy(this, "hopSamples", hopSamples);
        }

        public Audio windowSamples(int windowSamples) {
            return Components.copy(this, "windowSamples", windowSamples);
        }

        public Audio fftSize(int fftSize) {
            return Components.copy(this, "fftSize", fftSize);
        }

        public Audio melBins(int melBins) {
            return Components.copy(this, "melBins", melBins);
        }

        public Audio fminHz(double fminHz) {
            return Components.copy(this, "fminHz", fminHz);
        }

        public Audio fmaxHz(double fmaxHz) {
            return Components.copy(this, "fmaxHz", fmaxHz);
        }

        public Audio melVmin(double melVmin) {
            return Components.copy(this, "melVmin", melVmin);
        }

        public Audio melVmax(double melVmax) {
            return Components.copy(this, "melVmax", melVmax);
        }

        /**
         * Lists the sizes that do not go together. A configuration with misfits can be read and compared with its
         * files, but no mel is made from it.
         *
         * @return sentences "hop_samples up to window_samples (2048), got 4096"; empty if all sizes fit
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
         * Returns this scope if its sizes go together; the front ends call it.
         *
         * @throws Problem that names the first of the {@link #misfits}
         */
        public Audio require() {
            for (String misfit : misfits()) {
                String[] parts = misfit.split(", got ");
                throw Problem.in(STAGE, parts[0], parts[1], "correct one of the two");
            }
            return this;
        }
    }

    /**
     * F0 and its coarse bins. A change invalidates datasets and the embedding.
     *
     * @param extractor praat, crepe or crepe-tiny
     * @param f0MinHz 1 to 20000
     * @param f0MaxHz 1 to 20000
     * @param f0Bins coarse pitch ids are 1 .. f0Bins - 1; 2 to 300, the rows of the embedding's table
     * @param useUv whether unvoiced frames reach the embedding as 0 Hz; false in all published voices
     * @param peEnable whether the vocoder's F0 is estimated from the sampled mel (xiaoma PE, 24 kHz voices) instead of
     *     taken from the song
     */
    public record Pitch(String extractor, double f0MinHz, double f0MaxHz, int f0Bins, boolean useUv, boolean peEnable) {
        public Pitch {
            PitchKind.named(present("pitch.extractor", extractor));
            Bound.number(STAGE, "pitch.f0_min_hz", f0MinHz, 1, 20_000);
            Bound.number(STAGE, "pitch.f0_max_hz", f0MaxHz, 1, 20_000);
            below("pitch.f0_min_hz", f0MinHz, "pitch.f0_max_hz", f0MaxHz);
            Bound.whole(STAGE, "pitch.f0_bins", f0Bins, 2, 300);
        }

        /** The pitch extractor that {@code extractor} names. */
        public PitchKind type() {
            return PitchKind.named(extractor);
        }

        public Pitch extractor(String extractor) {
            return Components.copy(this, "extractor", extractor);
        }

        public Pitch f0MinHz(double f0MinHz) {
            return Components.copy(this, "f0MinHz", f0MinHz);
        }

        public Pitch f0MaxHz(double f0MaxHz) {
            return Components.copy(this, "f0MaxHz", f0MaxHz);
        }

        public Pitch f0Bins(int f0Bins) {
            return Components.copy(this, "f0Bins", f0Bins);
        }

        public Pitch useUv(boolean useUv) {
            return Components.copy(this, "useUv", useUv);
        }

        public Pitch peEnable(boolean peEnable) {
            return Components.copy(this, "peEnable", peEnable);
        }
    }

    /**
     * The content encoder. A model understands only the units of the encoder it was trained with.
     *
     * @param kind hubert_soft, whisper or whisper_ppg
     * @param file name of a file in the voice's folder or in models/frozen
     * @param sha256 of that file, hexadecimal; empty = not checked
     * @param heads attention heads, the one size that no tensor holds; 0 = one per 64 channels; 0 to 1024
     */
    public record Hubert(String kind, String file, String sha256, int heads) {
        public Hubert {
            EncoderKind.named(present("hubert.kind", kind));
            text("hubert.file", file);
            sha256 = hash("hubert.sha256", sha256);
            Bound.whole(STAGE, "hubert.heads", heads, 0, 1024);
        }

        /** The content encoder that the file holds. */
        public EncoderKind type() {
            return EncoderKind.named(kind);
        }

        public Hubert kind(String kind) {
            return Components.copy(this, "kind", kind);
        }

        public Hubert file(String file) {
            return Components.copy(this, "file", file);
        }

        public Hubert sha256(String sha256) {
            return Components.copy(this, "sha256", sha256);
        }

        public Hubert heads(int heads) {
            return Components.copy(this, "heads", heads);
        }
    }

    /**
     * From units and pitch to the condition.
     *
     * @param hiddenSize H, width of the condition, 1 to 16384
     * @param unitSize width of the encoder's units, 0 to 16384; 0 = {@code hiddenSize}. Where the two differ, a learned
     *     projection makes the units as wide as the condition
     * @param unitConvs residual convolutions over the units, 0 to 64
     * @param usePitchEmbed whether the coarse pitch is embedded
     * @param useEnergyEmbed whether the energy is embedded, as the Python project does
     * @param useLoudnessEmbed whether the loudness is embedded in dB, so that the output follows the song's; with
     *     quirks fixed
     * @param noFs2 whether units enter the condition directly; false = through a transformer first
     * @param encLayers layers of that transformer, 0 to 512
     * @param encFfnKernelSize kernel of its feed-forward, odd, 1 to 1023
     * @param numHeads attention heads of that transformer, 1 to 1024
     */
    public record Embedding(
            int hiddenSize,
            int unitSize,
            int unitConvs,
            boolean usePitchEmbed,
            boolean useEnergyEmbed,
            boolean useLoudnessEmbed,
            boolean noFs2,
            int encLayers,
            int encFfnKernelSize,
            int numHeads) {
        public Embedding {
            Bound.whole(STAGE, "embedding.hidden_size", hiddenSize, 1, 16_384);
            Bound.whole(STAGE, "embedding.unit_size", unitSize, 0, 16_384);
            Bound.whole(STAGE, "embedding.unit_convs", unitConvs, 0, 64);
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

        /** The width of the units that the embedding takes: {@code unitSize}, or H where that is 0. */
        public int unitWidth() {
            return unitSize == 0 ? hiddenSize : unitSize;
        }

        /** Whether the energy of the conds reaches the condition. */
        public boolean readsEnergy() {
            return useEnergyEmbed || useLoudnessEmbed;
        }

        /** Whether a projection stands between units and condition. */
        public boolean projectsUnits() {
            return unitWidth() != hiddenSize;
        }

        public Embedding hiddenSize(int hiddenSize) {
            return Components.copy(this, "hiddenSize", hiddenSize);
        }

        public Embedding unitSize(int unitSize) {
            return Components.copy(this, "unitSize", unitSize);
        }

        public Embedding unitConvs(int unitConvs) {
            return Components.copy(this, "unitConvs", unitConvs);
        }

        public Embedding usePitchEmbed(boolean usePitchEmbed) {
            return Components.copy(this, "usePitchEmbed", usePitchEmbed);
        }

        public Embedding useEnergyEmbed(boolean useEnergyEmbed) {
            return Components.copy(this, "useEnergyEmbed", useEnergyEmbed);
        }

        public Embedding useLoudnessEmbed(boolean useLoudnessEmbed) {
            return Components.copy(this, "useLoudnessEmbed", useLoudnessEmbed);
        }

        public Embedding noFs2(boolean noFs2) {
            return Components.copy(this, "noFs2", noFs2);
        }

        public Embedding encLayers(int encLayers) {
            return Components.copy(this, "encLayers", encLayers);
        }

        public Embedding encFfnKernelSize(int encFfnKernelSize) {
            return Components.copy(this, "encFfnKernelSize", encFfnKernelSize);
        }

        public Embedding numHeads(int numHeads) {
            return Components.copy(this, "numHeads", numHeads);
        }
    }

    /**
     * The denoiser: C channels, L layers, dilation 2^(layer mod cycle).
     *
     * @param residualChannels C, even because half of the step's sinusoids are sines; 4 to 16384
     * @param residualLayers L, 1 to 512
     * @param dilationCycleLength 1 to 16
     */
    public record WaveNet(int residualChannels, int residualLayers, int dilationCycleLength) {
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

        public WaveNet residualChannels(int residualChannels) {
            return Components.copy(this, "residualChannels", residualChannels);
        }

        public WaveNet residualLayers(int residualLayers) {
            return Components.copy(this, "residualLayers", residualLayers);
        }

        public WaveNet dilationCycleLength(int dilationCycleLength) {
            return Components.copy(this, "dilationCycleLength", dilationCycleLength);
        }
    }

    /**
     * The noise of the diffusion, what the denoiser predicts of it, and the mel range. A trained file holds them as
     * buffers, and its buffers win.
     *
     * @param steps S, 1 to 100000
     * @param kStep of a shallow voice: training drew only the first kStep of S steps (K_step in the Python project); 0
     *     = all; 0 to steps
     * @param schedule linear or cosine
     * @param maxBeta last beta of the linear schedule, 1e-6 to 0.9999
     * @param prediction a {@link PredictionKind} by its text
     * @param sigmaData standard deviation of the mels in the denoiser's range, 0.001 to 10; only edm reads it
     * @param specMin the value that maps to -1, one for all bins or one per bin (at most 2048), log10, each -100 to 100
     * @param specMax the value that maps to 1, one for all bins or one per bin (at most 2048), log10, each -100 to 100
     */
    public record Noise(
            int steps,
            int kStep,
            String schedule,
            double maxBeta,
            String prediction,
            double sigmaData,
            List<Double> specMin,
            List<Double> specMax) {
        /** Checks the numbers. A bin with one value only, as in a band without sound, has equal minimum and maximum. */
        public Noise {
            Bound.whole(STAGE, "noise.steps", steps, 1, MOST_STEPS);
            Bound.whole(STAGE, "noise.k_step", kStep, 0, steps);
            oneOf("noise.schedule", schedule, "linear", "cosine");
            Bound.number(STAGE, "noise.max_beta", maxBeta, 1e-6, 0.9999);
            PredictionKind.named(present("noise.prediction", prediction));
            Bound.number(STAGE, "noise.sigma_data", sigmaData, 1e-3, 10);
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

        /** What {@code prediction} names. */
        public PredictionKind predicts() {
            return PredictionKind.named(prediction);
        }

        public Noise steps(int steps) {
            return Components.copy(this, "steps", steps);
        }

        public Noise kStep(int kStep) {
            return Components.copy(this, "kStep", kStep);
        }

        public Noise schedule(String schedule) {
            return Components.copy(this, "schedule", schedule);
        }

        public Noise maxBeta(double maxBeta) {
            return Components.copy(this, "maxBeta", maxBeta);
        }

        public Noise prediction(String prediction) {
            return Components.copy(this, "prediction", prediction);
        }

        public Noise sigmaData(double sigmaData) {
            return Components.copy(this, "sigmaData", sigmaData);
        }

        public Noise specMin(List<Double> specMin) {
            return Components.copy(this, "specMin", specMin);
        }

        public Noise specMax(List<Double> specMax) {
            return Components.copy(this, "specMax", specMax);
        }

        /** Sets both ends of the mel range at once: of two edits the first could be refused. */
        public Noise spec(List<Double> min, List<Double> max) {
            return new Noise(steps, kStep, schedule, maxBeta, prediction, sigmaData, min, max);
        }

        /** Returns how many diffusion steps training drew from: k_step, or all; 1 to steps. */
        public int trainedSteps() {
            return trainedSteps(steps);
        }

        /**
         * The same where a checkpoint has its own schedule, whose number of steps wins over {@link #steps}.
         *
         * @param all S of the schedule in use
         * @return 1 to all
         * @throws Problem where k_step is more than all
         */
        public int trainedSteps(int all) {
            return kStep == 0 || kStep == steps ? all : (int) Bound.whole(STAGE, "noise.k_step", kStep, 1, all);
        }
    }

    /**
     * From recordings to clips. A change makes preprocessing cut or analyse the clips again.
     *
     * @param silenceDb level below which a recording is cut, dB of full scale, -200 to 0
     * @param minPhraseMs least time between two cuts, 1 to 3600000
     * @param minClipSeconds shorter clips are left out, and reported; 0.01 to 3600
     * @param maxClipSeconds longer phrases are cut at their quietest point; 0.01 to 3600
     * @param validShare share of the seconds kept for validation, whole recordings only, 0 to 1
     * @param testShare share of the seconds that no training run uses, whole recordings only, 0 to 1
     * @param keyShifts semitones, each -48 to 48, at most 1024; each makes one more copy of every clip, with pitch,
     *     formants and F0 shifted together
     * @param unitSpeeds speeds at which the encoder reads a clip, 1 = unchanged, each 0.1 to 10, at most 1024; a slower
     *     one has the formants of a longer vocal tract, so the model learns from the units of other voices
     * @param sungShare share of the recordings, 0 to 1, that is added a second time, vocoded on the notes of a melody
     *     and longer; for a voice of which only speech exists
     * @param seed of the split and of those melodies
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

        public Dataset silenceDb(double silenceDb) {
            return Components.copy(this, "silenceDb", silenceDb);
        }

        public Dataset minPhraseMs(double minPhraseMs) {
            return Components.copy(this, "minPhraseMs", minPhraseMs);
        }

        public Dataset minClipSeconds(double minClipSeconds) {
            return Components.copy(this, "minClipSeconds", minClipSeconds);
        }

        public Dataset maxClipSeconds(double maxClipSeconds) {
            return Components.copy(this, "maxClipSeconds", maxClipSeconds);
        }

        public Dataset validShare(double validShare) {
            return Components.copy(this, "validShare", validShare);
        }

        public Dataset testShare(double testShare) {
            return Components.copy(this, "testShare", testShare);
        }

        public Dataset keyShifts(List<Double> keyShifts) {
            return Components.copy(this, "keyShifts", keyShifts);
        }

        public Dataset unitSpeeds(List<Double> unitSpeeds) {
            return Components.copy(this, "unitSpeeds", unitSpeeds);
        }

        public Dataset sungShare(double sungShare) {
            return Components.copy(this, "sungShare", sungShare);
        }

        public Dataset seed(long seed) {
            return Components.copy(this, "seed", seed);
        }
    }

    /**
     * Joint training of embedding and denoiser.
     *
     * @param lr learning rate of AdamW, 1e-12 to 10
     * @param beta1 0 to below 1
     * @param beta2 0 to below 1
     * @param eps 1e-20 to 1
     * @param weightDecay 0 to 10
     * @param decaySteps updates after which the learning rate halves, 1 to 2147483647
     * @param clipGradNorm greatest norm of the gradients, 0 to 1e9; 0 = not clipped
     * @param loss l2 or l1, the mean over all elements
     * @param precision of the denoiser forward and backward, float32 or bfloat16; weights and optimizer are float32
     * @param batch clips per batch, 0 to 4096; 0 = as many as the memory limit allows
     * @param accumulate batches whose gradients one update sums, 1 to 65536
     * @param cropFrames T of a clip, cropped at random, 0 to 1000000; 0 = whole clips, in batches of like lengths
     * @param volumeDb greatest random change of a clip's level, 0 to 120; 0 = unchanged
     * @param unitNoise deviation of what is added to units, as a share of each channel's own, 0 to 10; 0 = unchanged
     * @param steps updates in all, 0 to 1000000000
     * @param saveEvery updates between two checkpoints, 1 to 1000000000
     * @param keep newest checkpoints that are kept, 1 to 1000000
     * @param keepEvery checkpoints whose step this divides are kept for good, 0 to 1000000000; 0 = none
     * @param validEvery updates between two validations, 0 to 1000000000; 0 = never
     * @param emaDecay decay of the averaged weights that are saved as the voice, 0 to below 1; 0 = no average
     * @param savedWeights type of the weights in the voice's files, float32, float16 or bfloat16
     * @param savedLevels levels of saved weights within one deviation of their tensor, 0 to 1024; 0 = not rounded
     * @param warmStart whether training starts from a denoiser that passes its input through (decision 22)
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
            String precision,
            int batch,
            int accumulate,
            int cropFrames,
            double volumeDb,
            double unitNoise,
            int steps,
            int saveEvery,
            int keep,
            int keepEvery,
            int validEvery,
            double emaDecay,
            String savedWeights,
            int savedLevels,
            boolean warmStart,
            long seed) {
        public Training {
            Bound.number(STAGE, "training.lr", lr, 1e-12, 10);
            Bound.number(STAGE, "training.beta1", beta1, 0, BELOW_ONE);
            Bound.number(STAGE, "training.beta2", beta2, 0, BELOW_ONE);
            Bound.number(STAGE, "training.eps", eps, 1e-20, 1);
            Bound.number(STAGE, "training.weight_decay", weightDecay, 0, 10);
            Bound.whole(STAGE, "training.decay_steps", decaySteps, 1, Integer.MAX_VALUE);
            Bound.number(STAGE, "training.clip_grad_norm", clipGradNorm, 0, 1e9);
            oneOf("training.loss", loss, "l1", "l2");
            oneOf("training.precision", precision, "float32", "bfloat16");
            oneOf("training.saved_weights", savedWeights, "float32", "float16", "bfloat16");
            Bound.whole(STAGE, "training.saved_levels", savedLevels, 0, 1024);
            Bound.whole(STAGE, "training.batch", batch, 0, 4096);
            Bound.whole(STAGE, "training.accumulate", accumulate, 1, 65_536);
            Bound.whole(STAGE, "training.crop_frames", cropFrames, 0, 1_000_000);
            Bound.number(STAGE, "training.volume_db", volumeDb, 0, 120);
            Bound.number(STAGE, "training.unit_noise", unitNoise, 0, 10);
            Bound.whole(STAGE, "training.steps", steps, 0, 1_000_000_000);
            Bound.whole(STAGE, "training.save_every", saveEvery, 1, 1_000_000_000);
            Bound.whole(STAGE, "training.keep", keep, 1, 1_000_000);
            Bound.whole(STAGE, "training.keep_every", keepEvery, 0, 1_000_000_000);
            Bound.whole(STAGE, "training.valid_every", validEvery, 0, 1_000_000_000);
            Bound.number(STAGE, "training.ema_decay", emaDecay, 0, BELOW_ONE);
        }

        public Training lr(double lr) {
            return Components.copy(this, "lr", lr);
        }

        public Training beta1(double beta1) {
            return Components.copy(this, "beta1", beta1);
        }

        public Training beta2(double beta2) {
            return Components.copy(this, "beta2", beta2);
        }

        public Training eps(double eps) {
            return Components.copy(this, "eps", eps);
        }

        public Training weightDecay(double weightDecay) {
            return Components.copy(this, "weightDecay", weightDecay);
        }

        public Training decaySteps(int decaySteps) {
            return Components.copy(this, "decaySteps", decaySteps);
        }

        public Training clipGradNorm(double clipGradNorm) {
            return Components.copy(this, "clipGradNorm", clipGradNorm);
        }

        public Training loss(String loss) {
            return Components.copy(this, "loss", loss);
        }

        public Training precision(String precision) {
            return Components.copy(this, "precision", precision);
        }

        public Training batch(int batch) {
            return Components.copy(this, "batch", batch);
        }

        public Training accumulate(int accumulate) {
            return Components.copy(this, "accumulate", accumulate);
        }

        public Training cropFrames(int cropFrames) {
            return Components.copy(this, "cropFrames", cropFrames);
        }

        public Training volumeDb(double volumeDb) {
            return Components.copy(this, "volumeDb", volumeDb);
        }

        public Training unitNoise(double unitNoise) {
            return Components.copy(this, "unitNoise", unitNoise);
        }

        public Training steps(int steps) {
            return Components.copy(this, "steps", steps);
        }

        public Training saveEvery(int saveEvery) {
            return Components.copy(this, "saveEvery", saveEvery);
        }

        public Training keep(int keep) {
            return Components.copy(this, "keep", keep);
        }

        public Training keepEvery(int keepEvery) {
            return Components.copy(this, "keepEvery", keepEvery);
        }

        public Training validEvery(int validEvery) {
            return Components.copy(this, "validEvery", validEvery);
        }

        public Training emaDecay(double emaDecay) {
            return Components.copy(this, "emaDecay", emaDecay);
        }

        public Training savedWeights(String savedWeights) {
            return Components.copy(this, "savedWeights", savedWeights);
        }

        public Training savedLevels(int savedLevels) {
            return Components.copy(this, "savedLevels", savedLevels);
        }

        public Training warmStart(boolean warmStart) {
            return Components.copy(this, "warmStart", warmStart);
        }

        public Training seed(long seed) {
            return Components.copy(this, "seed", seed);
        }
    }

    /**
     * A conversion.
     *
     * @param sampler a {@link SamplerKind} by its text
     * @param steps network evaluations, 1 to 100000, spread over the diffusion steps that are sampled: noise.k_step, or
     *     add_noise_step with use_gt_mel; with quirks=python they count all of noise.steps, which they must divide
     * @param temperature standard deviation of the noise that sampling starts from, and of what ddpm adds, 0 to 2; 1 =
     *     as trained, below it samples lie nearer to the mean of what the network expects
     * @param key shift of the F0 in semitones, -48 to 48
     * @param autoKey whether to shift by further whole semitones to the median F0 that the voice was trained on
     * @param useGtMel whether sampling starts from the noised source mel instead of pure noise
     * @param addNoiseStep diffusion step at which that start lies, 1 to 100000: 1 = source, noise.steps = pure noise
     * @param pythonOrder whether random numbers come from one stream in the Python project's order, instead of one
     *     stream per purpose
     * @param threads of the engine, 0 to 1024; 0 = the engine's choice
     * @param precision a {@link Precision} by its text
     * @param format wav or flac
     * @param depth 16, 24, float or 32 (= float)
     * @param sliceDb level below which a song is cut, dB of full scale, -200 to 0; silence there stays silence
     * @param sliceSeconds longest slice, 0.5 to 3600; one without a pause is cut at its quietest point and crossfaded
     */
    public record Infer(
            String sampler,
            int steps,
            double temperature,
            double key,
            boolean autoKey,
            boolean useGtMel,
            int addNoiseStep,
            long seed,
            boolean pythonOrder,
            int threads,
            String precision,
            String format,
            String depth,
            double sliceDb,
            double sliceSeconds) {
        public Infer {
            SamplerKind.named(present("infer.sampler", sampler));
            Bound.whole(STAGE, "infer.steps", steps, 1, MOST_STEPS);
            Bound.number(STAGE, "infer.temperature", temperature, 0, 2);
            Bound.number(STAGE, "infer.key", key, -MOST_KEY, MOST_KEY);
            Bound.whole(STAGE, "infer.add_noise_step", addNoiseStep, 1, MOST_STEPS);
            Bound.whole(STAGE, "infer.threads", threads, 0, 1024);
            Precision.named(present("infer.precision", precision));
            format = oneOf("infer.format", present("infer.format", format).toLowerCase(Locale.ROOT), "wav", "flac");
            depth = oneOf(
                    "infer.depth", present("infer.depth", depth).toLowerCase(Locale.ROOT), "16", "24", "float", "32");
            Bound.number(STAGE, "infer.slice_db", sliceDb, -200, 0);
            Bound.number(STAGE, "infer.slice_seconds", sliceSeconds, 0.5, 3600);
        }

        public Infer sampler(String sampler) {
            return Components.copy(this, "sampler", sampler);
        }

        public Infer steps(int steps) {
            return Components.copy(this, "steps", steps);
        }

        public Infer temperature(double temperature) {
            return Components.copy(this, "temperature", temperature);
        }

        public Infer key(double key) {
            return Components.copy(this, "key", key);
        }

        public Infer autoKey(boolean autoKey) {
            return Components.copy(this, "autoKey", autoKey);
        }

        public Infer useGtMel(boolean useGtMel) {
            return Components.copy(this, "useGtMel", useGtMel);
        }

        public Infer addNoiseStep(int addNoiseStep) {
            return Components.copy(this, "addNoiseStep", addNoiseStep);
        }

        public Infer seed(long seed) {
            return Components.copy(this, "seed", seed);
        }

        public Infer pythonOrder(boolean pythonOrder) {
            return Components.copy(this, "pythonOrder", pythonOrder);
        }

        public Infer threads(int threads) {
            return Components.copy(this, "threads", threads);
        }

        public Infer precision(String precision) {
            return Components.copy(this, "precision", precision);
        }

        public Infer format(String format) {
            return Components.copy(this, "format", format);
        }

        public Infer depth(String depth) {
            return Components.copy(this, "depth", depth);
        }

        public Infer sliceDb(double sliceDb) {
            return Components.copy(this, "sliceDb", sliceDb);
        }

        public Infer sliceSeconds(double sliceSeconds) {
            return Components.copy(this, "sliceSeconds", sliceSeconds);
        }
    }

    /**
     * From mel and F0 to a wave.
     *
     * @param kind source_filter, nsf_hifigan or hifigan
     * @param file name of a file in the voice's folder or in models/frozen; empty for source_filter, which has no
     *     weights
     * @param sha256 of that file, hexadecimal; empty = not checked
     * @param builtIn whether the source-filter vocoder replaces it; the front end stays that of {@code kind}
     */
    public record Vocoder(String kind, String file, String sha256, boolean builtIn) {
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

        public Vocoder kind(String kind) {
            return Components.copy(this, "kind", kind);
        }

        public Vocoder file(String file) {
            return Components.copy(this, "file", file);
        }

        public Vocoder sha256(String sha256) {
            return Components.copy(this, "sha256", sha256);
        }

        public Vocoder builtIn(boolean builtIn) {
            return Components.copy(this, "builtIn", builtIn);
        }
    }

    /**
     * The F0 of the training clips, voiced frames only; 0 and empty if unknown.
     *
     * @param medianHz 0 to 384000
     * @param lowHz the 5th percentile, 0 to 384000
     * @param highHz the 95th percentile, 0 to 384000
     * @param semitones share of the voiced frames in each semitone above pitch.f0_min_hz, each 0 to 1, at most 1024
     */
    public record Range(double medianHz, double lowHz, double highHz, List<Double> semitones) {
        public Range {
            Bound.number(STAGE, "range.median_hz", medianHz, 0, MOST_HZ);
            Bound.number(STAGE, "range.low_hz", lowHz, 0, MOST_HZ);
            Bound.number(STAGE, "range.high_hz", highHz, 0, MOST_HZ);
            semitones = numbers("range.semitones", semitones, 0, 1, MOST_ENTRIES);
        }

        public Range medianHz(double medianHz) {
            return Components.copy(this, "medianHz", medianHz);
        }

        public Range lowHz(double lowHz) {
            return Components.copy(this, "lowHz", lowHz);
        }

        public Range highHz(double highHz) {
            return Components.copy(this, "highHz", highHz);
        }

        public Range semitones(List<Double> semitones) {
            return Components.copy(this, "semitones", semitones);
        }
    }
}
