"""Writes down what is sung, for diffsvc.evaluate.content: recognize.py --kind whisper|vosk --model FOLDER [--threads N]

Each line of the input is {"file": WAV}, mono, 16 kHz, 16-bit integers or 32-bit floats. Each is answered by one line:
    {"text": ..., "segments": [{"start": s, "end": s, "text": ...}, ...], "model": ..., "version": ...}   or   {"error": ...}
The model opens before the first answer; where that fails, the error is the only answer. The program ends with its input, and when its parent is gone.
"""
import argparse
import json
import os
import struct
import sys

RATE = 16000
WINDOW = 30 * RATE                                      # what Whisper sees at once
PARENT = os.getppid()


class Unreadable(Exception):
    pass


def read(path):
    """The samples of a WAV as 32-bit floats."""
    import numpy
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise Unreadable("need a WAV file, got %r" % data[:12])
    at, form = 12, None
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt ":
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at + 8)
            form = kind, channels, rate, bits
        elif name == b"data":
            body = data[at + 8:at + 8 + size]
            if form == (3, 1, RATE, 32):
                samples = numpy.frombuffer(body[:len(body) // 4 * 4], "<f4").astype(numpy.float32)
            elif form == (1, 1, RATE, 16):
                samples = numpy.frombuffer(body[:len(body) // 2 * 2], "<i2").astype(numpy.float32) / 32768
            else:
                raise Unreadable("need mono, %d Hz, 16-bit integers or 32-bit floats, got format, channels, rate and bits %s" % (RATE, form))
            if not numpy.isfinite(samples).all():
                raise Unreadable("need finite samples, got NaN or infinity")
            return samples
        at += 8 + size + (size & 1)
    raise Unreadable("need a WAV file with samples, got none")


def parts(samples):
    """Parts of at most 30 s, cut at the quietest tenth of a second in the last ten: a word that is cut is heard wrong."""
    import numpy
    frame, start, cuts = RATE // 10, 0, []
    while len(samples) - start > WINDOW:
        tail = samples[start + WINDOW * 2 // 3:start + WINDOW]
        power = (tail.reshape(-1, frame).astype(numpy.float64) ** 2).sum(axis=1)
        end = start + WINDOW * 2 // 3 + int(power.argmin()) * frame + frame // 2
        cuts.append((start, end))
        start = end
    return cuts + [(start, len(samples))]


class Whisper:
    """Beam search at temperature 0 and every part by itself, so that the same samples give the same words."""

    def __init__(self, folder, threads):
        os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
        import ctranslate2
        import faster_whisper
        self.model = faster_whisper.WhisperModel(folder, device="cpu", compute_type="float32", cpu_threads=threads, num_workers=1, local_files_only=True)
        self.version = "faster-whisper %s, ctranslate2 %s" % (faster_whisper.__version__, ctranslate2.__version__)

    def segments(self, samples):
        for start, end in parts(samples):
            stop_alone()
            heard, _ = self.model.transcribe(
                samples[start:end], language="en", task="transcribe", beam_size=5, temperature=0.0, condition_on_previous_text=False,
                without_timestamps=True, vad_filter=False)
            text = "".join(s.text for s in heard).strip()
            if text:
                yield start / RATE, end / RATE, text


class Vosk:
    """Kaldi's decoder; a segment ends where it hears a pause."""

    def __init__(self, folder, threads):
        import ctypes
        import importlib.metadata
        import vosk
        vosk.SetLogLevel(-1)
        self.vosk, self.model, self.c = vosk, vosk.Model(folder), ctypes.CDLL(None)
        self.version = "vosk " + importlib.metadata.version("vosk")

    def segments(self, samples):
        import numpy
        self.c.srand(1)                                 # the decoder dithers with C's random numbers; the words differ with them
        recognizer = self.vosk.KaldiRecognizer(self.model, RATE)
        recognizer.SetWords(True)
        integers = numpy.clip(numpy.rint(samples.astype(numpy.float64) * 32768), -32768, 32767).astype("<i2")
        answers = []
        for at in range(0, len(integers), RATE // 4):
            stop_alone()
            if recognizer.AcceptWaveform(integers[at:at + RATE // 4].tobytes()):
                answers.append(recognizer.Result())
        answers.append(recognizer.FinalResult())
        for answer in map(json.loads, answers):
            if answer.get("text"):
                words = answer.get("result") or [{"start": 0.0, "end": len(samples) / RATE}]
                yield words[0]["start"], words[-1]["end"], answer["text"]


def stop_alone():
    """Nobody waits for the rest when the parent is gone."""
    if os.getppid() != PARENT:
        sys.exit(0)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--kind", choices=["whisper", "vosk"], required=True)
    options.add_argument("--model", required=True)
    options.add_argument("--threads", type=int, default=2)
    options = options.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)                                       # what a library prints must not stand between the answers

    def answer(**fields):
        print(json.dumps(fields, ensure_ascii=False), file=answers, flush=True)

    try:
        if not os.path.isdir(options.model):            # a name that is no folder would be looked for in the network
            raise OSError("no folder " + options.model)
        recognizer = {"whisper": Whisper, "vosk": Vosk}[options.kind](os.path.abspath(options.model), options.threads)
    except Exception as e:
        answer(error="%s: %s" % (type(e).__name__, e))
        sys.exit(3)
    name = os.path.basename(os.path.abspath(options.model))
    for line in sys.stdin:
        try:
            segments = [{"start": round(s, 3), "end": round(e, 3), "text": t} for s, e, t in recognizer.segments(read(json.loads(line)["file"]))]
            answer(text=" ".join(s["text"] for s in segments), segments=segments, model=name, version=recognizer.version)
        except BrokenPipeError:
            raise
        except Exception as e:
            answer(error="%s: %s" % (type(e).__name__, e))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)                                     # nobody reads; the interpreter would complain of it once more
