package diffsvc.conds;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Precision;
import diffsvc.tensor.Cost;
import java.util.List;

/**
 * Content of a recording without its speaker: wave to units. A voice is trained on the units of one encoder; those of
 * another mean nothing to it. The kinds stand in {@link diffsvc.hparams.EncoderKind}. Calls from several threads are
 * safe.
 */
public interface ContentEncoder extends AutoCloseable {
    /**
     * The units [1, P, H] of a recording.
     *
     * @param manager owner of the result
     * @param wave any rate and channels; the encoder takes the mean of the channels at its own rate
     * @param precision of the values between the network's layers; not auto or mixed. Where its result is far from
     *     float32's on this machine, it is float32
     * @throws Problem when the wave is shorter than one window of the encoder
     */
    NDArray units(NDManager manager, Wave wave, Precision precision);

    /** Sentences on what {@link #units} did otherwise than asked, with this machine as the reason. */
    default List<String> notes() {
        return List.of();
    }

    /** The rate of the wave that the network takes, Hz. */
    int sampleRateHz();

    /** Samples at {@link #sampleRateHz} from unit to unit. */
    int hopSamples();

    /** Units per second: the rate over the hop. */
    default double unitsPerSecond() {
        return sampleRateHz() / (double) hopSamples();
    }

    /** H, the width of a unit. */
    int width();

    /** A text that differs wherever the network's form differs; part of the key of a dataset's shards. */
    String signature();

    /** Memory of the network over P units. */
    Cost cost();

    @Override
    void close();
}
