"""Writes the workbench's kernelspec: the JJava kernel with this project's class path and memory settings.

    kernelspec.py ROOT --local      into ROOT/.venv only
    kernelspec.py ROOT --user       also for the user, so that plain Jupyter and VS Code find it
"""
import json
import shutil
import sys
from pathlib import Path

root = Path(sys.argv[1]).resolve()
spec = {
    "argv": ["java", "-jar", "{resource_dir}/jjava-launcher.jar", "{resource_dir}/jjava.jar", "{connection_file}"],
    "display_name": "Java (DiffSVC)",
    "language": "java",
    "interrupt_mode": "message",
    "env": {
        "JJAVA_CLASSPATH": f"{root}/target/classes:{root}/target/lib/*",
        "JJAVA_JVM_OPTS": f"-Xms96m -Xmx2g -Xmn48m -XX:+UseSerialGC -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=25 --add-opens java.base/java.lang=ALL-UNNAMED --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true -Dai.djl.offline=true -Ddiffsvc.home={root} -Dfile.encoding=UTF-8",
        "JJAVA_LOAD_EXTENSIONS": "1",
        "MALLOC_MMAP_THRESHOLD_": "4194304",
        "MALLOC_TRIM_THRESHOLD_": "67108864",
        "MALLOC_ARENA_MAX": "1",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "OPT_OUT_TRACKING": "true",
        "DIFFSVC_HOME": str(root),
    },
    "metadata": {},
}


def install(share):
    source, target = root / ".venv/share/jupyter/kernels/java", share / "jupyter/kernels/diffsvc"
    target.mkdir(parents=True, exist_ok=True)
    for jar in source.glob("*.jar"):
        if not (target / jar.name).exists() or (target / jar.name).stat().st_size != jar.stat().st_size:
            shutil.copy(jar, target / jar.name)
    text = json.dumps(spec, indent=2)
    if not (target / "kernel.json").exists() or (target / "kernel.json").read_text() != text:
        (target / "kernel.json").write_text(text)


install(root / ".venv/share")
if "--user" in sys.argv:
    from jupyter_core.paths import jupyter_data_dir
    install(Path(jupyter_data_dir()).parent)
