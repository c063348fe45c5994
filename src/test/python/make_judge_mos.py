"""The reference numbers of the judges DNSMOS and DistillMOS, made by the packages themselves.

Reads src/test/resources/songs/music1.wav, music2.wav and music3.wav (16 kHz) and the packages speechmos 0.0.1.1, distillmos 0.9.1 and
xls_r_sqa 0.1.0, with torch 2.7.1, librosa 0.11.0, onnxruntime 1.32.0 and numpy 2.4.6.
Writes below src/test/resources/judges/mos: the clips as 16-bit WAV at 16 kHz, figures.json, and
distillmos_stages.npz: of the first clip the spectrum [2, K, T], every 32nd frame, the convolutions' output [P, C],
every 16th position, and the transformer's [P, D], every 8th.

Run in the repository's folder:  python src/test/python/make_judge_mos.py
"""

import json
from pathlib import Path

import numpy as np
import soundfile
import torch
from distillmos import ConvTransformerSQAModel
from distillmos.sqa import SEQ_LEN, _complex_compressed
from speechmos import dnsmos

RATE = 16000
OUT = Path("src/test/resources/judges/mos")


def clips():
    def cut(song, start, seconds):
        x, rate = soundfile.read(f"src/test/resources/songs/music{song}.wav", dtype="int16")
        assert rate == RATE
        return x[int(start * RATE) : int((start + seconds) * RATE)]

    noise = np.random.default_rng(20).standard_normal(3 * RATE) * 3000
    return {
        "2s": cut(2, 3, 2),
        "9.5s": cut(1, 2, 9.5),
        "15s": np.concatenate([cut(3, 0, 14.2), cut(3, 5, 0.8)]),
        "noise": np.clip(np.rint(noise), -32768, 32767).astype(np.int16),
    }


def figures(model, x):
    d = dnsmos.run(x, RATE)
    with torch.no_grad():
        mos = model(torch.from_numpy(x)[None]).item()
    keys = ["sig_mos", "bak_mos", "ovrl_mos", "p808_mos"]
    return [float(d[k]) for k in keys] + [mos]


def stages(model, x):
    kept = {}
    hooks = [
        model.cnn.register_forward_hook(lambda m, i, o: kept.update(cnn=o[0].T[::16])),
        model.transformer_pool_attn.transformer.register_forward_hook(
            lambda m, i, o: kept.update(transformer=o[0][::8])
        ),
    ]
    with torch.no_grad():
        padded = torch.nn.functional.pad(torch.from_numpy(x)[None], (0, SEQ_LEN - len(x)))
        scaled = padded / (padded.abs().max() + 1e-8)
        kept["spectrum"] = _complex_compressed(scaled, 160, 320)[0].permute(2, 0, 1)[:, :, ::32]
        model(torch.from_numpy(x)[None])
    for hook in hooks:
        hook.remove()
    return {name: value.contiguous().numpy() for name, value in kept.items()}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    model = ConvTransformerSQAModel().eval()
    made = {}
    for name, samples in clips().items():
        soundfile.write(OUT / f"{name}.wav", samples, RATE, subtype="PCM_16")
        x = samples.astype(np.float32) / 32768
        made[name] = figures(model, x)
        if name == "2s":
            np.savez_compressed(OUT / "distillmos_stages.npz", **stages(model, x))
        if name == "15s":
            made["15s twice"] = figures(model, np.concatenate([x, x]))
        if name == "9.5s":
            made["9.5s at -40 dB"] = figures(model, x * np.float32(0.01))
            made["9.5s times 8, clipped"] = figures(model, np.clip(x * np.float32(8), -1, 1))
    with open(OUT / "figures.json", "w") as f:
        json.dump({"columns": ["sig", "bak", "ovr", "p808", "distillmos"], "clips": made}, f, indent=1)
        f.write("\n")


main()
