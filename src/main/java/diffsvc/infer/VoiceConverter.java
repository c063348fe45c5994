package diffsvc.infer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.CondsCache;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ProcessMemory;
import diffsvc.progress.Progress;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Summary;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;

/**
 * Converts the slices of one song with a voice: one {@link Conversion} per slice, which closes before the next one
 * begins. The melody comes from {@link SongF0}, because a slice's edges would spoil it.
 */
final class VoiceConverter implements SliceConverter {
    private final Voice voice;
    private final SliceJoiner joiner;
    private final SongF0 f0;
    private final NDArray units;
    private final double key;
    private final String encoder;
    private final CondsCache cache;
    private final Progress listener;
    private final Progress progress;
    private final int evaluations;
    private final long allEvaluations;
    private long evaluated;
    /** The Python project draws all slices from one stream; null where each slice has a seed of its own. */
    private RandomSource stream;

    /**
     * Nothing runs before the first slice.
     *
     * @param units [1, P, H] of the whole song, or null for the voice's own
     * @param key in semitones
     * @param encoderHash SHA-256 of the encoder's file; empty: units are not cached
     */
    VoiceConverter(
            Voice voice,
            SliceJoiner joiner,
            SongF0 f0,
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
        this.units = units;
        this.key = key;
        this.encoder = encoderHash.isEmpty()
                ? ""
                : encoderHash + "|" + h.hubert().heads() + "|"
                        + voice.precision().denoiser().text();
        this.cache = cache;
        this.progress = progress;
        long sounding = joiner.slices().stream().filter(s -> !s.silent()).count();
        evaluations = voice.times().length - 1;
        allEvaluations = sounding * evaluations;
        stream = h.infer().pythonOrder() ? RandomSource.inPythonOrder(h.infer().seed()) : null;
        listener = timer.and(new Progress() {
            @Override
            public void at(String stage, long done, long of) {
                progress.at(stage, evaluated + done, allEvaluations);
            }

            @Override
            public void ended(Stage stage) {
                if (sounding == 1) { // one line per slice would hide the total
                    timer.report(progress);
                }
            }
        });
    }

    @Override
    public float[] convert(int index, Wave source, int samples) {
        Slice slice = joiner.slices().get(index);
        try (NDManager own = voice.manager().newSubManager();
                Conversion c = withUnits(
                                voice.convert(source).withF0(f0.tracks().get(index)), slice, own)
                        .key(key)
                        .samples(samples)
                        .drawing(random(slice))
                        .listening(listener)) {
            float[] wave = c.wave().first();
            stream = stream == null ? null : c.randomAfter();
            evaluated += evaluations;
            progress.at("sampling", evaluated, allEvaluations);
            return wave;
        } finally {
            ProcessMemory.release();
        }
    }

    private RandomSource random(Slice slice) {
        if (stream != null) {
            return stream;
        }
        long seed = voice.hparams().infer().seed();
        return RandomSource.keyed(slice.start() == 0 ? seed : KeyedRandom.mix(seed, "slice", slice.start()));
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
        listener.ended(new Progress.Stage(
                "content",
                units != null
                        ? "units given"
                        : "units of " + voice.hparams().hubert().file(),
                Summary.shape(its),
                (System.nanoTime() - began) / 1e9));
        return c.withUnits(its);
    }
}
