package diffsvc.infer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.CondsCache;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ProcessMemory;
import diffsvc.progress.Progress;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Summary;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Converts the slices of one song with a voice: one {@link Conversion} per slice. The denoiser takes several slices at
 * once where {@link SliceBatches} says so; each of them closes when its samples are there, and all before the next
 * batch begins. The melody comes from {@link SongF0}, because a slice's edges would spoil it.
 */
final class VoiceConverter implements SliceConverter, AutoCloseable {
    private static final String DIFFUSION = "diffusion";
    private final Voice voice;
    private final SliceJoiner joiner;
    private final SongF0 f0;
    private final SliceBatches batches;
    private final NDArray units;
    private final double key;
    private final String encoder;
    private final CondsCache cache;
    private final StageTimer timer;
    private final Progress progress;
    private final int evaluations;
    private final long sounding;
    private final Map<Integer, Begun> batch = new LinkedHashMap<>();
    private long evaluated;
    /** The Python project draws all slices from one stream; null where each slice has a seed of its own. */
    private RandomSource stream;

    /**
     * Nothing runs before the first slice.
     *
     * @param batches of the song's slices; each slice alone where the random numbers are in Python's order
     * @param units [1, P, H] of the whole song, or null for the voice's own
     * @param key in semitones
     * @param encoderHash SHA-256 of the encoder's file; empty: units are not cached
     */
    VoiceConverter(
            Voice voice,
            SliceJoiner joiner,
            SongF0 f0,
            SliceBatches batches,
            NDArray units,
            double key,
            String encoderHash,
            CondsCache cache,
            StageTimer timer,
            Progress progress) {
        Hparams h = voice.hparams();
        this.voice = voice;
        this.joiner = joiner;
        this.f0 = f0;
        this.batches = batches;
        this.units = units;
        this.key = key;
        this.encoder = encoderHash.isEmpty()
                ? ""
                : encoderHash + "|" + h.hubert().kind() + "|" + h.hubert().heads() + "|"
                        + voice.precision().denoiser().text();
        this.cache = cache;
        this.timer = timer;
        this.progress = progress;
        sounding = joiner.slices().stream().filter(s -> !s.silent()).count();
        evaluations = voice.times().length - 1;
        stream = h.infer().pythonOrder() ? RandomSource.inPythonOrder(h.infer().seed()) : null;
    }

    /** Counts a stage of a slice; one line per slice would hide the total. */
    private void ended(Progress.Stage stage) {
        int several = batches.batches().size();
        boolean together = several < batches.slices();
        timer.ended(
                together && stage.name().equals(DIFFUSION)
                        ? new Progress.Stage(
                                DIFFUSION,
                                stage.what() + ", in " + several + (several == 1 ? " batch" : " batches"),
                                stage.shape(),
                                stage.seconds())
                        : stage);
        if (sounding == 1) {
            timer.report(progress);
        }
    }

    /**
     * What a frame of a slice keeps beside the networks from the denoiser until its wave is there, in bytes: the
     * source's mel, units, conds and condition, the start and the denoised x.
     */
    static double bytesPerFrame(Voice voice) {
        Hparams h = voice.hparams();
        double
                units =
                        voice.encoder().width()
                                * voice.encoder().unitsPerSecond()
                                * h.audio().hopSeconds(),
                conds = 16;
        return Cost.FLOAT * (3.0 * h.audio().melBins() + h.embedding().hiddenSize() + units + conds);
    }

    /** A slice whose conversion has begun, with the arrays that were made for it. */
    private final class Begun implements Progress, AutoCloseable {
        private final NDManager own = voice.manager().newSubManager();
        private final Conversion conversion;
        private long done;

        Begun(Slice slice, int index, Wave source) {
            try {
                conversion = withUnits(voice.convert(source).withF0(f0.tracks().get(index)), slice, own)
                        .key(key)
                        .drawing(random(slice))
                        .listening(this);
            } catch (RuntimeException | Error e) {
                own.close();
                throw e;
            }
        }

        /** Evaluations of this slice; the song's count goes on by as many. */
        @Override
        public void at(String stage, long done, long of) {
            evaluated += done - this.done;
            this.done = done;
            progress.at(stage, evaluated, sounding * evaluations);
        }

        @Override
        public void ended(Stage stage) {
            VoiceConverter.this.ended(stage);
        }

        float[] wave(int samples) {
            try (Conversion c = conversion.samples(samples)) {
                float[] wave = c.wave().first();
                stream = stream == null ? null : c.randomAfter();
                at("sampling", evaluations, evaluations);
                return wave;
            }
        }

        @Override
        public void close() {
            conversion.close();
            own.close();
        }
    }

    @Override
    public float[] convert(int index, Wave source, int samples) {
        if (!batch.containsKey(index)) {
            begin(index, source);
        }
        try (Begun slice = batch.remove(index)) {
            return slice.wave(samples);
        } finally {
            ProcessMemory.release();
        }
    }

    /** Runs the denoiser for a slice and for those behind it in its batch. */
    private void begin(int index, Wave source) {
        close(); // a slice of the batch before was silent after all
        for (int i : batches.around(index)) {
            if (i >= index) {
                batch.put(i, new Begun(joiner.slices().get(i), i, i == index ? source : joiner.source(i)));
            }
        }
        if (batch.size() > 1) {
            Conversion.denoiseTogether(
                    batch.values().stream().map(b -> b.conversion).toList());
        }
    }

    /** Frees what has begun and is not converted. */
    @Override
    public void close() {
        batch.values().forEach(Begun::close);
        batch.clear();
    }

    private RandomSource random(Slice slice) {
        if (stream != null) {
            return stream;
        }
        return WholeSong.random(voice.hparams().infer().seed(), slice);
    }

    /** With the units that a file gives or the cache remembers; else the conversion makes them. */
    private Conversion withUnits(Conversion c, Slice slice, NDManager own) {
        if (units == null && (c.silent() || encoder.isEmpty())) {
            return c;
        }
        long began = System.nanoTime();
        NDArray its = units != null
                ? GivenValues.unitsOf(slice, units, joiner.song())
                : cache.units(own, c.song(), encoder, () -> voice.units(c.song()));
        its.attach(own);
        ended(new Progress.Stage(
                "content",
                units != null
                        ? "units given"
                        : "units of " + voice.hparams().hubert().file(),
                Summary.shape(its),
                (System.nanoTime() - began) / 1e9));
        return c.withUnits(its);
    }
}
