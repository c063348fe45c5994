"""Error rates of a few pairs by jiwer 4.0.0, for ErrorRateTest: make_judge_error_rate.py > src/test/resources/judges/error_rate.json

Reads nothing. The texts are compared as ErrorRate.normalised states it, here by unicodedata: lower case, NFC, no apostrophes, other characters than
letters, marks and digits one space.
"""
import json
import sys
import unicodedata

import jiwer

PAIRS = [
    ("en", "Twinkle, twinkle, little star. How I wonder what you are.", "Wake up, wake up, wake up. I wonder what you are"),
    ("en", "Amazing grace, how sweet the sound", "There may be a breeze, possibly the sound"),
    ("en", "Are you sleeping? Brother John", "How do you see, Vin? Brother John"),
    ("en", "Don't you know?", "dont you  KNOW"),
    ("en", "a b c d", "d c b a"),
    ("en", "one two three", "one one two two three three four"),
    ("en", "l'été à Noël", "l’e\u0301te\u0301 a noe\u0308l"),
    ("en", "morning bells are ringing", ""),
    ("ko", "나의 살던 고향은 꽃피는 산골", "나의 살던 고향 은 꽃 피는 상골"),
    ("ko", "안녕하세요, 오늘은 날씨가 좋습니다.", unicodedata.normalize("NFD", "안녕 하세요 오늘 날씨 가 좋습 니다")),
    ("ko", "학교 종이 땡땡땡", "종이 학교 땡땡"),
]


def plain(text):
    text = unicodedata.normalize("NFC", text.lower())
    text = "".join(c for c in text if c not in "'’ʼ")
    return " ".join("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split())


def row(language, reference, heard):
    r, h = plain(reference), plain(heard)
    words = jiwer.process_words(r, h)
    if language == "ko":
        r, h = r.replace(" ", ""), h.replace(" ", "")
    characters = jiwer.process_characters(r, h)
    return {"language": language, "reference": reference, "heard": heard, "wer": words.wer, "cer": characters.cer,
            "word_errors": words.substitutions + words.insertions + words.deletions,
            "character_errors": characters.substitutions + characters.insertions + characters.deletions}


json.dump([row(*pair) for pair in PAIRS], sys.stdout, ensure_ascii=False, indent=1)
print()
