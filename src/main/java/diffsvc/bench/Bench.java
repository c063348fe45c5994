package diffsvc.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Bound;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.F0Track;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.Draw;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.Samplers;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.ComputeDevice;
import diffsvc.random.RandomSource;
import diffsvc.training.TrainingRun;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.VocoderConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The stages at the published sizes (HuBERT-soft, 20 layers of 384 channels, NSF-HiFiGAN) with random weights, as calls
 * that can be timed. Each network opens with the first stage that needs it.
 */
public final class Bench implements AutoCloseable {
    private static final int EVALUATIONS = 20;
    private static final double SUNG_HZ = 220;
    private final NDManager manager;
    private final Map<BenchStage, Runnable> works = new EnumMap<>(BenchStage.class);
    private final Hparams hparams;
    private final Precision precision;
    private final double seconds;
    private final int frames;
    private HubertSoft hubert;
    private WaveNetScript denoiser;
    private HifiGan vocoder;
    private TrainingRun run;

    /**
     * Opens nothing yet.
     *
     * @param seconds of sound, 0.1 to 60
     * @param precision of the networks, not auto
     * @param overrides of the published settings, key=value separated by commas
     * @param device of all networks
     */
    public Bench(double seconds, Precision precision, String overrides, ComputeDevice device) {
        Bound.number("bench", "--seconds", seconds, 0.1, 60);
        Hparams base = Hparams.defaults();
        frames = (int) Math.round(seconds * base.audio().framesPerSecond());
        hparams = Arg2Hparams.apply(
                base, Arg2Hparams.join("project=bench,training.batch=1,training.crop_frames=" + frames, overrides));
        this.seconds = seconds;
        this.precision = precision;
        manager = device.newManager();
    }

    /**
     * Runs a stage {@code warmUp} times without timing, and then {@code repeat} times.
     *
     * @param warmUp repetitions that do not count
     */
    public Timing time(BenchStage stage, int warmUp, int repeat) {
        Runnable work = works.computeIfAbsent(stage, this::work);
        for (int i = 0; i < warmUp; i++) {
            work.run();
        }
        List<Double> took = new ArrayList<>();
        for (int i = 0; i < repeat; i++) {
            long start = System.nanoTime();
            work.run();
            took.add((System.nanoTime() - start) / 1e9);
        }
        return new Timing(took);
    }

    private Runnable work(BenchStage stage) {
        return switch (stage) {
            case MEL -> mel();
            case F0 -> f0();
            case HUBERT -> hubert();
            case DENOISER -> denoiser();
            case VOCODER -> vocoder();
            case END_TO_END -> endToEnd();
            case TRAIN -> train();
        };
    }

    private Runnable mel() {
        FrontEnd front = FrontEnd.of(hparams);
        float[] signal = sung(hparams.audio().sampleRateHz()).first();
        return () -> {
            try (NDManager scratch = manager.newSubManager()) {
                front.of(scratch, signal).toFloatArray();
            }
        };
    }

    private Runnable f0() {
        Wave signal = sung(hparams.audio().sampleRateHz());
        PraatPitch praat = PraatPitch.of(hparams.pitch());
        return () -> praat.f0(signal, hparams.audio().hopSamples(), frames, 0);
    }

    private Runnable hubert() {
        HubertSoft net = openHubert();
        Wave wave = sung(HubertSoft.RATE_HZ);
        return () -> {
            try (NDManager scratch = manager.newSubManager()) {
                net.units(scratch, wave, precision.denoiser()).toFloatArray();
            }
        };
    }

    private Runnable denoiser() {
        WaveNetScript net = openDenoiser();
        NDArray cond = manager.randomNormal(new Shape(1, hparams.embedding().hiddenSize(), frames)),
                spec = manager.randomNormal(new Shape(1, 1, hparams.audio().melBins(), frames));
        Sampler.Eps eps = net.given(cond);
        return () -> {
            try (NDManager scratch = manager.newSubManager()) {
                NDArray predicted = eps.at(spec, 500);
                predicted.attach(scratch);
                predicted.getFloat(0, 0, 0, 0); // a GPU works on while Java goes on; a value has to wait for it
            }
        };
    }

    private Runnable vocoder() {
        HifiGan net = openVocoder();
        NDArray mel = manager.randomNormal(new Shape(1, frames, net.config().mels()));
        float[] f0 = new float[frames];
        Arrays.fill(f0, (float) SUNG_HZ);
        return () -> vocode(net, mel, f0);
    }

    private void vocode(HifiGan net, NDArray mel, float[] f0) {
        boolean[] voiced = new boolean[f0.length];
        Arrays.fill(voiced, true);
        net.vocode(
                mel,
                f0,
                voiced,
                f0.length * net.config().hopSamples(),
                RandomSource.keyed(1),
                Hparams.Quirks.FIXED,
                precision.vocoder());
    }

    private Runnable endToEnd() {
        HubertSoft encoder = openHubert();
        WaveNetScript net = openDenoiser();
        HifiGan gan = openVocoder();
        EmbeddingModel embedding = EmbeddingModel.random(manager, hparams, 2);
        PraatPitch praat = PraatPitch.of(hparams.pitch());
        FrontEnd front = FrontEnd.of(hparams);
        NoiseSchedule schedule = NoiseSchedule.of(hparams.noise());
        MelRange range = MelRange.of(hparams.noise());
        Sampler sampler = Samplers.unipc(2).on(schedule, Draw.seeded(1));
        Wave song = sung(hparams.audio().sampleRateHz());
        return () -> {
            try (NDManager scratch = manager.newSubManager()) {
                NDArray mel = front.of(scratch, song.first());
                int t = (int) mel.getShape().get(1);
                F0Track f0 = praat.f0(song, hparams.audio().hopSamples(), t, 0);
                NDArray units = encoder.units(scratch, song, precision.denoiser());
                Condition condition = embedding.embed(
                        new Conds2Tensor(hparams.pitch(), hparams.quirks()).align(scratch, units, f0, mel));
                NDArray noise =
                        scratch.randomNormal(new Shape(1, 1, hparams.audio().melBins(), t), DataType.FLOAT32);
                NDArray x = Denoising.run(
                        sampler,
                        net.given(condition.forDenoiser()),
                        noise,
                        sampler.times(schedule.steps(), EVALUATIONS));
                vocode(gan, range.denorm(x), condition.f0Denorm().toFloatArray());
            }
        };
    }

    private Runnable train() {
        Random random = new Random(1);
        int bins = hparams.audio().melBins(), width = hparams.embedding().hiddenSize();
        float[] mel = new float[frames * bins], units = new float[frames / 2 * width], f0 = new float[frames];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = (float) (-2.5 + 0.7 * random.nextGaussian());
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, (float) SUNG_HZ);
        run = new TrainingRun(
                manager, hparams, Dataset.of(List.of(Clip.of("noise", mel, bins, List.of(units), width, f0))));
        return run::update;
    }

    private HubertSoft openHubert() {
        if (hubert == null) {
            hubert = HubertSoft.random(manager, HubertSoft.Sizes.PUBLISHED, 1);
        }
        return hubert;
    }

    private WaveNetScript openDenoiser() {
        if (denoiser == null) {
            try (WaveNet net = WaveNet.random(manager, WaveNet.Sizes.of(hparams), 3)) {
                denoiser = WaveNetScript.of(manager, net, precision.denoiser());
            }
        }
        return denoiser;
    }

    private HifiGan openVocoder() {
        if (vocoder == null) {
            vocoder = HifiGan.random(
                    manager, VocoderKind.NSF_HIFIGAN, VocoderConfig.published(VocoderKind.NSF_HIFIGAN), 4);
        }
        return vocoder;
    }

    /** A tone with overtones and some noise, one channel. */
    private Wave sung(int rateHz) {
        Random random = new Random(1);
        float[] x = new float[(int) Math.round(seconds * rateHz)];
        for (int i = 0; i < x.length; i++) {
            double phase = 2 * Math.PI * SUNG_HZ * i / rateHz;
            x[i] = (float) (0.2 * Math.sin(phase) + 0.1 * Math.sin(2 * phase) + 0.01 * random.nextGaussian());
        }
        return Wave.mono(x, rateHz);
    }

    @Override
    public void close() {
        if (run != null) {
            run.close();
        }
        manager.close();
    }
}
