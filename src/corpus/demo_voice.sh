#!/bin/sh
# Makes two voices from free synthesizers: ./diffsvc demo-voice runs this. Each step continues where it was stopped.
#   corpus   recordings of joe and F001, and songs and sentences for judging, in corpus/ (25 minutes on two cores)
#   train    units and training, into models/new-joe and models/new-f001 (hours; Ctrl-C saves, the same call goes on)
#   choose   evaluate ranks the kept checkpoints on the songs and sentences
#   listen   the songs and what models/demo makes of them, for docs/listen/index.html
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd -P)
corpus=$root/corpus
# Updates of the two trainings; F001 goes on from where joe ends.
joe_steps=${JOE_STEPS:-24000}
f001_steps=${F001_STEPS:-36000}

say() { printf '%s\n' "$*" >&2; }
die() { say "diffsvc: demo-voice: $*"; exit 2; }

tools() {
  command -v bible >/dev/null 2>&1 || die "need the program bible, whose verses joe reads; install it (Debian: apt-get install bible-kjv)"
  command -v c++ >/dev/null 2>&1 || die "need a C++ compiler, which builds pysinsy; install it (Debian: apt-get install g++)"
  python=${PYTHON:-python3}
  [ -x "$corpus/.venv/bin/python" ] || { mkdir -p "$corpus"; "$python" -m venv "$corpus/.venv"; } || die "Python's venv module is needed; install it (Debian: apt-get install python3-venv)"
  cmp -s "$root/src/corpus/requirements.txt" "$corpus/.venv/.installed" 2>/dev/null && return 0
  say "setting up: the synthesizers of src/corpus/requirements.txt in corpus/.venv (400 MB, five minutes) ..."
  "$corpus/.venv/bin/python" -m pip install -q --disable-pip-version-check -r "$root/src/corpus/requirements.txt" >&2 || die "pip could not install src/corpus/requirements.txt; check the network"
  cp "$root/src/corpus/requirements.txt" "$corpus/.venv/.installed"
}

corpus() {
  tools
  for voice in joe f001; do
    "$corpus/.venv/bin/python" "$root/src/corpus/make_voices.py" $voice --out "$corpus/$voice"
  done
  "$corpus/.venv/bin/python" "$root/src/corpus/make_voices.py" joe --target "$root/models/new-joe/target"
  "$corpus/.venv/bin/python" "$root/src/corpus/make_voices.py" f001 --target "$root/models/new-f001/target"
  "$corpus/.venv/bin/python" "$root/src/corpus/make_songs.py" --out "$corpus/judged"
}

# OMP_WAIT_POLICY: a thread that waits leaves its core to others.
train() {
  export OMP_WAIT_POLICY=passive
  "$root/diffsvc" weights whisper
  for voice in joe f001; do
    [ -e "$root/data/new-$voice/index.json" ] || "$root/diffsvc" preprocess "$corpus/$voice" --project new-$voice --hparams-file "$root/src/corpus/$voice.yaml"
  done
  "$root/diffsvc" train --project new-joe --steps "$joe_steps"
  [ -e "$root/models/new-f001/training" ] && begin='' || begin='--from new-joe'
  # shellcheck disable=SC2086
  "$root/diffsvc" train --project new-f001 $begin --steps "$f001_steps"
}

choose() {
  "$root/diffsvc" evaluate --checkpoints --project new-joe,new-f001 --songs "$corpus"/judged/songs/*.wav "$corpus"/judged/sentences/*.wav
}

listen() {
  command -v ffmpeg >/dev/null 2>&1 || die "need the program ffmpeg, which writes MP3; install it (Debian: apt-get install ffmpeg)"
  "$root/diffsvc" jshell "$root/src/corpus/listen.jsh"
  for wav in "$root"/docs/listen/*.wav; do
    ffmpeg -loglevel error -y -i "$wav" -map_metadata -1 -ac 1 -b:a 96k "${wav%.wav}.mp3"
    rm "$wav"
  done
}

case ${1:-} in
  corpus) corpus ;;
  train) train ;;
  choose) choose ;;
  listen) listen ;;
  '') corpus; train; choose ;;
  *) die "need corpus, train, choose, listen or nothing for the first three, got '$1'" ;;
esac
