package diffsvc.dataset;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.random.KeyedRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Draws batches. Clips, crops, diffusion steps and noise follow from (seed, number of the batch) alone, so a checkpoint
 * need not keep the state of a generator. With training.crop_frames, each batch is drawn from all clips, each cut to
 * that length. Without, whole clips of similar length form a batch, and an epoch visits each clip once.
 */
public final class Batches {
    private static final int BUCKET = 64;
    private final List<Clip> clips;
    private final Hparams hparams;
    private final int noiseSteps, size;
    private final Conds2Tensor conds;
    private final double silence;
    private final List<int[]> bounds;
    private long shuffledEpoch = -1;
    private List<List<Clip>> epoch;

    /** One clip of a batch: the index of its units, a stretch of its frames, and how level and units are changed. */
    private record Choice(Clip clip, int reading, int start, int frames, Change change) {}

    /** A gain (log10), and the deviation of what is added to units, as a share of each channel's own. */
    private record Change(float louder, double unitNoise) {
        static final Change NONE = new Change(0, 0);
    }

    /**
     * Batches of training.batch clips (at least one).
     *
     * @param hparams training.batch, crop_frames, volume_db, unit_noise; noise.k_step; embedding.use_energy_embed and
     *     use_loudness_embed
     * @param noiseSteps S; a shallow voice (noise.k_step) draws only the first of them
     */
    public Batches(List<Clip> clips, Hparams hparams, int noiseSteps) {
        this.clips = clips;
        this.hparams = hparams;
        this.noiseSteps = hparams.noise().trainedSteps(noiseSteps);
        size = Math.max(1, hparams.training().batch());
        conds = new Conds2Tensor(hparams.pitch(), hparams.quirks());
        silence = FrontEnd.of(hparams).silenceLog10();
        bounds = new ArrayList<>();
        for (int at = 0; at < clips.size(); at += size) {
            bounds.add(new int[] {at, Math.min(clips.size(), at + size)});
        }
    }

    /**
     * Batch {@code number} of a run.
     *
     * @param manager owner of the batch's arrays
     * @param seed equal seeds give equal results
     * @param number from 0, over all updates and accumulations
     */
    public Batch batch(NDManager manager, long seed, long number) {
        SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "batch", number));
        List<Choice> chosen = new ArrayList<>();
        int crop = hparams.training().cropFrames();
        if (crop > 0) {
            for (int i = 0; i < size; i++) {
                Clip c = clips.get(random.nextInt(clips.size()));
                int reading = random.nextInt(c.units().size());
                chosen.add(new Choice(
                        c,
                        reading,
                        c.frames() > crop ? random.nextInt(c.frames() - crop + 1) : 0,
                        Math.min(crop, c.frames()),
                        change(random)));
            }
            return tensors(manager, chosen, crop, random, seed, number);
        }
        List<Clip> whole = shuffled(seed, number / bounds.size()).get((int) (number % bounds.size()));
        for (Clip c : whole) {
            chosen.add(new Choice(c, random.nextInt(c.units().size()), 0, c.frames(), change(random)));
        }
        return tensors(
                manager, chosen, whole.stream().mapToInt(Clip::frames).max().orElse(1), random, seed, number);
    }

    /**
     * Clip {@code i}, unaugmented, at most {@code frames} mel frames long, with draws that depend on seed and i alone:
     * for validation.
     *
     * @param manager owner of the batch's arrays
     * @param seed equal seeds give equal results
     */
    public Batch fixed(NDManager manager, long seed, int i, int frames) {
        Clip c = clips.get(i % clips.size());
        int t = Math.min(frames, c.frames());
        SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "fixed", i));
        return tensors(
                manager,
                List.of(new Choice(c, 0, random.nextInt(c.frames() - t + 1), t, Change.NONE)),
                t,
                random,
                seed,
                i);
    }

    private Change change(SplittableRandom random) {
        Hparams.Training t = hparams.training();
        return new Change((float) (t.volumeDb() * (2 * random.nextDouble() - 1) / 20), t.unitNoise());
    }

    /**
     * Moves all units of a crop by one draw, and each by one of its own. Another singer's units lie apart from those
     * that a voice was trained on in both ways: most of a clip's mean is the speaker, and the rest is what the encoder
     * makes of another sound. Both draws have {@code share} times the deviation that the channel has in the clip.
     */
    private static void addNoise(float[] units, float[] clip, int h, double share, SplittableRandom random) {
        for (int channel = 0; channel < h; channel++) {
            double sum = 0, squares = 0;
            for (int i = channel; i < clip.length; i += h) {
                sum += clip[i];
                squares += clip[i] * (double) clip[i];
            }
            int n = clip.length / h;
            double deviation = share * Math.sqrt(Math.max(0, squares / n - sum / n * (sum / n))),
                    shift = deviation * random.nextGaussian();
            for (int i = channel; i < units.length; i += h) {
                units[i] += (float) (shift + deviation * random.nextGaussian());
            }
        }
    }

    /** The batches of one epoch: clips shuffled within buckets of similar length, then the batches shuffled. */
    private synchronized List<List<Clip>> shuffled(long seed, long number) {
        if (number != shuffledEpoch) {
            List<Clip> order = new ArrayList<>(clips);
            Random random = new Random(KeyedRandom.mix(seed, "epoch", number));
            Collections.shuffle(order, random);
            order.sort(Comparator.comparingInt(c -> (c.frames() + BUCKET - 1) / BUCKET));
            List<List<Clip>> batches = new ArrayList<>();
            bounds.forEach(b -> batches.add(List.copyOf(order.subList(b[0], b[1]))));
            Collections.shuffle(batches, random);
            epoch = batches;
            shuffledEpoch = number;
        }
        return epoch;
    }

    /** A clip shorter than T is followed by padding: mel2ph 0, mel 0. */
    private Batch tensors(
            NDManager manager, List<Choice> chosen, int t, SplittableRandom random, long seed, long number) {
        int b = chosen.size(), bins = clips.get(0).melBins(), h = clips.get(0).unitWidth();
        float[] mel = new float[b * t * bins],
                f0 = new float[b * t],
                energy = new float[b * t],
                unvoiced = new float[b * t];
        long[] mel2ph = new long[b * t], times = new long[b];
        float[][] units = new float[b][];
        SplittableRandom forUnits = new SplittableRandom(KeyedRandom.mix(seed, "units", number));
        int width = 1;
        for (int i = 0; i < b; i++) {
            Choice c = chosen.get(i);
            Clip clip = c.clip();
            int p = (int) clip.units().get(c.reading()).shape()[0];
            long[] all = Conds2Tensor.mel2ph(clip.frames(), p);
            int first = (int) all[c.start()] - 1, last = (int) all[c.start() + c.frames() - 1] - 1;
            units[i] = clip.units().get(c.reading()).rows(first, last + 1).toFloats();
            if (c.change().unitNoise() > 0) {
                float[] whole = clip.units().get(c.reading()).toFloats();
                addNoise(units[i], whole, h, c.change().unitNoise(), forUnits);
            }
            width = Math.max(width, last + 1 - first);
            float[] hz = clip.f0Hz().toFloats(),
                    log = Conds2Tensor.normInterp(hz),
                    rows = clip.mel().rows(c.start(), c.start() + c.frames()).toFloats();
            for (int k = 0; k < c.frames(); k++) {
                mel2ph[i * t + k] = all[c.start() + k] - first;
                f0[i * t + k] = log[c.start() + k];
                unvoiced[i * t + k] = hz[c.start() + k] > 0 ? 0 : 1;
            }
            for (int k = 0; k < rows.length; k++) {
                float louder = c.change().louder();
                mel[i * t * bins + k] = louder == 0 ? rows[k] : (float) Math.max(silence, rows[k] + louder);
            }
            if (hparams.embedding().readsEnergy()) {
                try (NDManager scratch = manager.newSubManager()) {
                    float[] own = conds.energy(
                                    scratch,
                                    scratch.create(
                                            Arrays.copyOfRange(mel, i * t * bins, i * t * bins + rows.length),
                                            new Shape(1, c.frames(), bins)))
                            .toFloatArray();
                    System.arraycopy(own, 0, energy, i * t, own.length);
                }
            }
            times[i] = random.nextInt(noiseSteps);
        }
        float[] padded = new float[b * width * h];
        for (int i = 0; i < b; i++) {
            System.arraycopy(units[i], 0, padded, i * width * h, units[i].length);
        }
        Conds2Tensor.Conds made = new Conds2Tensor.Conds(
                manager.create(padded, new Shape(b, width, h)),
                manager.create(mel2ph, new Shape(b, t)),
                manager.create(f0, new Shape(b, t)),
                manager.create(energy, new Shape(b, t)),
                manager.create(unvoiced, new Shape(b, t)));
        NDArray noise = KeyedRandom.of(manager, seed, "noise", number).normal(new Shape(b, 1, bins, t));
        return new Batch(
                made,
                manager.create(mel, new Shape(b, t, bins)),
                manager.create(times, new Shape(b)),
                noise,
                chosen.stream().map(c -> c.clip().name()).toList());
    }
}
