package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Track;

/**
 * All that is taken from a song.
 *
 * @param song as it was read
 * @param signal [N], one channel at the voice's rate
 * @param mel [1, T, M] log10
 * @param f0 T frames
 * @param units [1, P, H]
 * @param conds on the mel's clock, without a key shift
 */
public record Source(Wave song, float[] signal, NDArray mel, F0Track f0, NDArray units, Conds conds) {}
