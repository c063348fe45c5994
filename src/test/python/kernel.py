"""Drives the Java kernel as a front end does. kernel.py fifty NOTEBOOK | stop | mistakes | displays | inspect; prints one JSON object."""
import json
import os
import random
import re
import sys
import time

import nbformat
import psutil
from jupyter_client.manager import start_new_kernel

FIRST = 'var bench = Workbench.open("demo");\nvar voice = bench.voice(); var plots = bench.plots();\nboolean fast = System.getenv("FAST") != null;'


def run(client, code, timeout=300):
    """Everything a cell shows: text, errors, kinds of data."""
    request = client.execute(code)
    text, errors, kinds, begun = "", [], [], time.time()
    while True:
        message = client.get_iopub_msg(timeout=timeout)
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            text += content["text"]
        elif kind == "error":
            errors.append("\n".join(content["traceback"]))
        elif kind in ("execute_result", "display_data", "update_display_data"):
            kinds += list(content["data"])
            text += content["data"].get("text/plain", "")
        elif kind == "status" and content["execution_state"] == "idle":
            return {"text": text, "errors": errors, "kinds": kinds, "seconds": time.time() - begun}


def java(manager):
    """The JVM that holds the engine: the one of the most memory among the kernel's processes."""
    parent = psutil.Process(manager.provisioner.process.pid)
    return max([parent] + parent.children(recursive=True), key=lambda p: p.memory_info().rss)


JVM = """
System.gc();
long jvm = java.lang.management.ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
for (var pool : java.lang.management.ManagementFactory.getMemoryPoolMXBeans()) jvm += pool.getType() == java.lang.management.MemoryType.NON_HEAP ? pool.getUsage().getCommitted() : 0;
ProcessMemory.release();
jvm"""


def fifty(client, manager, notebook):
    cells = [c.source for c in nbformat.read(notebook, 4).cells if c.cell_type == "code"]
    failed = []
    for code in cells:
        failed += run(client, code)["errors"]
    order, dice = list(range(3, len(cells))), random.Random(1)             # the first three open the bench, the random voice and the song
    sizes, javas = [], []                                                  # resident; the Java machine's own part, JShell's book of snippets in it
    for _ in range(50):
        dice.shuffle(order)
        for i in order:
            failed += [cells[i][:60] + ": " + e for e in run(client, cells[i])["errors"]]
        virtual = int(run(client, JVM)["text"])
        sizes.append(java(manager).memory_info().rss >> 20)
        javas.append(virtual >> 20)
    return {"failed": failed, "mib": sizes, "java": javas, "cells": 50 * len(order)}


def stop(client, manager):
    run(client, FIRST)
    run(client, 'var song = bench.read("src/test/resources/songs/music1.wav");\nvar source = voice.analyse(song);\nvar condition = voice.embed(source.conds());\nvar slow = voice.with(h -> h.infer(Samplers.ddpm().steps(200)));')
    long = client.execute('var x = slow.denoise(condition, voice.start(source.mel(), 7), 7, ProgressBar.of("sampling"));')
    first = None
    while True:                                                            # until the bar says that some steps are done
        message = client.get_iopub_msg(timeout=120)
        bar = re.search(r"sampling: (\d+) of 200", str(message["content"].get("data", {}).get("text/plain", "")))
        if message["parent_header"].get("msg_id") == long and bar and 0 < int(bar.group(1)) < 150:
            if first is not None and int(bar.group(1)) > first[0]:
                break
            first = int(bar.group(1)), time.time()
    pressed = time.time()
    step = (pressed - first[1]) / (int(bar.group(1)) - first[0])           # seconds that one takes here
    manager.interrupt_kernel()
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == long and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    released = time.time() - pressed
    # the next call waits until the old one has left, and finds what it had made
    after = run(client, "voice.units(song);\nbench.last().toString()")
    shape = run(client, 'Summary.shape(bench.last().get("mel"))')
    again = run(client, "var y = slow.denoise(condition, voice.start(source.mel(), 7), 7, (i, of, t, step) -> { if (i == 2) Thread.currentThread().interrupt(); });")
    loop = run(client, 'Thread.interrupted();\nvar bar = ProgressBar.of("loop");\nfor (int i = 0; i < 3; i++) bar.at(i, 3);\nbench.last().done()')
    return {"released": released, "step": step, "after": after, "shape": shape, "again": again, "loop": loop}


def mistakes(client, manager):
    run(client, FIRST)
    cells = {
        "path": 'bench.read("raw/nothing.wav")',
        "order": 'plots.mel("x", notYet)',
        "method": "voice.melody(3)",
        "drawn": "plots.mell(3)",
        "class": "IntStream.range(0, 3).sum()",
        "function": "nobodyMadeThis(3)",
        "misspelt class": 'Voise.open("demo")',
        "no parentheses": "voice.wavenet",
        "inner class": "Samplers.Choic x = null;",
        "misspelt variable": "voic.mel(null)",
        "misspelt function": "shwo(3)",
        "model": 'Voice.open("nobody")',
        "shape": "voice.wavenet().predict(voice.manager().ones(new Shape(3)), voice.manager().create(new long[] {1}), voice.manager().ones(new Shape(3)))",
        "tensor": "voice.manager().ones(new Shape(3)).add(voice.manager().ones(new Shape(4)))",
    }
    said = {name: run(client, code) for name, code in cells.items()}
    run(client, "var x = voice.draw(1, 2, 3);")
    said["cleared"] = run(client, "bench.clear();\nx.add(1)")
    return said


def displays(client, manager):
    """What cells show that end with maps, lists, arrays and what judges said."""
    run(client, FIRST)
    run(client, 'var x = voice.manager().ones(new Shape(2, 3)); var wave = Wave.mono(new float[100], 8000);')
    run(client, 'var panel = Panel.open(voice.paths(), EnumSet.of(JudgeKind.SIGNAL)); var sound = Sound.of("tone", voice.read("raw/music1.wav").slice(0, 1));')
    run(client, "var judged = Evaluation.of(panel, List.of(Subject.of(sound)));")
    cells = {
        "map": 'Map.of("b", x, "a", x)', "list": "List.of(x, x)", "waves": 'Map.of("a", wave, "b", wave)', "floats": "new float[] {1, 2}",
        "rows": "new float[2][3]", "words": "List.of(1, 2)", "settings": "voice.hparams()", "plots": "plots",
        "evaluation": "judged", "row": 'judged.output("tone")', "picture": 'judged.picture("tone")', "page": 'judged.page("mine")', "sound": "sound",
        "target": 'Target.of(voice.paths(), "demo").get()', "subject": "Subject.of(sound)", "panel": "panel",
    }
    return {name: run(client, code) for name, code in cells.items()}


def inspect(client, manager):
    """Shift+Tab: what the kernel says of the name at | in each piece of code, before any cell ran and after the first."""
    def ask(code):
        at = code.index("|")
        request = client.inspect(code.replace("|", ""), at)
        while True:
            message = client.get_shell_msg(timeout=60)
            if message["parent_header"].get("msg_id") == request:
                content = message["content"]
                return {"found": content["found"], "html": content["data"].get("text/html", ""), "text": content["data"].get("text/plain", "")}

    time.sleep(2)                                                          # the extension waits for the kernel's connection
    said = {"early": ask("Voic|e")}
    run(client, FIRST)
    for name, code in {
        "inside": "voice.embe|d", "behind": "voice.embed|", "before": "voice.|embed(conds)", "parenthesis": "voice.embed(|",
        "closed": "voice.embed(con|ds)", "closed_name": "voice.em|bed(conds)", "variable": "voi|ce", "class": "Wa|ve", "static": "F0Track.o|f(hz, 0.01)",
        "second_line": "var x = 1;\nvoice.embed|(conds)\nvar y = 2;", "accent": "var 곡 = 1; var 음 = \"𝄞\"; voice.embed|", "jdk": "Math.ma|x(1, 2)",
        "constructor": "new Wav|e(", "nothing": "1 + | 2", "unknown": "nobodyKnows|",
    }.items():
        said[name] = ask(code)
    return said


def main():
    manager, client = start_new_kernel(kernel_name="diffsvc", cwd=os.getcwd(), startup_timeout=120)
    try:
        what = sys.argv[1]
        print(json.dumps(fifty(client, manager, sys.argv[2]) if what == "fifty" else {"stop": stop, "mistakes": mistakes, "displays": displays, "inspect": inspect}[what](client, manager)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
