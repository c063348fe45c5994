package diffsvc.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.vocoder.VocoderConfig;

/** Stages that a song goes through before the diffusion: mel, F0 by each extractor, content units. */
final class AnalysisStages {
    private AnalysisStages() {}

    static Runnable mel(BenchSetting s) {
        FrontEnd front = FrontEnd.of(s.hparams());
        float[] signal = s.sung().first();
        return () -> {
            try (NDManager scratch = s.manager().newSubManager()) {
                front.of(scratch, signal).toFloatArray();
            }
        };
    }

    static Runnable praat(BenchSetting s) {
        return f0(s, PraatPitch.of(s.hparams().pitch()));
    }

    static Runnable crepe(BenchSetting s) {
        return f0(s, crepe(s, Crepe.published()));
    }

    static Runnable crepeTiny(BenchSetting s) {
        return f0(s, crepe(s, Crepe.publishedTiny()));
    }

    private static CrepePitch crepe(BenchSetting s, int[] channels) {
        return new CrepePitch(
                Crepe.random(s.manager(), channels, 5), s.hparams().pitch(), Hparams.Quirks.FIXED);
    }

    private static Runnable f0(BenchSetting s, PitchExtractor extractor) {
        Wave song = s.sung();
        int hop = s.hparams().audio().hopSamples(), frames = s.frames();
        return () -> extractor.f0(song, hop, frames, 0);
    }

    /** F0 of a mel, as 24 kHz voices have it: the mel of their vocoder, of random values. */
    static Runnable melPitch(BenchSetting s) {
        VocoderConfig audio = VocoderConfig.published(VocoderKind.HIFIGAN);
        XiaomaPe net = XiaomaPe.random(s.manager(), XiaomaPe.Sizes.PUBLISHED, 6);
        int frames = s.frames(audio.rateHz() / (double) audio.hopSamples());
        NDArray mel = s.manager().randomNormal(new Shape(1, frames, audio.mels()));
        return () -> {
            try (NDManager scratch = s.manager().newSubManager()) {
                XiaomaPe.Pitch pitch = net.extract(mel, false);
                pitch.prediction().attach(scratch);
                pitch.f0Hz().attach(scratch);
                pitch.f0Hz().toFloatArray();
            }
        };
    }

    static Runnable hubert(BenchSetting s) {
        return content(s, s.hubert());
    }

    static Runnable whisper(BenchSetting s) {
        return content(
                s, WhisperEncoder.random(s.manager(), WhisperEncoder.Sizes.TINY, WhisperEncoder.Form.PLACELESS, 7));
    }

    private static Runnable content(BenchSetting s, ContentEncoder net) {
        Wave wave = s.sung(net.sampleRateHz());
        return () -> {
            try (NDManager scratch = s.manager().newSubManager()) {
                net.units(scratch, wave, s.precision().denoiser()).toFloatArray();
            }
        };
    }
}
