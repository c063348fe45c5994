"""Speech put on notes: WORLD (Morise et al. 2016) takes it apart into F0, envelope and aperiodicity, what is steady is held, and it is put together
again on another F0."""
import numpy as np
import pyworld

FRAME_MS = 5.0


def hz(midi):
    return 440.0 * 2.0 ** ((np.asarray(midi, dtype=float) - 69.0) / 12.0)


def smooth(x, width):
    kernel = np.hanning(width + 2)[1:-1]
    return np.convolve(np.pad(x, width // 2, mode="edge"), kernel / kernel.sum(), mode="valid")[:len(x)]


def steadiness(f0, envelope, rate):
    """0 to 1 a frame: 1 where a vowel is held, 0 where the mouth moves or nothing sounds."""
    top = int(5000 / (rate / 2) * (envelope.shape[1] - 1))
    log = np.log(envelope[:, 1:top] + 1e-12)
    log = np.stack([part.mean(axis=1) for part in np.array_split(log, 24, axis=1)], axis=1)
    moved = np.abs(np.roll(log, -2, axis=0) - np.roll(log, 2, axis=0)).mean(axis=1)
    level = np.log(envelope.sum(axis=1) + 1e-12)
    loud = np.clip((level - np.percentile(level, 95) + 4) / 2, 0, 1)
    return smooth((f0 > 0) * loud * np.clip(2.1 - moved, 0, 1), 7)


class Speech:
    """A recording taken apart, in frames of 5 ms."""

    def __init__(self, wave, rate, lowest=55, highest=400):
        self.rate = rate
        f0, times = pyworld.dio(wave, rate, f0_floor=lowest, f0_ceil=highest, frame_period=FRAME_MS)
        self.f0 = pyworld.stonemask(wave, f0, times, rate)
        self.envelope = pyworld.cheaptrick(wave, self.f0, times, rate)
        self.noise = pyworld.d4c(wave, self.f0, times, rate)
        self.steady = steadiness(self.f0, self.envelope, rate)

    def held(self, slowness):
        """Frames of the sung sound, as many for each spoken frame as slowness says: (ends of the spoken frames, envelope, aperiodicity, voiced)."""
        ends = np.cumsum(slowness)
        at = np.interp(np.arange(int(ends[-1])) + 0.5, ends, np.arange(len(self.f0)) + 0.5)  # the spoken frame of a sung one
        below = np.clip(at.astype(int), 0, len(self.f0) - 2)
        part = np.clip(at - below, 0, 1)[:, None]
        envelope = np.exp((1 - part) * np.log(self.envelope[below] + 1e-16) + part * np.log(self.envelope[below + 1] + 1e-16))
        noise = (1 - part) * self.noise[below] + part * self.noise[below + 1]
        voiced = self.f0[np.clip(np.round(at).astype(int), 0, len(self.f0) - 1)] > 0
        return ends, envelope, noise, voiced

    def put_together(self, pitch, envelope, noise):
        """The wave of frames; pitch in Hz, 0 where unvoiced."""
        return pyworld.synthesize(pitch, np.ascontiguousarray(envelope), np.ascontiguousarray(noise), self.rate, FRAME_MS)


def evened(wave, rate):
    """The wave with two thirds of its slow changes of level taken off, as a singer holds a level where a speaker lets it fall."""
    step = rate // 100
    power = np.array([np.mean(wave[max(0, i - 2 * step):i + 2 * step] ** 2) for i in range(0, len(wave), step)])
    level = 10 * np.log10(smooth(power, 21) + 1e-10)
    loud = np.percentile(level, 90)
    gain = np.clip(0.67 * (loud - level), -10, 10) * np.clip((level - loud + 35) / 10, 0, 1)  # pauses stay pauses
    return wave * 10 ** (np.interp(np.arange(len(wave)), np.arange(len(gain)) * step, smooth(gain, 15)) / 20)


def levelled(wave, decibels):
    """The loud half of the wave at a level, and no sample above -1 dB."""
    loud = np.sqrt(np.mean(wave[np.abs(wave) > np.median(np.abs(wave))] ** 2))
    wave = wave * 10 ** (decibels / 20) / loud
    return wave * min(1.0, 0.89 / np.abs(wave).max())
