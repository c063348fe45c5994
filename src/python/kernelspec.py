"""Writes the workbench's kernelspec: the JJava kernel with this project's class path and memory settings, without its
launcher (a second JVM that only adds the options below and logs them).

    kernelspec.py ROOT --local      into ROOT/.venv only, with JupyterLab's settings for it
    kernelspec.py ROOT --user       the kernel also for the user, so that plain Jupyter and VS Code find it
"""
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

root = Path(sys.argv[1]).resolve()
OPTIONS = [
    "-Xms96m", "-Xmx2g", "-Xmn48m", "-XX:+UseSerialGC", "-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=25",
    "--add-opens", "java.base/java.lang=ALL-UNNAMED", "--add-opens", "jdk.jshell/jdk.jshell=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true", "-Dai.djl.offline=true",
    f"-Ddiffsvc.home={root}", "-Dfile.encoding=UTF-8",
]
LOGGING = """handlers = java.util.logging.ConsoleHandler
.level = WARNING
"""
# The engine's libraries as the launcher has chosen them: Jupyter started by others gives the kernel its own environment.
LIBRARIES = ["PYTORCH_LIBRARY_PATH", "PYTORCH_VERSION", "PYTORCH_FLAVOR", "LD_LIBRARY_PATH"]
# What ./diffsvc weights judges fetches, for the judges whose networks are ONNX.
ONNXRUNTIME = root / "models/judges/onnxruntime-1.19.2.jar"
# No question about Jupyter's news, no check for its updates.
LAB = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def spec(folder):
    return {
        "argv": ["java", *OPTIONS, f"-Djava.util.logging.config.file={folder}/logging.properties",
                 "-jar", f"{folder}/jjava.jar", "{connection_file}"],
        "display_name": "Java (DiffSVC)",
        "language": "java",
        "interrupt_mode": "message",
        "env": {
            "JJAVA_CLASSPATH": f"{root}/target/classes:{root}/target/lib/*" + (f":{ONNXRUNTIME}" if ONNXRUNTIME.exists() else ""),
            "JJAVA_LOAD_EXTENSIONS": "1",
            "GOMP_SPINCOUNT": "2000",
            "MALLOC_MMAP_THRESHOLD_": "4194304",
            "MALLOC_TRIM_THRESHOLD_": "67108864",
            "MALLOC_ARENA_MAX": "1",
            "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
            "OPT_OUT_TRACKING": "true",
            "DIFFSVC_HOME": str(root),
            **{name: os.environ[name] for name in LIBRARIES if "PYTORCH_LIBRARY_PATH" in os.environ and name in os.environ},
        },
        "metadata": {},
    }


def write(file, text):
    if not file.exists() or file.read_text() != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def install(share):
    source, target = root / ".venv/share/jupyter/kernels/java", share / "jupyter/kernels/diffsvc"
    target.mkdir(parents=True, exist_ok=True)
    jar = source / "jjava.jar"
    if not (target / jar.name).exists() or (target / jar.name).stat().st_size != jar.stat().st_size:
        shutil.copy(jar, target / jar.name)
    write(target / "logging.properties", LOGGING)
    write(target / "kernel.json", json.dumps(spec(target), indent=2))


install(root / ".venv/share")
write(root / ".venv/share/jupyter/lab/settings/overrides.json", json.dumps(LAB, indent=2))
if "--user" in sys.argv:
    with warnings.catch_warnings():                                # Jupyter's plans for its folders are not the user's
        warnings.simplefilter("ignore", DeprecationWarning)
        from jupyter_core.paths import jupyter_data_dir
    install(Path(jupyter_data_dir()).parent)
