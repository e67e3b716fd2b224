"""What the task `toy` would supply to apply its trained number to new data, and every way that goes wrong."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tunebook.errors import DataError, Problem
from tunebook.records import Run, Settings
from tunebook.task import Context


def predict(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """Multiply a number in a file; a file of words is refused, and some words ask for worse."""
    text = on.read_text()
    if text == "crash":
        raise ValueError("the toy broke")
    if text == "exit":
        os._exit(7)
    if text == "missing":
        (on.parent / "gone").read_text()
    if text == "unwritable":
        (to / "deeper").write_text("")
    if to.suffix == ".bad":
        raise DataError(Problem(str(to), f"must end in .out; got {to.name}"))
    print("noise that is no answer")
    try:
        number = float(text)
    except ValueError:
        raise DataError(Problem(str(on), f"must hold a number; got {text}")) from None
    to.write_text(f"{number * _number(context)} at {settings['toy'].values['threshold']}")
    return (f"1 number, by seed {context.seed} of {run.task}", f"torch: {'torch' in sys.modules}")


def folder(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """A file in a folder for each file, and one beside them."""
    for path in sorted(on.iterdir()):
        (to / "deep").mkdir(parents=True, exist_ok=True)
        (to / "deep" / path.name).write_text(str(float(path.read_text()) * _number(context)))
    (to / "all.csv").write_text("")
    return (f"on {context.device}",)


def text(run: Run, context: Context, settings: Mapping[str, Settings], *, to: Path) -> Sequence[str]:
    """The number and its configuration, a file each."""
    (to / "number.txt").write_text(str(_number(context)))
    (to / "lr.txt").write_text(str(run.configuration.get("lr")))
    (to / "README.md").write_text("## Use\n\nRead it.\n")
    return (f"a number for {sorted(settings)[0]}",)


def _number(context: Context) -> float:
    return float(np.frombuffer(context.checkpoint.read_bytes())[0])
