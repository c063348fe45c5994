package diffsvc.conds;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Cost;

/**
 * F0 and voicing of a signal on the mel's frames. The kinds stand in {@link diffsvc.hparams.PitchKind}. Calls from
 * several threads are safe.
 */
public interface PitchExtractor extends AutoCloseable {
    /**
     * F0 and voicing on {@code frames} mel frames, frame t at t hops.
     *
     * @param signal one channel at the voice's rate, as the mel's front end takes it
     * @param hopSamples samples of the signal from mel frame to mel frame
     * @param seed of the random numbers that an extractor draws; equal seeds give equal results
     * @return T frames, Hz
     * @throws Problem when the signal is too short for one F0
     */
    F0Track f0(Wave signal, int hopSamples, int frames, long seed);

    /**
     * The same extractor on the other side of the Python project's quirks. It shares the network: only one of the two
     * is closed.
     */
    PitchExtractor with(Hparams.Quirks quirks);

    /** Memory of the network; {@link Cost#none} for an extractor without weights. */
    Cost cost();

    @Override
    void close();
}
