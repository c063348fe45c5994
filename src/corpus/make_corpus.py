#!/usr/bin/env python3
"""Makes the demo's corpus and songs from free synthesizers in Debian; nothing is recorded or downloaded.

    apt-get install flite festival festvox-us-slt-hts festvox-kallpc16k festvox-kdlpc16k praat
    python3 src/corpus/make_corpus.py --out corpus            # encoder/, target/ and songs/, about 4 minutes on two cores
    python3 src/corpus/make_corpus.py --out corpus --songs    # the songs only

out/encoder  16 kHz speech and "singing" of six voices, with index.tsv: file, voice, phone:end phone:end ...
out/target   the demo's own voice (festival cmu_us_slt_arctic_hts, 32 kHz), spoken and "sung", with index.tsv
out/songs    music1..3.wav, sung by other voices than the demo's own; ./raw holds a copy

"Singing" is speech whose vowels Praat's overlap-add stretches and whose pitch it moves to notes: the phone times are known from the
synthesizer and are carried through the stretching. Everything is drawn from --seed. Standard library only.
"""
import argparse, os, random, re, subprocess, sys, tempfile, wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

VOWELS = set("aa ae ah ao aw ax ay eh er ey ih iy ow oy uh uw".split())
FESTIVAL = {"slt_hts": "voice_cmu_us_slt_arctic_hts", "kal": "voice_kal_diphone", "ked": "voice_ked_diphone"}
FLITE = ("slt", "awb", "rms", "kal16")
RANGES = {"slt_hts": (45, 67), "slt": (45, 67), "awb": (40, 62), "rms": (40, 60), "kal16": (40, 60), "kal": (40, 62), "ked": (40, 60)}  # MIDI


def words(rng, count):
    """Words of 2 to 4 syllables and less from festival's CMU dictionary: every phone in many neighbourhoods."""
    text = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out").read_text(errors="replace")
    known = sorted({m for m in re.findall(r'^\("([a-z]{3,9})" ', text, re.M)})
    return rng.sample(known, count)


def sentences(rng, count, length=(5, 9)):
    bag = words(rng, 4000)
    return [" ".join(rng.choice(bag) for _ in range(rng.randint(*length))) for _ in range(count)]


def run(*command, **kw):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **kw).stdout


def speak_flite(voice, text, path):
    pairs = run("flite", "-voice", voice, "-t", text, "-psdur", "-o", path).split()
    return [(p.rsplit(":", 1)[0], float(p.rsplit(":", 1)[1])) for p in pairs]


def speak_festival(voice, texts, paths):
    """One festival process a batch: loading a voice takes longer than a sentence."""
    script = [f"({FESTIVAL[voice]})"]
    for text, path in zip(texts, paths):
        script += [f'(set! u (SynthText "{text}"))', f'(utt.save.wave u "{path}" \'riff)', f'(utt.save.segs u "{path}.seg")']
    with tempfile.NamedTemporaryFile("w", suffix=".scm", delete=False) as f:
        f.write("\n".join(script))
    run("festival", "-b", f.name)
    os.unlink(f.name)
    result = []
    for path in paths:
        seg = Path(f"{path}.seg")
        lines = [line.split() for line in seg.read_text().splitlines() if line and line != "#"]
        result.append([(phone, float(end)) for end, _, phone in lines])
        seg.unlink()
    return result


def hz(midi):
    return 440.0 * 2 ** ((midi - 69) / 12)


class Score:
    """Where each phone of a spoken sentence goes when it is sung, and the pitch on the way."""

    def __init__(self, phones, rng, low, high, notes=None, beat=None, stretch=(1.0, 2.8)):
        self.pieces, self.pitch = [], []                   # (start, end, factor) in spoken time; (spoken time, Hz)
        start, note, sung, index = 0.0, rng.uniform(low, high), 0.0, 0
        plan = []                                          # (phone, spoken start, spoken end, sung start, sung end, midi)
        for phone, end in phones:
            length = max(end - start, 1e-4)
            if phone in VOWELS:
                if notes is None:
                    note = min(high, max(low, note + rng.choice((-5, -4, -2, -2, 0, 0, 2, 2, 4, 5, 7, -7))))
                    factor = rng.uniform(*stretch)
                else:
                    midi, beats = notes[min(index, len(notes) - 1)]
                    note, factor = midi, max(0.6, beats * beat / length - 0.6)   # consonants take about 0.6 of a short note
                index += 1
            else:
                factor = rng.uniform(1.0, 1.3) if notes is None else 1.0
            plan.append((phone, start, end, sung, sung + length * factor, note))
            self.pieces.append((start, end, factor))
            sung += length * factor
            start = end
        self.syllables, self.phones, self.length = index, [(p, round(e, 4)) for p, _, _, _, e, _ in plan], sung
        # A consonant before its vowel already has the vowel's note.
        midi = [row[5] for row in plan]
        for i in range(len(plan) - 2, -1, -1):
            if plan[i][0] not in VOWELS:
                midi[i] = midi[i + 1] if plan[i + 1][0] != "pau" else midi[i]
        depth, rate, drift = rng.uniform(0.1, 0.35), rng.uniform(5, 6.2), rng.uniform(-0.15, 0.15)
        import math
        t, current, previous = 0.0, 0, midi[0]
        while t < sung:
            while current < len(plan) - 1 and t >= plan[current][4]:
                if midi[current + 1] != midi[current]:
                    previous = midi[current]
                current += 1
            row = plan[current]
            since = t - row[3]
            glide = 1 - math.exp(-since / 0.025)           # 25 ms from note to note
            target = midi[current] if midi[current] == previous or current == 0 else previous + (midi[current] - previous) * glide
            if since > 0.12:
                previous = midi[current]
            vibrato = depth * math.sin(2 * math.pi * rate * t) * min(1, max(0, (since - 0.15) / 0.2))
            spoken = row[1] + since * (row[2] - row[1]) / max(row[4] - row[3], 1e-6)
            self.pitch.append((spoken, hz(target + vibrato + drift)))
            t += 0.01

    def tiers(self, seconds, base):
        def tier(name, points):
            Path(f"{base}.{name}").write_text(
                'File type = "ooTextFile"\nObject class = "%s"\n\n0\n%.6f\n%d\n' % (name, seconds, len(points))
                + "".join("%.6f\n%.6f\n" % p for p in points))
        tier("PitchTier", self.pitch)
        steps, e = [], 1e-4
        for start, end, factor in self.pieces:
            steps += [(start + e, factor), (max(end - e, start + 2 * e), factor)]
        tier("DurationTier", steps)


PRAAT = """form: "batch"
  text: "list", ""
endform
strings = Read Strings from raw text file: list$
n = Get number of strings
for i to n
  selectObject: strings
  base$ = Get string: i
  sound = Read from file: base$ + ".spoken.wav"
  manipulation = To Manipulation: 0.01, 60, 400
  pitch = Read from file: base$ + ".PitchTier"
  selectObject: manipulation, pitch
  Replace pitch tier
  duration = Read from file: base$ + ".DurationTier"
  selectObject: manipulation, duration
  Replace duration tier
  selectObject: manipulation
  sung = Get resynthesis (overlap-add)
  Scale intensity: 70
  Save as WAV file: base$ + ".wav"
  removeObject: sound, manipulation, pitch, duration, sung
endfor
"""
LEVEL = """form: "batch"
  text: "list", ""
endform
strings = Read Strings from raw text file: list$
n = Get number of strings
for i to n
  selectObject: strings
  base$ = Get string: i
  sound = Read from file: base$ + ".spoken.wav"
  Scale intensity: 70
  Save as WAV file: base$ + ".wav"
  removeObject: sound
endfor
"""


def praat(script, bases):
    with tempfile.TemporaryDirectory() as folder:
        code, names = Path(folder, "batch.praat"), Path(folder, "list.txt")
        code.write_text(script)
        names.write_text("\n".join(str(Path(b).resolve()) for b in bases) + "\n")
        run("praat", "--run", code, names)


def seconds_of(path):
    with wave.open(str(path)) as w:
        return w.getnframes() / w.getframerate()


def voice_part(folder, voice, texts, sung_share, seed, index, name):
    """Speaks all texts with one voice, sings a share of them, and adds them to the index."""
    rng = random.Random(f"{seed}/{name}/{voice}")
    folder.mkdir(parents=True, exist_ok=True)
    bases = [folder / f"{voice}_{i:04d}" for i in range(len(texts))]
    spoken = [f"{b}.spoken.wav" for b in bases]
    if voice in FESTIVAL:
        phones = []
        for k in range(0, len(texts), 50):
            phones += speak_festival(voice, texts[k:k + 50], spoken[k:k + 50])
    else:
        phones = [speak_flite(voice, text, path) for text, path in zip(texts, spoken)]
    sung, plain, rows = [], [], []
    for base, path, said in zip(bases, spoken, phones):
        if rng.random() < sung_share:
            score = Score(said, rng, *RANGES[voice])
            score.tiers(seconds_of(path), base)
            sung.append(base)
            rows.append((base, score.phones))
        else:
            plain.append(base)
            rows.append((base, said))
    praat(PRAAT, sung)
    praat(LEVEL, plain)
    for base in bases:
        for tail in ("spoken.wav", "PitchTier", "DurationTier"):
            Path(f"{base}.{tail}").unlink(missing_ok=True)
    for base, said in rows:
        index.append("\t".join((f"{base.name}.wav", voice, " ".join(f"{p}:{e:.4f}" for p, e in said))))


# Melodies in the public domain: MIDI note and beats, a note a syllable.
TWINKLE = ("twinkle twinkle little star. how I wonder what you are. up above the world so high.",
           [(60, 1), (60, 1), (67, 1), (67, 1), (69, 1), (69, 1), (67, 2), (65, 1), (65, 1), (64, 1), (64, 1), (62, 1), (62, 1), (60, 2),
            (67, 1), (67, 1), (65, 1), (65, 1), (64, 1), (64, 1), (62, 2)])
AMAZING = (("a", 55, 1), ("maze", 60, 2), ("ing", 64, 1), ("grace", 64, 2), ("how", 62, 1), ("sweet", 60, 2), ("the", 57, 1), ("sound", 55, 2),
           ("that", 55, 1), ("saved", 60, 2), ("a", 64, 1), ("wretch", 64, 2), ("like", 62, 1), ("me", 67, 3))
FRERE = ("are you sleeping. are you sleeping. brother john. brother john. morning bells are ringing.",
         [(60, 1), (62, 1), (64, 1), (60, 1), (60, 1), (62, 1), (64, 1), (60, 1), (64, 1), (65, 1), (67, 2), (64, 1), (65, 1), (67, 2),
          (67, 1), (69, 1), (67, 1), (65, 1), (64, 1), (60, 2)])
NAMES = "C C# D D# E F F# G G# A A# B".split()


def festival_song(path, voice, notes, bpm, transpose):
    """festival's singing mode; its male voices sing an octave below what is written."""
    body = "".join('<PITCH NOTE="%s%d"><DURATION BEATS="%.2f">%s</DURATION></PITCH>\n'
                   % (NAMES[(m + transpose) % 12], (m + transpose) // 12 - 1, b, w) for w, m, b in notes)
    with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as f:
        f.write('<?xml version="1.0"?>\n<!DOCTYPE SINGING PUBLIC "-//SINGING//DTD SINGING mark up//EN" "Singing.v0_1.dtd" []>\n'
                f'<SINGING BPM="{bpm}">\n{body}</SINGING>\n')
    run("text2wave", "-mode", "singing", f.name, "-o", path, "-eval", f"({FESTIVAL[voice]})")
    os.unlink(f.name)


def flite_song(base, voice, song, rng):
    """A flite voice speaks the words; its vowels are stretched to the beats and its pitch is moved to the notes."""
    text, notes = song
    said = speak_flite(voice, text, f"{base}.spoken.wav")
    score = Score(said, rng, 40, 60, notes=[(m - 12, b) for m, b in notes], beat=0.5)
    if score.syllables != len(notes):
        sys.exit(f"songs: {base.name} has {score.syllables} syllables for {len(notes)} notes")
    score.tiers(seconds_of(f"{base}.spoken.wav"), base)
    praat(PRAAT, [base])
    for tail in ("spoken.wav", "PitchTier", "DurationTier"):
        Path(f"{base}.{tail}").unlink()


def songs(folder, seed):
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(f"{seed}/songs")
    flite_song(folder / "music1", "rms", TWINKLE, rng)
    festival_song(folder / "music2.wav", "kal", AMAZING, 110, 7)
    flite_song(folder / "music3", "awb", FRERE, rng)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seed", default="1")
    p.add_argument("--encoder", type=int, default=220, help="sentences for each of the six voices of the content encoder")
    p.add_argument("--target", type=int, default=560, help="sentences of the demo's own voice")
    p.add_argument("--songs", action="store_true", help="make the songs only")
    a = p.parse_args()
    songs(a.out / "songs", a.seed)
    if a.songs:
        return
    parts = []
    for voice in ("slt_hts", "slt", "awb", "rms", "kal16", "kal"):
        parts.append(("encoder", voice, a.encoder, 0.5))
    parts.append(("heldout", "ked", 40, 0.5))                  # for validation only
    for k in range(4):                                         # four parts, so that two cores have work
        parts.append((f"target/{k}", "slt_hts", a.target // 4, 0.75))
    index = {name.split("/")[0]: [] for name, *_ in parts}

    def work(part):
        name, voice, count, share = part
        rng = random.Random(f"{a.seed}/{name}/{voice}/text")
        voice_part(a.out / name, voice, sentences(rng, count), share, a.seed, rows := [], name)
        prefix = name.split("/")[1] + "/" if "/" in name else ""
        index[name.split("/")[0]] += [prefix + row for row in rows]

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        list(pool.map(work, parts))
    for name, rows in index.items():
        (a.out / name / "index.tsv").write_text("\n".join(sorted(rows)) + "\n")
        total = sum(seconds_of(a.out / name / row.split("\t")[0]) for row in rows)
        print(f"{name}: {len(rows)} clips, {total / 60:.1f} minutes")


if __name__ == "__main__":
    main()
