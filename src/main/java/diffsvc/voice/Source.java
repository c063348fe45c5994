package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Track;

/**
 * A recording and everything that is computed from it before a trained network runs.
 *
 * @param song as read: any rate, all channels
 * @param signal one channel at the voice's rate: what mel and F0 are made of
 * @param mel [1, T, M], log10
 * @param f0 T frames
 * @param units [1, P, H]
 * @param conds units, mel2ph, f0 (log2 Hz), energy and unvoiced on the mel's frames
 */
public record Source(Wave song, Wave signal, NDArray mel, F0Track f0, NDArray units, Conds conds) {}
