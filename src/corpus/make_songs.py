#!/usr/bin/env python3
"""Songs and sentences that no voice was trained on, for ./diffsvc evaluate: WAV files with their words in a .txt beside each.

    make_songs.py --out FOLDER      FOLDER/sentences: 50 sentences; FOLDER/songs: four songs

Five voices of Kokoro-82M speak and sing; no voice here was trained on them. A singer's syllables are the loudest steady stretches of a spoken line,
as many as the line has notes; each is held until its note ends.
"""
import argparse
import random
import sys
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import find_peaks

import kokoro
from singing import FRAME_MS, Speech, hz, levelled, smooth

# Melodies in the public domain: a line's words, then MIDI note and beats of each syllable.
TWINKLE = [
    ("Twinkle, twinkle, little star", [(60, 1), (60, 1), (67, 1), (67, 1), (69, 1), (69, 1), (67, 2)]),
    ("How I wonder what you are", [(65, 1), (65, 1), (64, 1), (64, 1), (62, 1), (62, 1), (60, 2)]),
    ("Up above the world so high", [(67, 1), (67, 1), (65, 1), (65, 1), (64, 1), (64, 1), (62, 2)]),
    ("Like a diamond in the sky", [(67, 1), (67, 1), (65, 1), (65, 1), (64, 1), (64, 1), (62, 2)]),
]
AMAZING = [
    ("Amazing grace, how sweet the sound", [(55, 1), (60, 2), (64, 1), (64, 2), (62, 1), (60, 2), (57, 1), (55, 3)]),
    ("That saved a wretch like me", [(55, 1), (60, 2), (64, 1), (64, 2), (62, 1), (67, 4)]),
    ("I once was lost, but now am found", [(67, 1), (67, 2), (64, 1), (67, 2), (64, 1), (60, 2), (57, 1), (55, 3)]),
    ("Was blind, but now I see", [(55, 1), (60, 2), (64, 1), (64, 2), (62, 1), (60, 4)]),
]
ROW = [
    ("Row, row, row your boat", [(60, 1.5), (60, 1.5), (60, 1), (62, 0.5), (64, 1.5)]),
    ("Gently down the stream", [(64, 1), (62, 0.5), (64, 1), (65, 0.5), (67, 3)]),
    ("Life is but a dream", [(67, 1), (65, 0.5), (64, 1), (62, 0.5), (60, 3)]),
]
SAKURA = [
    ("さくら", [(69, 1), (69, 1), (71, 2)]),
    ("さくら", [(69, 1), (69, 1), (71, 2)]),
    ("やよいのそらは", [(69, 1), (71, 1), (72, 1), (71, 1), (69, 1), (71, 0.5), (69, 2)]),
]
SONGS = {  # name: voice, language, semitones, seconds a beat, lines
    "twinkle": ("jf_tebukuro", "en", 2, 0.5, TWINKLE),
    "amazing": ("jm_kumo", "en", -9, 0.62, AMAZING),
    "row": ("jf_gongitsune", "en", 1, 0.55, ROW),
    "sakura": ("jf_alpha", "ja", -1, 0.75, SAKURA),
}


def nuclei(speech, count):
    """The frames of the count most prominent syllables."""
    level = np.log(speech.envelope.sum(axis=1) + 1e-12)
    weight = smooth((speech.f0 > 0) * np.clip((level - level.max() + 5) / 5, 0, 1) * (0.3 + speech.steady), 15)
    peaks, found = find_peaks(np.concatenate(([0], weight, [0])), prominence=1e-4, distance=14)
    if len(peaks) < count:
        raise SystemExit(f"songs: {count} notes need as many syllables, {len(peaks)} were found")
    best = np.argsort(-found["prominences"])[:count]
    return np.sort(peaks[best] - 1), weight


def sung(line, notes, voice, language, transpose, beat, rng):
    """(wave, rate) of a line on its notes."""
    wave, rate = kokoro.speak(line, voice, 0.85, language)
    wave = np.concatenate((np.zeros(rate // 20), wave, np.zeros(rate // 10)))
    speech = Speech(wave, rate, 60, 500)
    peaks, weight = nuclei(speech, len(notes))
    bounds = [0] + [a + int(np.argmin(weight[a:b])) for a, b in zip(peaks, peaks[1:])] + [len(weight)]
    slowness = np.ones(len(weight))
    for (_, beats), peak, start, end in zip(notes, peaks, bounds, bounds[1:]):
        inside = np.arange(start, end)
        core = inside[(weight[inside] > 0.55 * weight[peak]) & (np.abs(inside - peak) < 40)]
        slowness[core] = np.clip((beats * beat * 1000 / FRAME_MS - (len(inside) - len(core))) / len(core), 0.5, 12)
    ends, envelope, noise, voiced = speech.held(slowness)
    starts = [0] + [int(ends[b - 1]) for b in bounds[1:-1]] + [len(voiced)]
    midi = np.concatenate([np.full(b - a, n + transpose, dtype=float) for (n, _), a, b in zip(notes, starts, starts[1:])])
    since = np.concatenate([np.arange(b - a) * FRAME_MS / 1000 for a, b in zip(starts, starts[1:])])
    midi = smooth(midi, 15)
    midi += 0.35 * np.clip((since - 0.3) / 0.3, 0, 1) * np.sin(2 * np.pi * 5.4 * np.arange(len(midi)) * FRAME_MS / 1000)
    midi += 0.06 * smooth(np.random.default_rng(rng.getrandbits(63)).standard_normal(len(midi)) * 4, 41)
    return speech.put_together(np.where(voiced, hz(midi), 0.0), envelope, noise), rate


def song(name):
    voice, language, transpose, beat, lines = SONGS[name]
    rng = random.Random(name)
    parts = []
    for line, notes in lines:
        wave, rate = sung(line, notes, voice, language, transpose, beat, rng)
        parts += [wave, np.zeros(rate // 5)]
    return levelled(np.concatenate(parts[:-1]), -20), rate, (", " if language == "en" else "、").join(line for line, _ in lines)


def write(folder, name, wave, rate, words):
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", wave, rate, subtype="PCM_16")
    (folder / f"{name}.txt").write_text(words + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    for name in SONGS:
        write(a.out / "songs", name, *song(name))
    sentences = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").split("\n")
    for number, sentence in enumerate(filter(None, sentences)):
        voice = kokoro.VOICES[number % len(kokoro.VOICES)]
        wave, rate = kokoro.speak(sentence, voice, 0.9)
        write(a.out / "sentences", f"{number + 1:02d}_{voice}", levelled(wave, -20), rate, sentence)
    print(f"{len(SONGS)} songs and {number + 1} sentences in {a.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
