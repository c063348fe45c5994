"""Brings what follows from the notebooks in step: the outputs of notebooks/ko (their code is the same) and the .md twins of both, in md/ and ko/md/. twins.py NOTEBOOKS_FOLDER"""
import sys
from pathlib import Path

import jupytext
import nbformat

folder = Path(sys.argv[1])


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def twin(path):
    """notebooks/01.ipynb has notebooks/md/01.md, so that the list of notebooks shows each once."""
    path.parent.joinpath("md").mkdir(exist_ok=True)
    return path.parent / "md" / (path.stem + ".md")


def joined(outputs):
    """What was printed in a row as one output: the kernel sends a message a print, and a page that is only opened would show each as a paragraph of its own."""
    kept = []
    for output in outputs:
        if kept and output.output_type == "stream" and kept[-1].output_type == "stream" and kept[-1].name == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


for path in sorted(folder.glob("*.ipynb")):
    notebook = nbformat.read(path, 4)
    for key in [k for k in notebook.metadata if k not in ("kernelspec", "language_info")]:
        del notebook.metadata[key]
    notebook.metadata.get("language_info", {}).pop("version", None)      # the JDK that happened to run it
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    nbformat.write(notebook, path)
    jupytext.write(notebook, twin(path), fmt="md")
    korean = folder / "ko" / path.name
    if korean.exists():
        other = nbformat.read(korean, 4)
        if [c.source for c in code(other)] != [c.source for c in code(notebook)]:
            sys.exit("diffsvc: %s has other code cells than %s; copy them over first" % (korean, path))
        for mine, theirs in zip(code(other), code(notebook)):
            mine.outputs, mine.execution_count, mine.metadata = theirs.outputs, theirs.execution_count, theirs.metadata
        other.metadata = notebook.metadata
        nbformat.write(other, korean)
        jupytext.write(other, twin(korean), fmt="md")
