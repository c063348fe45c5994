package diffsvc.training;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.dataset.SungSpeech;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import diffsvc.hparams.EncoderKind;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ComputeDevice;
import diffsvc.random.KeyedRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Speech with known phones, as src/corpus/make_corpus.py writes it: index.tsv with file, voice and "phone:end phone:end
 * ..." on each line.
 *
 * @param clips at 16 kHz
 */
public record LabelledSpeech(List<Clip> clips) {
    private static final String MAKE = "check the path, or make the corpus by src/corpus/make_corpus.py";

    /** Samples at 16 kHz from unit to unit. */
    private static final int HOP = EncoderKind.HUBERT_SOFT.hopSamples();

    /**
     * The US phone set of flite and festival; a label is an index into this list, and a row of the encoder's label
     * embedding.
     */
    public static final List<String> PHONES = List.of(
            "pau", "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh",
            "ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh", "uw", "v",
            "w", "y", "z", "zh");

    /**
     * One sentence.
     *
     * @param samples 16 bits, at 16 kHz
     * @param phones label of each phone, an index into {@link #PHONES}
     * @param ends end of each phone in seconds, rising
     */
    public record Clip(String name, String voice, short[] samples, int[] phones, double[] ends) {
        /** The label at a time; silence after the last phone. */
        int phoneAt(double seconds) {
            int i = Arrays.binarySearch(ends, seconds);
            i = i < 0 ? -i - 1 : i + 1;
            return i < phones.length ? phones[i] : 0;
        }
    }

    /**
     * Reads a folder's index.tsv and the files it names. A line is file, voice, and the phones as PHONE:END in seconds.
     *
     * @throws Problem when a file is missing, a line is not of this form, or a phone is unknown
     */
    public static LabelledSpeech read(Path folder) {
        Path index = folder.resolve("index.tsv");
        if (!Files.isRegularFile(index)) {
            throw Problem.in("content", index, "the index of labelled speech", Input.kind(index), MAKE);
        }
        try {
            List<String> lines = Files.readAllLines(index);
            if (lines.isEmpty()) {
                throw Problem.in("content", index, "a line for each sentence", "an empty file", MAKE);
            }
            return new LabelledSpeech(
                    lines.parallelStream().map(line -> clip(index, line)).toList());
        } catch (IOException e) {
            throw Problem.in("content", index, "text in UTF-8", WholeFile.reason(e), MAKE);
        }
    }

    private static Clip clip(Path index, String line) {
        String[] cells = line.split("\t");
        String[] pairs = cells[cells.length - 1].split(" ");
        if (cells.length != 3 || !Stream.of(pairs).allMatch(p -> p.matches("\\S+:\\d+(\\.\\d+)?"))) {
            String got = line.length() <= 60 ? line : line.substring(0, 60) + " ...";
            throw Problem.in("content", index, "lines of file, voice and PHONE:END, with tabs between", got, MAKE);
        }
        float[] x = Resampler.to(HubertSoft.RATE_HZ, WavReader.read(index.resolveSibling(cells[0])))
                .mean();
        int[] phones = new int[pairs.length];
        double[] ends = new double[pairs.length];
        for (int i = 0; i < pairs.length; i++) {
            int colon = pairs[i].lastIndexOf(':');
            phones[i] = PHONES.indexOf(pairs[i].substring(0, colon));
            ends[i] = Double.parseDouble(pairs[i].substring(colon + 1));
            if (phones[i] < 0) {
                throw Problem.in("content", index, "phones of the US set", pairs[i], MAKE);
            }
        }
        return new Clip(cells[0], cells[1], shorts(x), phones, ends);
    }

    /**
     * The same speech, followed by a random share of its clips as song ({@link SungSpeech}): an encoder that converts
     * songs has to be trained on long notes, which speech does not contain.
     *
     * @param hparams their front end is used
     * @param share of the clips, 0 to 1
     * @param seed equal seeds give equal results
     */
    public LabelledSpeech withSong(Hparams hparams, double share, long seed) {
        List<Clip> all = new ArrayList<>(clips);
        all.addAll(asSong(hparams, share, seed).clips());
        return new LabelledSpeech(all);
    }

    /**
     * A random share of the clips as song ({@link SungSpeech}).
     *
     * @param hparams their front end is used
     * @param share of the clips, 0 to 1
     * @param seed equal seeds give equal results
     */
    public LabelledSpeech asSong(Hparams hparams, double share, long seed) {
        SungSpeech singer = new SungSpeech(hparams);
        return new LabelledSpeech(Arrays.stream(SungSpeech.drawn(clips.size(), share, seed))
                .parallel()
                .mapToObj(i -> {
                    Clip clip = clips.get(i);
                    try (NDManager manager = ComputeDevice.CPU.newManager()) {
                        SungSpeech.Sung sung =
                                singer.sing(manager, Wave.mono(floats(clip), HubertSoft.RATE_HZ), seed, i);
                        short[] samples = shorts(
                                Resampler.to(HubertSoft.RATE_HZ, sung.wave()).first());
                        return new Clip(
                                clip.name() + " sung",
                                clip.voice(),
                                samples,
                                clip.phones(),
                                Arrays.stream(clip.ends())
                                        .map(e -> e * sung.stretch())
                                        .toArray());
                    }
                })
                .toList());
    }

    /**
     * Crops with their labels.
     *
     * @param wave [B, samples] row by row
     * @param labels [B, frames] row by row
     */
    record Batch(float[] wave, int samples, long[] labels, int frames) {}

    /**
     * Crops for one update, drawn from (seed, step). Speed, and with it pitch and formants, varies by 2^-0.6 to 2^0.5;
     * level, spectral tilt and noise vary too, so that the encoder learns the phone and not the speaker.
     */
    Batch augmented(int batch, int samples, long seed, long step) {
        int frames = HubertSoft.frames(samples);
        float[] wave = new float[batch * samples];
        long[] labels = new long[batch * frames];
        IntStream.range(0, batch).parallel().forEach(b -> {
            SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "speech" + b, step));
            Clip clip = clips.get(random.nextInt(clips.size()));
            double speed = Math.pow(2, random.nextDouble() * 1.1 - 0.6),
                    level = Math.pow(10, random.nextDouble() * 1.2 - 1.0);
            double tilt = random.nextDouble() * 1.3 - 0.65,
                    noise = random.nextInt(3) == 0 ? 0 : Math.pow(10, -1 - random.nextDouble() * 2);
            double span = samples * speed,
                    start =
                            random.nextDouble() * Math.max(1, clip.samples().length - span)
                                    - (clip.samples().length < span ? 800 : 0);
            float before = 0, sum = 0;
            float[] x = new float[samples];
            for (int i = 0; i < samples; i++) {
                double at = start + i * speed;
                int k = (int) Math.floor(at);
                float v = at(clip, k) + (float) (at - k) * (at(clip, k + 1) - at(clip, k));
                x[i] = (float) (v + tilt * before);
                before = v;
                sum += x[i] * x[i];
            }
            float rms = (float) Math.sqrt(sum / samples) + 1e-6f, gain = (float) (0.1 * level * 3 / rms);
            for (int i = 0; i < samples; i++) {
                wave[b * samples + i] = gain * (x[i] + (float) (noise * rms * gaussian(random)));
            }
            for (int f = 0; f < frames; f++) {
                labels[b * frames + f] = clip.phoneAt(
                        (start + (f * HOP + HOP / 2) * speed) / HubertSoft.RATE_HZ); // centre of the unit's window
            }
        });
        return new Batch(wave, samples, labels, frames);
    }

    private static double gaussian(SplittableRandom random) {
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            sum += random.nextDouble();
        }
        return (sum - 2) * Math.sqrt(3); // close enough to normal for background noise
    }

    private static float at(Clip clip, int i) {
        return i < 0 || i >= clip.samples().length ? 0 : clip.samples()[i] / 32768f;
    }

    /** Labels of the whole clip, one for each unit. */
    static long[] labels(Clip clip) {
        long[] labels = new long[HubertSoft.frames(clip.samples().length)];
        for (int f = 0; f < labels.length; f++) {
            labels[f] = clip.phoneAt((f * HOP + HOP / 2) / (double) HubertSoft.RATE_HZ);
        }
        return labels;
    }

    private static short[] shorts(float[] x) {
        short[] samples = new short[x.length];
        for (int i = 0; i < x.length; i++) {
            samples[i] = (short) Math.max(-32768, Math.min(32767, Math.round(x[i] * 32768)));
        }
        return samples;
    }

    static float[] floats(Clip clip) {
        float[] x = new float[clip.samples().length];
        for (int i = 0; i < x.length; i++) {
            x[i] = clip.samples()[i] / 32768f;
        }
        return x;
    }

    List<Clip> of(String voice) {
        List<Clip> some = new ArrayList<>(clips);
        some.removeIf(c -> !c.voice().equals(voice));
        return some;
    }
}
