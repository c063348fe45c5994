package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.F0Track;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.Spacing;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.testing.Golden;
import diffsvc.vocoder.HarmonicSource;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;

/**
 * The whole way from a file to the wave against the reference's, key shifts and the start from the source mel included.
 */
class EndToEndGoldenTest {
    @Test
    void fromTheFileToTheWave() {
        Path folder = Golden.FOLDER.resolve("e2e");
        Hparams h = Hparams.ofPython(folder.resolve("svc/config.yaml"));
        StateDict state = StateDict.read(Golden.ckpt("e2e/svc"));
        try (Golden g = new Golden("e2e.npz");
                HubertSoft encoder = HubertSoft.load(
                        g.manager(),
                        folder.resolve("hubert/hubert_soft.pt"),
                        Golden.heads("e2e/hubert/hubert_soft.pt"));
                EmbeddingModel embedding = EmbeddingModel.load(g.manager(), h, state);
                WaveNet net = WaveNet.load(g.manager(), h, state);
                HifiGan vocoder = HifiGan.load(
                        g.manager(), VocoderKind.NSF_HIFIGAN, Golden.FOLDER.resolve("nsf_hifigan/model"))) {
            Wave song = WavReader.read(folder.resolve("input.wav"));
            MelSpectrogram front = new MelSpectrogram(h.audio(), h.quirks());
            float[] signal = front.signal(song);
            g.same("wav_" + h.audio().sampleRateHz(), signal);
            NDArray mel = front.of(g.manager(), signal);
            g.same("mel_in", mel);
            NDArray units = encoder.extract(HubertSoft.input(g.manager(), song)).units();
            g.same("units", units);
            Conds2Tensor align = new Conds2Tensor(h.pitch(), h.quirks());
            int frames = (int) mel.getShape().get(1);
            Conds2Tensor.Conds conds = align.align(g.manager(), units, F0Track.of(new float[frames], 1), mel);
            g.sameIds("mel2ph", conds.mel2ph().toLongArray());
            g.same("energy", conds.energy());

            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            for (MatchResult found : g.matching("(.+/)params")) {
                String p = found.group(1);
                long[] params = g.longs(found.group()); // semitones, interval, add_noise_step
                g.same(p + "f0_log2_shifted", align.shift(g.get("f0_log2"), params[0]));
                EmbeddingModel.Condition c = embedding.embed(new Conds2Tensor.Conds(
                        g.get("units"), g.get("mel2ph"), g.get(p + "f0_log2_shifted"), g.get("energy")));
                g.same(p + "f0_denorm", c.f0Denorm());
                g.sameIds(p + "pitch_ids", c.pitchIds().toLongArray());
                g.same(p + "cond", c.forDenoiser());
                boolean fromMel = params[2] > 0;
                NDArray start = fromMel
                        ? noise.noised(
                                range.norm(g.get("mel_in")),
                                g.manager().create(new long[] {params[2] - 1}),
                                g.get("gt_noise"))
                        : g.get("x_T");
                NDArray x = Denoising.run(
                        new Plms(noise),
                        (v, t) -> net.predict(
                                v, v.getManager().full(new Shape(v.getShape().get(0)), (float) t), c.forDenoiser()),
                        start,
                        Spacing.LEADING.every(fromMel ? (int) params[2] : noise.steps(), (int) params[1]));
                NDArray melOut = range.denorm(x, g.get("mel2ph"));
                g.same(p + "mel_out", melOut);
                vocode(g, p, h, vocoder);
            }
        }
    }

    /** The last stage, fed the stored mel and F0: source, wave, and what fills the chunk's missing tail. */
    private static void vocode(Golden g, String p, Hparams h, HifiGan vocoder) {
        NDArray clipped = g.get(p + "mel_out")
                .squeeze(0)
                .maximum((float) h.audio().melVmin())
                .minimum((float) h.audio().melVmax());
        g.same(p + "vocoder_mel", clipped);
        g.same(p + "vocoder_f0", g.get(p + "f0_denorm").squeeze(0));
        NDArray f0 = g.get(p + "vocoder_f0").expandDims(0);
        NDArray noise = g.get("noise_int8").toType(DataType.FLOAT32, true).div(32);
        NDArray source = vocoder.source(f0, new HarmonicSource.Draw(g.get("phase"), noise), (name, value) -> {});
        g.same(p + "source", source.get("0, 0, :" + g.get(p + "source").size()));
        NDArray log = g.get(p + "vocoder_mel").mul(HifiGan.LN_10).transpose().expandDims(0);
        float[] wave = vocoder.wave(log, source, (name, value) -> {}).toFloatArray();
        g.same(p + "wav", wave);
        float[] fitted = Vocoder.fit(wave, (int) g.longs(p + "final_len")[0], Hparams.Quirks.PYTHON);
        int tail = (int) g.get(p + "final_tail").size();
        g.same(p + "final_tail", Arrays.copyOfRange(fitted, fitted.length - tail, fitted.length));
    }
}
