#!/usr/bin/env python3
"""Trains an NSF-HiFiGAN of any size and writes it in the layout of the published ones: a file with {'generator': tensors}, config.json beside it.

    vocoder.py --data DATASET=CLIPS [--data DATASET=CLIPS ...] --out FOLDER [--channels 128] [--steps 100000] [--adversarial-from 2000]

DATASET is a folder of ./diffsvc preprocess, which gives F0; CLIPS is the folder of the recordings that it was made from. Mels are computed here
and compared with the dataset's: a clip whose mels differ is left out. Losses: the mel's L1, magnitudes at three resolutions, and from
--adversarial-from on least-squares discriminators over spectrograms and over periods with matched features (HiFi-GAN, arXiv:2010.05646;
UnivNet, arXiv:2106.07889). SIGTERM or the end of --steps saves; a second run with the same --out goes on.

Needs torch, numpy, scipy and soundfile; the workbench itself does not.
"""
import argparse
import json
import math
import random
import signal
import struct
import time
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
from scipy.signal import resample_poly
from torch import nn
from torch.nn.utils import weight_norm

RATE, HOP, FFT, MELS, LOW, HIGH = 44100, 512, 2048, 128, 40, 16000
RATES, KERNELS, BLOCK_KERNELS, DILATIONS, SINES = (8, 8, 2, 2, 2), (16, 16, 4, 4, 4), (3, 7, 11), (1, 3, 5), 9
RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))


# ---- clips


def mel_filters():
    """Slaney's mel scale, triangles of area 1: [128, 1025]."""
    def mel(hz):
        return hz / (200 / 3) if hz < 1000 else 15 + math.log(hz / 1000) * 27 / math.log(6.4)

    def hertz(m):
        return m * 200 / 3 if m < 15 else 1000 * math.exp((m - 15) * math.log(6.4) / 27)

    edges = [hertz(m) for m in np.linspace(mel(LOW), mel(HIGH), MELS + 2)]
    bins, out = np.arange(FFT // 2 + 1) * RATE / FFT, np.zeros((MELS, FFT // 2 + 1), np.float32)
    for i in range(MELS):
        a, b, c = edges[i : i + 3]
        out[i] = np.maximum(0, np.minimum((bins - a) / (b - a), (c - bins) / (c - b))) * 2 / (c - a)
    return torch.from_numpy(out)


FILTERS, WINDOW = mel_filters(), torch.hann_window(FFT)


def mel_of(wave):
    """[B, N] to the log10 mel [B, 128, N / 512] of the 44.1 kHz front end."""
    pad = (FFT - HOP) // 2
    spec = torch.stft(F.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0], FFT, HOP, window=WINDOW, center=False, return_complex=True)
    return torch.log10(torch.clamp(FILTERS @ torch.sqrt(spec.real**2 + spec.imag**2 + 1e-9), min=1e-5))


def tensors(file):
    raw = file.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    for name, entry in header.items():
        if name in ("0/mel", "0/f0_hz"):
            a, b = entry["data_offsets"]
            kind = {"F16": "<f2", "F32": "<f4"}[entry["dtype"]]
            yield name, np.frombuffer(raw[8 + size + a : 8 + size + b], kind).reshape(entry["shape"]).astype(np.float32)


def clips(pair, part):
    """Wave [N] and F0 [N / 512] in Hz, 0 where unvoiced, of each recording that is one clip."""
    data, folder = (Path(p) for p in pair.split("="))
    out, different = [], 0
    for entry in json.loads((data / "index.json").read_text())["recordings"]:
        files = list((data / "shards").glob(entry["key"][:24] + "*"))
        if entry["part"] != part or not files:
            continue
        have = dict(tensors(files[0]))
        wave, rate = soundfile.read(folder / entry["recording"], dtype="float32", always_2d=True)
        wave = wave[:, 0]
        if rate != RATE:
            up = math.gcd(rate, RATE)
            wave = resample_poly(wave, RATE // up, rate // up).astype(np.float32)
        frames = min(len(wave) // HOP, len(have["0/f0_hz"]))
        wave, f0 = wave[: frames * HOP], have["0/f0_hz"][:frames]
        mel = mel_of(torch.from_numpy(wave)[None])[0].T.numpy()
        if np.abs(mel[4:-4] - have["0/mel"][:frames][4:-4]).mean() > 0.05:
            different += 1
            continue
        out.append((torch.from_numpy(wave), torch.from_numpy(f0.copy())))
    print(f"{data.name}, {part}: {len(out)} clips, {sum(len(w) for w, _ in out) / RATE / 60:.0f} min; {different} left out", flush=True)
    return out


def batch(of, size, frames, source):
    waves, f0s = [], []
    while len(waves) < size:
        wave, f0 = of[source.randrange(len(of))]
        if len(f0) <= frames:
            continue
        at = source.randrange(len(f0) - frames)
        gain = 10 ** source.uniform(-0.6, 0) / max(0.2, float(wave.abs().max()))
        waves.append(wave[at * HOP : (at + frames) * HOP] * gain)
        f0s.append(f0[at : at + frames])
    return torch.stack(waves), torch.stack(f0s)


# ---- generator


def conv(i, o, k, dilation=1, stride=1, padding=None, groups=1):
    return weight_norm(nn.Conv1d(i, o, k, stride, dilation * (k - 1) // 2 if padding is None else padding, dilation, groups))


class Block(nn.Module):
    def __init__(self, channels, kernel):
        super().__init__()
        self.convs1 = nn.ModuleList(conv(channels, channels, kernel, d) for d in DILATIONS)
        self.convs2 = nn.ModuleList(conv(channels, channels, kernel) for _ in DILATIONS)

    def forward(self, x):
        for a, b in zip(self.convs1, self.convs2):
            x = x + b(F.leaky_relu(a(F.leaky_relu(x, 0.1)), 0.1))
        return x


class Source(nn.Module):
    """Sines of F0 and its overtones with a little noise, merged to one channel (arXiv:1904.12088)."""

    def __init__(self):
        super().__init__()
        self.l_linear = nn.Linear(SINES, 1)

    def forward(self, f0):
        turns = (f0[:, :, None] * torch.arange(1, SINES + 1) / RATE).double().repeat_interleave(HOP, 1)
        start = torch.rand(len(f0), 1, SINES, dtype=torch.double)
        start[..., 0] = 0
        voiced = (f0 > 0).float()[:, :, None].repeat_interleave(HOP, 1)
        sines = 0.1 * torch.sin(2 * math.pi * ((turns.cumsum(1) + start) % 1)).float() * voiced
        noise = torch.randn_like(sines) * (0.003 * voiced + 0.1 / 3 * (1 - voiced))
        return torch.tanh(self.l_linear(sines + noise)).transpose(1, 2)


class Generator(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.m_source = Source()
        self.conv_pre = weight_norm(nn.Conv1d(MELS, channels, 7, padding=3))
        self.ups, self.noise_convs, self.resblocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for i, (u, k) in enumerate(zip(RATES, KERNELS)):
            c = channels >> i + 1
            self.ups.append(weight_norm(nn.ConvTranspose1d(2 * c, c, k, u, (k - u) // 2)))
            stride = math.prod(RATES[i + 1 :])
            self.noise_convs.append(nn.Conv1d(1, c, 2 * stride, stride, stride // 2) if stride > 1 else nn.Conv1d(1, c, 1))
            self.resblocks.extend(Block(c, b) for b in BLOCK_KERNELS)
        self.conv_post = weight_norm(nn.Conv1d(channels >> len(RATES), 1, 7, padding=3))
        for module in (*self.ups, *self.resblocks.modules(), self.conv_post):
            if hasattr(module, "weight_v"):
                nn.init.normal_(module.weight_v, 0, 0.01 if channels > 256 else 0.03)

    def forward(self, mel, f0):
        source = self.m_source(f0)
        x = self.conv_pre(mel * 2.30259)
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, 0.1)) + self.noise_convs[i](source)
            x = sum(self.resblocks[3 * i + b](x) for b in range(3)) / 3
        return torch.tanh(self.conv_post(F.leaky_relu(x)))[:, 0]


# ---- discriminators and losses


class Spectrogram(nn.Module):
    def __init__(self, fft, hop):
        super().__init__()
        self.fft, self.hop = fft, hop
        self.register_buffer("window", torch.hann_window(fft), False)
        sizes = ((1, 16, (1, 2)), (16, 16, (1, 2)), (16, 32, (1, 2)), (32, 32, (1, 1)))
        self.layers = nn.ModuleList(weight_norm(nn.Conv2d(a, b, (3, 9), s, (1, 4))) for a, b, s in sizes)
        self.last = weight_norm(nn.Conv2d(32, 1, 3, padding=1))

    def forward(self, x):
        x, seen = magnitude(x, self.fft, self.hop, self.window).transpose(1, 2)[:, None], []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            seen.append(x)
        return self.last(x), seen


class Period(nn.Module):
    def __init__(self, period):
        super().__init__()
        self.period = period
        sizes = ((1, 8), (8, 16), (16, 32), (32, 64))
        self.layers = nn.ModuleList(weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0))) for a, b in sizes)
        self.last = weight_norm(nn.Conv2d(64, 1, (3, 1), padding=(1, 0)))

    def forward(self, x):
        x = F.pad(x[:, None], (0, -x.shape[1] % self.period), mode="reflect")
        x, seen = x.reshape(len(x), 1, -1, self.period), []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            seen.append(x)
        return self.last(x), seen


def magnitude(wave, fft, hop, window):
    spec = torch.stft(wave, fft, hop, window=window, return_complex=True)
    return torch.sqrt(spec.real**2 + spec.imag**2 + 1e-8)


def spectral(made, real):
    total = 0
    for fft, hop in RESOLUTIONS:
        window = torch.hann_window(fft)
        a, b = magnitude(made, fft, hop, window), magnitude(real, fft, hop, window)
        total = total + (b - a).norm() / b.norm() + (b.log() - a.log()).abs().mean()
    return total / len(RESOLUTIONS)


# ---- training


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", action="append", required=True, metavar="DATASET=CLIPS")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--adversarial-from", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    train, valid = ([c for pair in a.data for c in clips(pair, part)] for part in ("train", "valid"))
    maker = Generator(a.channels)
    judges = nn.ModuleList([Spectrogram(*r) for r in RESOLUTIONS] + [Period(p) for p in (2, 3, 5, 7, 11)])
    make = torch.optim.AdamW(maker.parameters(), a.rate, (0.8, 0.99))
    judge = torch.optim.AdamW(judges.parameters(), a.rate, (0.8, 0.99))
    step, state = 0, a.out / "training.pt"
    if state.exists():
        saved = torch.load(state)
        step = saved["step"]
        for name, part in (("maker", maker), ("judges", judges), ("make", make), ("judge", judge)):
            part.load_state_dict(saved[name])
    print(f"{sum(p.numel() for p in maker.parameters()):,} parameters, step {step}", flush=True)

    def save():
        torch.save({"step": step, "maker": maker.state_dict(), "judges": judges.state_dict(), "make": make.state_dict(), "judge": judge.state_dict()}, state)
        torch.save({"generator": maker.state_dict()}, a.out / "model")
        (a.out / "config.json").write_text(json.dumps({
            "resblock": "1", "upsample_rates": RATES, "upsample_kernel_sizes": KERNELS, "upsample_initial_channel": a.channels,
            "resblock_kernel_sizes": BLOCK_KERNELS, "resblock_dilation_sizes": [DILATIONS] * 3, "num_mels": MELS, "n_fft": FFT, "hop_size": HOP,
            "win_size": FFT, "sampling_rate": RATE, "fmin": LOW, "fmax": HIGH}, indent=2))

    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    source, begun, sums = random.Random(f"{a.seed} {step}"), time.time(), []
    while step < a.steps and not stopped:
        real, f0 = batch(train, a.batch, a.frames, source)
        mel = mel_of(real)
        made = maker(mel, f0)
        adversarial = step >= a.adversarial_from
        if adversarial:
            loss = 0
            for d in judges:
                (yes, _), (no, _) = d(real), d(made.detach())
                loss = loss + ((yes - 1) ** 2).mean() + (no**2).mean()
            judge.zero_grad()
            loss.backward()
            judge.step()
        mels = (mel_of(made) - mel).abs().mean()
        total = 45 * mels + 5 * spectral(made, real)
        if adversarial:
            for d in judges:
                (says, features), (_, wanted) = d(made), d(real)
                total = total + ((says - 1) ** 2).mean() + 2 * sum((x - y.detach()).abs().mean() for x, y in zip(features, wanted)) / len(features)
        make.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(maker.parameters(), 100)
        make.step()
        for group in (*make.param_groups, *judge.param_groups):
            group["lr"] = a.rate * 0.5 ** (step / 20_000)
        sums.append(mels.item())
        step += 1
        if step % 100 == 0:
            print(f"step {step}: mel {np.mean(sums):.4f}, {(time.time() - begun) / len(sums):.2f} s a step", flush=True)
            begun, sums = time.time(), []
        if step % 500 == 0:
            with torch.no_grad():
                distance = np.mean([(mel_of(maker(mel_of(w[None]), f[None])) - mel_of(w[None])).abs().mean().item() for w, f in valid[:16]])
            print(f"step {step}: mel of whole validation clips {distance:.4f}", flush=True)
            save()
            begun = time.time()
    save()


if __name__ == "__main__":
    main()
