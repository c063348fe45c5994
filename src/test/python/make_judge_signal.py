"""Expected values of the pitch and signal figures, by other people's programs and by NumPy.

Reads src/test/resources/songs/music1.wav to src/test/resources/songs/music3.wav (16 kHz, 16 bits), writes src/test/resources/judges/signal.json.
Made with Python 3.11, numpy 2.4.6, scipy 1.17.1, librosa 0.11.0, pyloudnorm 0.2.0, praat-parselmouth 0.4.7:

    python src/test/python/make_judge_signal.py
"""

import json

import librosa
import numpy as np
import parselmouth
import pyloudnorm
import scipy
from scipy.io import wavfile
from scipy.signal import resample_poly

OUT = "src/test/resources/judges/signal.json"
NAMES = ["music1", "music2", "music3"]


def read(name):
    rate, x = wavfile.read(f"src/test/resources/songs/{name}.wav")
    assert x.dtype == np.int16 and x.ndim == 1
    return rate, x / 32768


def loudness(x, rate):
    """BS.1770 with the filters that were fitted to the standard's table (De Man), not pyloudnorm's own."""
    return pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(x)


def true_peak(x):
    return 20 * np.log10(np.abs(resample_poly(x, 32, 1, window=("kaiser", 12.0))).max())


def hnr(x, rate):
    """Praat's harmonicity by autocorrelation, 3 periods a window, mean over the frames that it calls voiced."""
    h = parselmouth.praat.call(
        parselmouth.Sound(x, rate), "To Harmonicity (ac)...", 0.01, 75.0, 0.03, 3.0
    )
    v = h.values[0]
    return float(v[v > -199].mean())


def distances(x, y, rate):
    """mcd and lsd as SpectralDistance defines them: 40 ms Hann, 10 ms, 0.45 of the rate."""
    size, hop = round(0.04 * rate), rate // 100
    fft = 1 << (size - 1).bit_length()
    n = (min(len(x), len(y)) - size) // hop + 1
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    most = min(10_000, 0.45 * rate)
    bins = int(most / rate * fft) + 1
    bank = librosa.filters.mel(sr=rate, n_fft=fft, n_mels=40, fmin=0, fmax=most)

    def power(w):
        frames = np.stack([w[t * hop : t * hop + size] * window for t in range(n)])
        return np.abs(np.fft.rfft(frames, fft)) ** 2

    def log(p):
        return np.log(np.maximum(p, p.max(axis=1, keepdims=True) * 1e-6))

    a, b = power(x)[:, :bins], power(y)[:, :bins]
    level = 10 * np.log10(b.sum(axis=1))
    sounding = level > level.max() - 40
    # scipy's DCT-II is twice the sum of x cos; c(m) = 2 / M sum of x cos, of amplitudes half of it
    c = [
        scipy.fft.dct(log(p @ bank[:, :bins].T) / 2, type=2, axis=1)[:, 1:25] / 40 for p in (a, b)
    ]
    mcd = 10 * np.sqrt(2) / np.log(10) * np.sqrt(((c[0] - c[1]) ** 2).sum(axis=1))
    lsd = (10 / np.log(10) * (log(a) - log(b))).std(axis=1)
    return {"mcd": float(mcd[sounding].mean()), "lsd": float(lsd[sounding].mean())}


def main():
    out = {"files": {}, "pairs": {}}
    for name in NAMES:
        rate, x = read(name)
        out["files"][name] = {
            "loudness": float(loudness(x, rate)),
            "range": float(pyloudnorm.Meter(rate, filter_class="DeMan").loudness_range(x)),
            "truePeak": float(true_peak(x)),
            "hnr": hnr(x, rate),
        }
    for first, second in [("music1", "music3"), ("music3", "music1"), ("music2", "music1")]:
        rate, x = read(first)
        out["pairs"][f"{first} {second}"] = distances(x, read(second)[1], rate)
    with open(OUT, "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
