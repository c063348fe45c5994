package diffsvc.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.audio.WavReader;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.F0Track;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Hparams;
import diffsvc.random.Noise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The clips of one voice, with their conditions made once. Kept in one torch file: mel and units in float16 (a log10 mel needs no more), F0
 * in float32.
 *
 * @param clips at least one
 */
public record Dataset(List<Clip> clips) {
    /**
     * One recording.
     *
     * @param mel [T M] row by row, log10
     * @param units one or more readings of the clip, each [P H] row by row; the first is of the clip as it is
     * @param f0Hz [T], 0 where unvoiced
     */
    public record Clip(String name, float[] mel, int melBins, List<float[]> units, int unitWidth, float[] f0Hz) {
        public int frames() {
            return f0Hz.length;
        }

        /** P of the clip as it is. */
        public int unitCount() {
            return units.get(0).length / unitWidth;
        }
    }

    /**
     * Makes the conditions of every WAV file below a folder, in the order of their names; clips shorter than {@code minFrames} are reported to
     * {@code skipped}. With training.sung_share some follow once more, sung.
     */
    public static Dataset prepare(Path folder, Hparams hparams, HubertSoft encoder, int minFrames, java.util.function.Consumer<String> skipped) {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(p -> p.toString().toLowerCase().endsWith(".wav")).sorted().toList();
        } catch (IOException e) {
            throw Problem.in("dataset", folder, "a folder of WAV files", e.getClass().getSimpleName(), "check the path");
        }
        SungSpeech singer = new SungSpeech(hparams);
        int[] drawn = SungSpeech.drawn(files.size(), hparams.training().sungShare(), hparams.training().seed());
        List<Clip> clips = IntStream.range(0, files.size() + drawn.length).parallel().mapToObj(i -> {
            boolean sung = i >= files.size();
            int n = sung ? drawn[i - files.size()] : i;
            String name = folder.relativize(files.get(n)).toString();
            try (NDManager manager = encoder.weights().manager().newSubManager()) {
                Wave wave = WavReader.read(files.get(n));
                int frames = (int) (wave.seconds() * hparams.audio().sampleRateHz() / hparams.audio().hopSamples());
                if (frames < minFrames) {
                    if (!sung) {
                        skipped.accept(name + ": " + frames + " frames, fewer than " + minFrames);
                    }
                    return null;
                }
                Wave heard = sung ? singer.sing(manager, wave, hparams.training().seed(), n).wave() : wave;
                return prepare(manager, sung ? name + " sung" : name, heard, hparams, encoder);
            }
        }).filter(java.util.Objects::nonNull).toList();
        if (clips.isEmpty()) {
            throw Problem.in("dataset", folder, "at least one WAV file of " + minFrames + " frames", files.size() + " files, none long enough", "add recordings");
        }
        return new Dataset(clips);
    }

    private static Clip prepare(NDManager manager, String name, Wave wave, Hparams hparams, HubertSoft encoder) {
        MelSpectrogram front = new MelSpectrogram(hparams.audio(), hparams.quirks());
        PraatPitch pitch = new PraatPitch(PraatPitch.Settings.of(hparams.pitch().f0MinHz(), hparams.pitch().f0MaxHz()));
        float[] signal = front.signal(wave);
        float[] mel = front.of(manager, signal).toFloatArray();
        F0Track track = pitch.follow(signal, hparams.audio().sampleRateHz(), hparams.audio().hopSamples(), front.frames(signal.length));
        List<float[]> units = new ArrayList<>();
        for (double speed : hparams.training().unitSpeeds()) {
            float[] heard = HubertSoft.listen(manager, wave).toFloatArray();
            if (speed != 1) {
                heard = Resampler.resample(heard, (int) Math.round(HubertSoft.RATE_HZ * speed), HubertSoft.RATE_HZ);
            }
            units.add(encoder.extract(manager.create(heard, new Shape(1, 1, heard.length))).units().toFloatArray());
        }
        return new Clip(name, mel, hparams.audio().melBins(), units, encoder.sizes().units(), track.f0Hz());
    }

    /** Writes all clips. */
    public void write(Path file) {
        List<Object> list = new ArrayList<>();
        for (Clip c : clips) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", c.name());
            map.put("mel", TorchTensor.half(c.mel(), c.frames(), c.melBins()));
            List<Object> readings = new ArrayList<>();
            c.units().forEach(u -> readings.add(TorchTensor.half(u, u.length / c.unitWidth(), c.unitWidth())));
            map.put("units", readings);
            map.put("f0_hz", TorchTensor.of(c.f0Hz(), c.frames()));
            list.add(map);
        }
        TorchFile.write(file, Map.of("clips", list));
    }

    /** Reads what {@link #write} wrote. */
    public static Dataset read(Path file) {
        List<Clip> clips = new ArrayList<>();
        if (TorchFile.read(file) instanceof Map<?, ?> root && root.get("clips") instanceof List<?> list) {
            for (Object o : list) {
                Map<?, ?> map = (Map<?, ?>) o;
                TorchTensor mel = (TorchTensor) map.get("mel"), f0 = (TorchTensor) map.get("f0_hz");
                List<float[]> units = new ArrayList<>();
                int width = 0;
                for (Object reading : (List<?>) map.get("units")) {
                    units.add(((TorchTensor) reading).toFloats());
                    width = (int) ((TorchTensor) reading).shape()[1];
                }
                clips.add(new Clip((String) map.get("name"), mel.toFloats(), (int) mel.shape()[1], units, width, f0.toFloats()));
            }
        }
        if (clips.isEmpty()) {
            throw Problem.in("dataset", file, "clips", "none", "make it with ./diffsvc preprocess");
        }
        return new Dataset(clips);
    }

    /** Smallest and largest mel of each bin over all clips: what the model maps to -1 and 1. */
    public List<List<Double>> melRange() {
        int bins = clips.get(0).melBins();
        double[] min = new double[bins], max = new double[bins];
        java.util.Arrays.fill(min, Double.POSITIVE_INFINITY);
        java.util.Arrays.fill(max, Double.NEGATIVE_INFINITY);
        for (Clip c : clips) {
            for (int i = 0; i < c.mel().length; i++) {
                min[i % bins] = Math.min(min[i % bins], c.mel()[i]);
                max[i % bins] = Math.max(max[i % bins], c.mel()[i]);
            }
        }
        List<Double> low = new ArrayList<>(), high = new ArrayList<>();
        for (int m = 0; m < bins; m++) {
            low.add(min[m]);
            high.add(Math.max(max[m], min[m] + 1e-3));
        }
        return List.of(low, high);
    }

    /**
     * A batch of crops for one update, all drawn from (seed, step): clips, readings, starts, diffusion steps and noise. A clip shorter than the crop is
     * followed by padding (mel2ph 0, mel 0).
     */
    public JointTraining.Batch batch(NDManager manager, Hparams hparams, int noiseSteps, long seed, long step) {
        int b = hparams.training().batch(), t = hparams.training().cropFrames(), bins = clips.get(0).melBins(), h = clips.get(0).unitWidth();
        SplittableRandom random = new SplittableRandom(Noise.mix(seed, "batch", step));
        float[] mel = new float[b * t * bins], f0 = new float[b * t], energy = new float[b * t], unvoiced = new float[b * t];
        long[] mel2ph = new long[b * t], times = new long[b];
        int[][] span = new int[b][];
        float[][] reading = new float[b][];
        int width = 1;
        for (int i = 0; i < b; i++) {
            Clip c = clips.get(random.nextInt(clips.size()));
            reading[i] = c.units().get(random.nextInt(c.units().size()));
            int start = c.frames() > t ? random.nextInt(c.frames() - t + 1) : 0, length = Math.min(t, c.frames());
            long[] all = Conds2Tensor.mel2ph(c.frames(), reading[i].length / h);
            int first = (int) all[start] - 1, last = (int) all[start + length - 1] - 1;
            span[i] = new int[] {first, last + 1};
            width = Math.max(width, last + 1 - first);
            float[] log = Conds2Tensor.normInterp(c.f0Hz());
            for (int k = 0; k < length; k++) {
                mel2ph[i * t + k] = all[start + k] - first;
                f0[i * t + k] = log[start + k];
                unvoiced[i * t + k] = c.f0Hz()[start + k] > 0 ? 0 : 1;
            }
            System.arraycopy(c.mel(), start * bins, mel, i * t * bins, length * bins);
            times[i] = random.nextInt(noiseSteps);
        }
        float[] units = new float[b * width * h];
        for (int i = 0; i < b; i++) {
            System.arraycopy(reading[i], span[i][0] * h, units, i * width * h, (span[i][1] - span[i][0]) * h);
        }
        Conds2Tensor.Conds conds = new Conds2Tensor.Conds(manager.create(units, new Shape(b, width, h)), manager.create(mel2ph, new Shape(b, t)),
                manager.create(f0, new Shape(b, t)), manager.create(energy, new Shape(b, t)), manager.create(unvoiced, new Shape(b, t)));
        NDArray noise = Noise.of(manager, seed, "noise", step).normal(new Shape(b, 1, bins, t));
        return new JointTraining.Batch(conds, manager.create(mel, new Shape(b, t, bins)), manager.create(times, new Shape(b)), noise);
    }
}
