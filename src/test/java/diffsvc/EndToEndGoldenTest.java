package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.praat.F0Track;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The whole way from a file to the sampled mel against the reference's, key shifts and the start from the source mel included. */
class EndToEndGoldenTest {
    @Test void fromTheFileToTheSampledMel() {
        Path folder = Golden.FOLDER.resolve("e2e");
        Hparams h = Hparams.ofPython(folder.resolve("svc/config.yaml"));
        StateDict state = StateDict.read(folder.resolve("svc/model_ckpt_steps_500.ckpt"));
        Matcher heads = Pattern.compile("'heads': (\\d+)").matcher(Golden.file("e2e/hubert/hubert_soft.pt").get("note").getAsString());
        assertTrue(heads.find());
        try (Golden g = new Golden("e2e.npz"); HubertSoft encoder = HubertSoft.load(g.manager(), folder.resolve("hubert/hubert_soft.pt"), Integer.parseInt(heads.group(1)));
                EmbeddingModel embedding = EmbeddingModel.load(g.manager(), h, state); WaveNet net = WaveNet.load(g.manager(), h, state)) {
            Wave song = WavReader.read(folder.resolve("input.wav"));
            MelSpectrogram front = new MelSpectrogram(h.audio(), h.quirks());
            float[] signal = front.signal(song);
            g.same("wav_44100", signal);
            NDArray mel = front.of(g.manager(), signal);
            g.same("mel_in", mel.expandDims(0));
            NDArray units = encoder.extract(HubertSoft.listen(g.manager(), song)).units();
            g.same("units", units);
            Conds2Tensor align = new Conds2Tensor(h.pitch(), h.quirks());
            int frames = (int) mel.getShape().get(0);
            Conds2Tensor.Conds conds = align.align(g.manager(), units, F0Track.of(new float[frames], 1), mel);
            g.sameIds("mel2ph", conds.mel2ph().toLongArray());
            g.same("energy", conds.energy());

            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            int cases = 0;
            for (String name : g.names()) {
                if (!name.endsWith("/params")) {
                    continue;
                }
                String p = name.substring(0, name.length() - "params".length());
                long[] params = g.longs(name);                                  // semitones, interval, add_noise_step
                g.same(p + "f0_log2_shifted", align.shift(g.get("f0_log2"), params[0]));
                EmbeddingModel.Condition c = embedding.embed(new Conds2Tensor.Conds(g.get("units"), g.get("mel2ph"), g.get(p + "f0_log2_shifted"), g.get("energy")));
                g.same(p + "f0_denorm", c.f0Denorm());
                g.sameIds(p + "pitch_ids", c.pitchIds().toLongArray());
                g.same(p + "cond", c.forDenoiser());
                Plms plms = new Plms(noise, (int) params[1]);
                boolean fromMel = params[2] > 0;
                NDArray start = fromMel ? noise.noised(range.norm(g.get("mel_in")), g.manager().create(new long[] {params[2] - 1}), g.get("gt_noise")) : g.get("x_T");
                NDArray x = Denoising.run(plms, (v, t) -> net.predict(v, v.getManager().full(new Shape(1), t), c.forDenoiser()), null, start,
                        plms.times(fromMel ? (int) params[2] : noise.steps(), 0), (i, n, t, s) -> { });
                g.same(p + "mel_out", range.denorm(x, g.get("mel2ph")));
                cases++;
            }
            assertEquals(true, cases >= 3, "cases: " + cases);
        }
    }
}
