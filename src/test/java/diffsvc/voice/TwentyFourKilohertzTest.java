package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.AudioFile;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.infer.Inference;
import diffsvc.infer.Manifest;
import diffsvc.infer.Request;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The 24 kHz path from end to end with random weights: front end, HiFiGAN, F0 by the pitch extractor; and units that
 * come from a file. What random weights make leaves the voice's mel range many times over, so the range is a low one:
 * with a usual range the wave would pass the vocoder's limit of 100.
 */
@Tag("conversion")
class TwentyFourKilohertzTest {
    private static final Wave SONG = WavReader.read(Golden.FOLDER.resolve("e2e/input.wav"));
    private static final int UNITS =
            StateDict.read(Golden.FOLDER.resolve("e2e/hubert/hubert_soft.pt")).size("proj.weight", 0);

    /** The set's vocoder says what its front end is. */
    private static final Hparams.Audio AUDIO =
            Hparams.ofPython(Golden.FOLDER.resolve("hifigan_24k/config.yaml")).audio();

    @TempDir
    Path home;

    private Path config, checkpoint;

    @BeforeEach
    void makeAVoice() throws IOException {
        Path voice = Files.createDirectories(home.resolve("checkpoints/low"));
        config = Files.writeString(
                voice.resolve("config.yaml"),
                """
                audio_sample_rate: RATE
                hop_size: HOP
                win_size: WINDOW
                fft_size: FFT
                audio_num_mel_bins: BINS
                fmin: LOWEST
                fmax: HIGHEST
                f0_min: 50
                f0_max: 1100
                f0_bin: 256
                hidden_size: UNITS
                residual_channels: 16
                residual_layers: 2
                dilation_cycle_length: 2
                timesteps: 50
                max_beta: 0.06
                schedule_type: linear
                spec_min: [-5]
                spec_max: [-4]
                use_pitch_embed: true
                no_fs2: true
                pe_enable: true
                pe_ckpt: checkpoints/pe
                hubert_path: checkpoints/hubert/hubert_soft.pt
                vocoder: network.vocoders.hifigan.HifiGAN
                vocoder_ckpt: checkpoints/hifigan
                """
                        .replace("UNITS", String.valueOf(UNITS))
                        .replace("RATE", String.valueOf(AUDIO.sampleRateHz()))
                        .replace("HOP", String.valueOf(AUDIO.hopSamples()))
                        .replace("WINDOW", String.valueOf(AUDIO.windowSamples()))
                        .replace("FFT", String.valueOf(AUDIO.fftSize()))
                        .replace("BINS", String.valueOf(AUDIO.melBins()))
                        .replace("LOWEST", String.valueOf(AUDIO.fminHz()))
                        .replace("HIGHEST", String.valueOf(AUDIO.fmaxHz())));
        Hparams h = Hparams.ofPython(config);
        Map<String, TorchTensor> state = new LinkedHashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, WaveNet.Sizes.of(h), 1);
                EmbeddingModel embedding = EmbeddingModel.random(m, h, 2)) {
            NoiseSchedule.of(h.noise()).buffers().forEach((k, v) -> state.put("model." + k, v));
            MelRange.of(h.noise()).buffers().forEach((k, v) -> state.put("model." + k, v));
            state.putAll(net.weights().toTensors("model.denoise_fn."));
            state.putAll(embedding.weights().toTensors("model.fs2."));
        }
        checkpoint = voice.resolve("model_ckpt_steps_7.ckpt");
        TorchFile.write(checkpoint, Map.of("state_dict", state));
        copy("e2e/hubert/hubert_soft.pt", "hubert/hubert_soft.pt");
        copy("hifigan_24k/config.yaml", "hifigan/config.yaml");
        for (String[] model : new String[][] {{"hifigan_24k", "hifigan"}, {"pe", "pe"}}) {
            String name = Golden.ckpt(model[0]).getFileName().toString();
            copy(model[0] + "/" + name, model[1] + "/" + name);
        }
    }

    private void copy(String from, String to) throws IOException {
        Path target = home.resolve("checkpoints").resolve(to);
        Files.createDirectories(target.getParent());
        Files.copy(Golden.FOLDER.resolve(from), target);
    }

    @Test
    void aSongComesOutAt24Khz() {
        try (Voice voice =
                Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=5"))) {
            Wave signal = voice.signal(SONG);
            assertEquals(0, signal.samples() % AUDIO.hopSamples());
            NDArray mel = voice.mel(SONG);
            assertEquals(new Shape(1, signal.samples() / AUDIO.hopSamples(), AUDIO.melBins()), mel.getShape());
            Conversion conversion = voice.convert(SONG);
            assertEquals(AUDIO.sampleRateHz(), conversion.wave().sampleRateHz());
            assertEquals(
                    Math.round(SONG.seconds() * AUDIO.sampleRateHz()),
                    conversion.wave().samples());
            assertTrue(conversion.wave().peak() > 0);
            float[] song = voice.f0(signal).f0Hz();
            assertFalse(Arrays.equals(song, conversion.vocoderF0()), "F0 is the extractor's, not the song's");
        }
        try (Voice voice = Voice.open(
                config,
                checkpoint,
                h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=5,pitch.pe_enable=false"))) {
            assertTrue(voice.convert(SONG).wave().peak() > 0);
        }
    }

    private Path npy(String name, String descr, String shape, int values) throws IOException {
        String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
        header = header + " ".repeat((64 - (10 + header.length() + 1) % 64) % 64) + "\n";
        ByteBuffer b = ByteBuffer.allocate(10 + header.length() + 8 * values).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length())
                .put(header.getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < values; i++) {
            if (descr.equals("<f8")) {
                b.putDouble(Math.sin(i));
            } else {
                b.putFloat((float) Math.sin(i));
            }
        }
        return Files.write(home.resolve(name), Arrays.copyOf(b.array(), b.position()));
    }

    /**
     * The built-in vocoder takes the place of the project's own, through the same front end, and the report says so.
     */
    @Test
    void theBuiltInVocoderTakesThisFrontEndToo() throws IOException {
        try (Voice voice =
                Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=5"))) {
            assertTrue(voice.vocoderName().startsWith("hifigan, "), voice.vocoderName());
        }
        Wave song =
                AudioFile.read(Path.of("src/test/resources/songs/music2.wav")).slice(0, 3);
        try (Voice voice = Voice.open(
                config,
                checkpoint,
                h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=5,vocoder.built_in=true"))) {
            assertEquals("source_filter (built-in, in place of hifigan)", voice.vocoderName());
            Wave copy = voice.convert(song).copySynthesis().wave();
            assertEquals(AUDIO.sampleRateHz(), copy.sampleRateHz());
            assertEquals(Math.round(song.seconds() * AUDIO.sampleRateHz()), copy.samples());
            float[] source = voice.mel(voice.signal(song)).toFloatArray(),
                    back = voice.mel(voice.signal(copy)).toFloatArray();
            double sum = 0;
            for (int i = 0; i < source.length; i++) {
                sum += Math.abs(source[i] - back[i]);
            }
            assertTrue(
                    sum / source.length < 0.3, "copy synthesis is " + sum / source.length + " from the source's mel");
            Path file = WaveWriter.write(home.resolve("s.wav"), song);
            Manifest m = new Inference(voice)
                    .convert(Request.of(file).to(home.resolve("s out.wav")))
                    .manifest();
            assertTrue(
                    m.vocoder().contains("built-in")
                            && m.models().containsKey("pitch_extractor")
                            && !m.models().containsKey("vocoder"),
                    m.models().toString());
            assertEquals(
                    Math.round(song.seconds() * AUDIO.sampleRateHz()),
                    m.output().samples());
        }
    }

    @Test
    void unitsOfAnotherEncoderAreTakenFromAFile() throws IOException {
        try (Voice voice =
                Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=5"))) {
            NDArray
                    units =
                            voice.unitsFrom(npy("u.npy", "<f4", "25, " + UNITS, 25 * UNITS)
                                    .toString()),
                    same =
                            voice.unitsFrom(npy("v.npy", "<f8", "1, 25, " + UNITS, 25 * UNITS)
                                    .toString());
            assertEquals(new Shape(1, 25, UNITS), units.getShape());
            assertArrayEquals(units.toFloatArray(), same.toFloatArray(), 1e-7f);
            NDArray named = units.duplicate();
            named.setName("units");
            Path npz = home.resolve("u.npz");
            try (var out = Files.newOutputStream(npz)) {
                new NDList(named).encode(out, NDList.Encoding.NPZ);
            }
            assertArrayEquals(
                    units.toFloatArray(), voice.unitsFrom(npz.toString()).toFloatArray());
            float[] own = voice.convert(SONG).wave().first(),
                    given = voice.convert(SONG).withUnits(units).wave().first();
            assertFalse(Arrays.equals(own, given));
            NDArray wide = voice.unitsFrom(
                    npy("w.npy", "<f4", "25, " + (UNITS + 6), 25 * (UNITS + 6)).toString());
            assertTrue(assertThrows(
                            Problem.class,
                            () -> voice.convert(SONG).withUnits(wide).wave())
                    .getMessage()
                    .contains("units"));
            for (Path bad : new Path[] {
                npy("a.npy", "<i2", "25, 24", 600),
                npy("b.npy", "<f4", "25, 240", 600),
                npy("c.npy", "<f4", "600,", 600),
                npy("d.npy", "<f4", "-1, 24", 600),
                Files.writeString(home.resolve("e.npy"), "text"),
                Files.writeString(home.resolve("f.npz"), "text"),
                home.resolve("none.npy")
            }) {
                assertTrue(assertThrows(Problem.class, () -> voice.unitsFrom(bad.toString()))
                        .getMessage()
                        .contains(bad.getFileName().toString()));
            }
        }
    }
}
