"""Reference numbers of the speaker encoder, made by the Python package resemblyzer 0.1.4 itself:

    make_judge_identity.py RAW_FOLDER JUDGES_FOLDER

Reads RAW_FOLDER/music1.wav .. music3.wav. Writes into JUDGES_FOLDER identity_music1.wav .. identity_music3.wav (7 s each, 16 kHz, 16 bits) and
identity.npz: of each clip below NAME/mel [T, 40], NAME/partials [P, 256] and NAME/embedding [256]. The clips are made of the stored samples / 32768.
The voice detector of the package (webrtcvad) is left out, its volume normalization is not.

Made with Python 3.11, resemblyzer 0.1.4, torch 2.7.1, librosa 0.11.0, numpy 2.4.6, scipy 1.17.1.
"""
import sys
import types
from pathlib import Path

import librosa
import numpy as np
import scipy.ndimage
import soundfile

# the package imports this from where newer versions of SciPy no longer have it; only the voice detector uses it
sys.modules["scipy.ndimage.morphology"] = types.SimpleNamespace(binary_dilation=scipy.ndimage.binary_dilation)
from resemblyzer import VoiceEncoder, audio
from resemblyzer.hparams import audio_norm_target_dBFS

RATE, SECONDS = 16000, 7
START = {"music1": 2.0, "music2": 2.0, "music3": 2.0}


def stored(raw, judges, name):
    wave, _ = librosa.load(raw / (name + ".wav"), sr=RATE, mono=True, offset=START[name], duration=SECONDS)
    samples = np.clip(np.round(wave * 32768), -32768, 32767).astype(np.int16)
    soundfile.write(judges / ("identity_%s.wav" % name), samples, RATE, subtype="PCM_16")
    return samples.astype(np.float32) / np.float32(32768)


def clips(songs):
    for name, wave in songs.items():
        for seconds in (1, 3, 7):
            yield "%s_%ds" % (name, seconds), wave[:seconds * RATE]
    pause = np.zeros(RATE, np.float32)
    yield "padded", np.concatenate([pause, songs["music2"][:3 * RATE], pause])
    yield "quiet", songs["music1"][:3 * RATE] * np.float32(0.015625)           # raised to -30 dB of full scale
    yield "loud", songs["music3"][:3 * RATE] * np.float32(4)                   # above -30 dB: stays, samples beyond full scale too


def main(raw, judges):
    judges.mkdir(parents=True, exist_ok=True)
    encoder = VoiceEncoder("cpu", verbose=False)
    arrays = {}
    for name, wave in clips({song: stored(raw, judges, song) for song in START}):
        normal = audio.normalize_volume(wave, audio_norm_target_dBFS, increase_only=True)
        embedding, partials, slices = encoder.embed_utterance(normal, return_partials=True)
        whole = np.pad(normal, (0, max(0, slices[-1].stop - len(normal))))
        mel = audio.wav_to_mel_spectrogram(whole)[:slices[-1].stop // 160]
        if "7s" not in name:
            arrays[name + "/mel"] = mel
        arrays[name + "/partials"], arrays[name + "/embedding"] = partials, embedding.astype(np.float32)
        print(name, "%.1f dB" % (20 * np.log10(np.sqrt(np.mean(wave ** 2)))), mel.shape, partials.shape)
    np.savez_compressed(judges / "identity.npz", **arrays)
    names = [n[:-10] for n in arrays if n.endswith("/embedding")]
    print(names)
    print(np.round([[arrays[a + "/embedding"] @ arrays[b + "/embedding"] for b in names] for a in names], 3))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
