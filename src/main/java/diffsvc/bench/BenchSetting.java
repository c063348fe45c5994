package diffsvc.bench;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.ComputeDevice;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.VocoderConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What the stages of a measurement share: settings, sound, and the networks of published sizes that several of them
 * run. Each network opens when it is first asked for.
 */
final class BenchSetting implements AutoCloseable {
    static final double SUNG_HZ = 220;
    private final ComputeDevice device;
    private final NDManager manager;
    private final Hparams hparams;
    private final Precision precision;
    private final double seconds;
    private final List<Runnable> closing = new ArrayList<>();
    private HubertSoft hubert;
    private WaveNetScript denoiser;
    private HifiGan vocoder;

    BenchSetting(double seconds, Precision precision, Hparams hparams, ComputeDevice device) {
        this.seconds = seconds;
        this.precision = precision;
        this.hparams = hparams;
        this.device = device;
        manager = device.newManager();
    }

    NDManager manager() {
        return manager;
    }

    ComputeDevice device() {
        return device;
    }

    Hparams hparams() {
        return hparams;
    }

    Precision precision() {
        return precision;
    }

    /** Mel frames of the sound at the voice's rate. */
    int frames() {
        return frames(hparams.audio().framesPerSecond());
    }

    int frames(double framesPerSecond) {
        return (int) Math.round(seconds * framesPerSecond);
    }

    /** A tone with overtones and some noise, one channel. */
    Wave sung(int rateHz) {
        Random random = new Random(1);
        float[] x = new float[(int) Math.round(seconds * rateHz)];
        for (int i = 0; i < x.length; i++) {
            double phase = 2 * Math.PI * SUNG_HZ * i / rateHz;
            x[i] = (float) (0.2 * Math.sin(phase) + 0.1 * Math.sin(2 * phase) + 0.01 * random.nextGaussian());
        }
        return Wave.mono(x, rateHz);
    }

    /** The same sound at the voice's rate. */
    Wave sung() {
        return sung(hparams.audio().sampleRateHz());
    }

    HubertSoft hubert() {
        if (hubert == null) {
            hubert = HubertSoft.random(manager, HubertSoft.Sizes.PUBLISHED, 1);
        }
        return hubert;
    }

    WaveNetScript denoiser() {
        if (denoiser == null) {
            try (WaveNet net = WaveNet.random(manager, WaveNet.Sizes.of(hparams), 3)) {
                denoiser = WaveNetScript.of(manager, net, precision.denoiser());
            }
        }
        return denoiser;
    }

    HifiGan vocoder() {
        if (vocoder == null) {
            VocoderKind kind = VocoderKind.NSF_HIFIGAN;
            vocoder = HifiGan.random(manager, kind, VocoderConfig.published(kind), 4);
        }
        return vocoder;
    }

    /** What {@link #close} does too, for a stage that opened something of its own. */
    void atTheEnd(Runnable close) {
        closing.add(close);
    }

    @Override
    public void close() {
        closing.forEach(Runnable::run);
        manager.close();
    }
}
