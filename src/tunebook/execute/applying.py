"""Applying a trained run: a function of a task is called in a child process, so that its code never enters ours.

    this process ── a line of JSON: what to call, with what ──> child, which imports the task
                 <── JSON: what was said, or what is wrong ───┘

The child ends when its input does, and so with its parent; what it prints goes to the error output.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass
from pathlib import Path
from typing import Any

from tunebook.errors import Crashed, InputError, Problem
from tunebook.execute.child import load
from tunebook.execute.threads import thread_variables
from tunebook.records import Configuration, Run, Settings, canonical_json
from tunebook.task import Context

CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tunebook.execute.applying import answer; answer()"
)


@dataclass(frozen=True)
class Application:
    """What to call: a `Predictor` or an `Exporter` of a task, with a trained run.

    Args:
        function: `package.module:function`, imported in the child alone.
        settings: Mode -> what was chosen after training.
        paths: Name of an argument -> path: `to`, and of a predictor `on`. Absolute.
    """

    function: str
    _: KW_ONLY
    run: Run
    context: Context
    settings: Mapping[str, Settings]
    paths: Mapping[str, Path]

    def as_json(self) -> str:
        """One line of text from which `from_json` makes an equal one."""
        plain = asdict(self)
        plain["context"] = _texts(plain["context"])
        return canonical_json({**plain, "paths": _texts(self.paths)})

    @classmethod
    def from_json(cls, text: str) -> "Application":
        """What `as_json` wrote."""
        found = json.loads(text)
        context, run = found["context"], found["run"]
        return cls(
            found["function"],
            run=Run(**{**run, "configuration": Configuration(**run["configuration"])}),
            context=Context(**{**context, **_paths(context, ("book", "checkpoint", "state"))}),
            settings={mode: Settings(**each) for mode, each in found["settings"].items()},
            paths=_paths(found["paths"], found["paths"]),
        )


def apply(application: Application) -> tuple[str, ...]:
    """Call it in a child process; what it says was written, a sentence each.

    Raises:
        InputError: that the function raised.
        OSError: that the function raised.
        Crashed: for any other error of it, with the child's traceback, and when its process ended without an answer.
    """
    variables = thread_variables(application.context.threads)
    command = [sys.executable, "-c", CHILD, json.dumps(sys.path)]
    with subprocess.Popen(
        command, env={**os.environ, **variables}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(f"{application.as_json()}\n")
            child.stdin.flush()
            answered = child.stdout.read()
        except BrokenPipeError:  # it is gone already
            answered = ""
        except BaseException:
            child.kill()
            raise
    return _heard(json.loads(answered) if answered else {}, code=child.returncode)


def answer() -> None:
    """What the child does: read an application, call it, write what came of it to the standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, and ends our input
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    application = Application.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True, name="parent").start()
    answers.write(json.dumps(_called(application)))
    answers.close()
    os._exit(0)  # no waiting for threads that the task left behind, nor for the one above


def _called(application: Application) -> dict[str, Any]:
    """What the function said, or what went wrong, as plain data."""
    try:
        function = load(application.function)
        said: Iterable[str] = function(application.run, application.context, application.settings, **application.paths)
        return {"said": list(said)}
    except InputError as error:
        return {"problems": [asdict(problem) for problem in error.problems]}
    except OSError as error:
        return {"refused": [error.errno, error.strerror, None if error.filename is None else str(error.filename)]}
    except Exception:  # noqa: BLE001  # whatever it is, the parent is told
        return {"crashed": traceback.format_exc()}


def _heard(message: Mapping[str, Any], *, code: int) -> tuple[str, ...]:
    if "said" in message:
        return tuple(message["said"])
    if "problems" in message:
        raise InputError(*(Problem(**problem) for problem in message["problems"]))
    if "refused" in message:
        raise OSError(*message["refused"])
    raise Crashed(message.get("crashed", f"the process ended with exit code {code} before it answered"))


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


def _texts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def _paths(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Path]:
    return {name: Path(values[name]) for name in names}
