package diffsvc.conds;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Precision;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import java.nio.file.Path;
import java.util.List;

/**
 * Content of a recording without its speaker: wave to units. A voice is trained on the units of one encoder; those of
 * another mean nothing to it. The kinds stand in {@link diffsvc.hparams.EncoderKind}. Calls from several threads are
 * safe.
 */
public interface ContentEncoder extends AutoCloseable {
    /** Width of a head where nobody says how many there are. */
    int CHANNELS_PER_HEAD = 64;

    /**
     * The units [1, P, H] of a recording.
     *
     * @param manager owner of the result
     * @param wave any rate and channels; the encoder takes the mean of the channels at its own rate
     * @param precision of the values between the network's layers; not auto or mixed. Where its result is far from
     *     float32's on this machine, it is float32
     * @throws Problem when the wave is shorter than one window of the encoder
     */
    default NDArray units(NDManager manager, Wave wave, Precision precision) {
        return units(manager, wave, precision, Inner.NONE);
    }

    /**
     * The same under the eyes of an {@link Inner}, which gets the values of {@link #taps}; of a wave that the encoder
     * takes in parts, part after part.
     */
    NDArray units(NDManager manager, Wave wave, Precision precision, Inner inner);

    /** The inner values that an {@link Inner} gets, in the order of the data. */
    List<Tap> taps();

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

    /**
     * The heads of a transformer's attention, which do not show in its shapes.
     *
     * @param stage for the error
     * @param width of the transformer
     * @param asked hubert.heads; 0 means one for every 64 channels
     * @throws Problem for a number that does not divide the width
     */
    static int heads(String stage, Path file, int width, int asked) {
        int heads = asked == 0 ? Math.max(1, width / CHANNELS_PER_HEAD) : asked;
        if (width % heads != 0) {
            throw Problem.in(
                    stage,
                    file,
                    "a number of heads that divides " + width,
                    String.valueOf(heads),
                    "correct hubert.heads");
        }
        return heads;
    }

    @Override
    void close();
}
