#!/bin/sh
# The full-size joint training step (384 channels, 20 layers, 6 s) here and in PyTorch, in turns on one machine: only the ratio of one run means something.
#   bench/train.sh PYTHON [ROUNDS]     PYTHON has torch 2.7.1 and numpy
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
python=${1:?usage: bench/train.sh PYTHON [ROUNDS]}
rounds=${2:-5}
i=0
while [ "$i" -lt "$rounds" ]; do
  printf 'here   '; "$here/../diffsvc" bench --repeat 5
  printf 'peer   '; "$python" "$here/peer.py" --seconds 6 --threads 2 --stages train --repeat 5 | tr -d '\n ' | sed 's/.*"train_step":{"min_s":\([0-9.]*\),"median_s":\([0-9.]*\)}.*/min \1 s, median \2 s/'; echo
  i=$((i + 1))
done
