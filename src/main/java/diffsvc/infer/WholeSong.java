package diffsvc.infer;

import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.memory.Plan;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Converts a song that is in memory, with a change to the conversion of each slice: copy synthesis, another F0, other
 * units. Slices, joins and random numbers are those of {@link Inference}, which goes from file to file.
 */
public final class WholeSong {
    private WholeSong() {}

    /**
     * The song in the voice, one channel at the voice's rate, round(seconds x rate) samples.
     *
     * @param edit of each slice's conversion; {@link UnaryOperator#identity} converts as usual
     * @throws Problem {@link Problem#isStop() stopped} when this thread is interrupted
     */
    public static Wave convert(Voice voice, Wave song, UnaryOperator<Conversion> edit) {
        Hparams h = voice.hparams();
        int rateHz = h.audio().sampleRateHz();
        double most = Plan.sliceSeconds(
                voice.costs(),
                Inference.usualLimit(voice),
                Plan.baseline(voice.manager()) + Inference.weights(voice),
                h.infer().sliceSeconds());
        Recording sound = Recording.of(song);
        List<Slice> slices = Slice.of(sound, h.infer(), most);
        SliceJoiner joiner = SliceJoiner.exact(sound, slices, rateHz);
        float[] whole = new float[joiner.samples()];
        int[] at = {0};
        try {
            joiner.run(
                    (index, source, samples) -> {
                        try (Conversion plain = voice.convert(source)
                                        .drawing(random(h.infer().seed(), slices.get(index)));
                                Conversion edited = edit.apply(plain);
                                Conversion sized = edited.samples(samples)) {
                            return sized.wave().first();
                        }
                    },
                    part -> {
                        System.arraycopy(part, 0, whole, at[0], part.length);
                        at[0] += part.length;
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e); // arrays are copied, nothing is written
        }
        return Wave.mono(whole, rateHz);
    }

    /** Each slice has a seed of its own; the first has the song's. */
    static RandomSource random(long seed, Slice slice) {
        return RandomSource.keyed(slice.start() == 0 ? seed : KeyedRandom.mix(seed, "slice", slice.start()));
    }
}
