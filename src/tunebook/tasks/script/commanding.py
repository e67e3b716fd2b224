"""Running a command: words with their placeholders filled, never a shell; all that it started ends with the run.

What it started is known by being seen below it while it runs, and by a mark in the environment, which a process hands
on to those that it starts: one that has left the session, or whose parent is gone, is found by it.
"""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

from tunebook.errors import Crashed, OutOfMemory, Told
from tunebook.execute.metering import saw_memory
from tunebook.spec.program_files import PYTHONS
from tunebook.spec.programs import GIVEN, filled, named, parameters_of, placeholders, words_of

LOOK_SECONDS = 0.1
LAST = 20
REPORTS = "reports.jsonl"
METRICS = "metrics.json"
FAMILY_SECONDS = 0.5
TIMES = 5
"""How often what a command has started is killed: it may start more meanwhile."""
MARK = "TUNEBOOK_COMMAND"
"""The variable of the environment whose value a command shares with all that it has started."""


def words(command: str, values: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """The words to run: placeholders are filled when the command has been split, so that each stays one word.

    Args:
        values: Nested parameters.
        given: Text of `seed`, `out`, `config`, and of `fold` where there is one.

    Raises:
        Crashed: for a placeholder that means nothing.
    """
    flat = dict(parameters_of(values))
    found = []
    for word in words_of(command):
        texts = {name: _text_of(name, flat, given) for name in placeholders(word)}
        found.append(filled(word, texts))
    return [sys.executable if found[0] in PYTHONS else found[0], *found[1:]]


def reported(command: list[str], *, folder: Path, out: Path, log: Path) -> Generator[Any, None, Any]:
    """Run a command to its end: every line of out/reports.jsonl as it appears; at last what out/metrics.json holds.

    What it has started is ended when it has ended; it is ended itself when the caller stops asking.

    Args:
        folder: Where it runs.
        log: Where its output goes.

    Raises:
        Told: when it ends with an error; the last line of its error output, and how it ended.
        Crashed: when it cannot be started, or a report is no JSON.
    """
    lines = _Lines(out / REPORTS)
    with log.open("ab") as printed, _running(command, folder, printed) as (process, errors, family):
        while process.poll() is None:
            family.look()
            yield from lines.new()
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
        family.end()
        yield from lines.new(ended=True)
        if process.returncode:
            raise _ended(process.returncode, errors.last())
    if not (out / METRICS).exists():
        return None
    return _json((out / METRICS).read_text(encoding="utf-8"), METRICS)


class _Errors:
    """Copies the error output of a process to the log, and remembers its last lines."""

    def __init__(self, source: IO[bytes], log: IO[bytes]) -> None:
        self._lines: deque[bytes] = deque(maxlen=LAST)
        self._thread = threading.Thread(target=self._copy, args=(source, log), daemon=True, name="errors")
        self._thread.start()

    def _copy(self, source: IO[bytes], log: IO[bytes]) -> None:
        with suppress(ValueError):  # the log was closed: something that the command left behind goes on writing
            for line in source:
                log.write(line)
                log.flush()
                if line.strip():
                    self._lines.append(line)

    def last(self) -> str:
        """The last line that is not empty, once all is read."""
        self.finish()
        return self._lines[-1].decode(errors="replace").strip() if self._lines else ""

    def finish(self) -> None:
        self._thread.join(1.0)


class _Lines:
    """The lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._number = 0

    def new(self, *, ended: bool = False) -> Iterator[Any]:
        """What has been added since, line by line; a last line without its end counts when the writer has ended."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            added = file.read()
        whole = len(added) if ended else added.rfind(b"\n") + 1
        self._read += whole
        for line in added[:whole].splitlines():
            self._number += 1
            if line.strip():
                yield _json(line.decode(errors="replace"), f"line {self._number} of {REPORTS}")


class _Family:
    """A command and all that it has started, directly or not.

    Args:
        mark: What the variable `MARK` is for each of them.
    """

    def __init__(self, pid: int, mark: str) -> None:
        self._mark = mark
        self._first: psutil.Process | None = None
        self._looked = -math.inf
        with suppress(psutil.NoSuchProcess):
            self._first = psutil.Process(pid)
        self._seen = {self._first} if self._first is not None else set()

    def look(self) -> None:
        """Now and then, remember who is there, and tell how much memory they hold together with this process."""
        if time.monotonic() - self._looked < FAMILY_SECONDS:
            return
        self._looked = time.monotonic()
        with suppress(psutil.Error):
            self._seen.update(self._first.children(recursive=True) if self._first else ())
        held = 0
        for each in (psutil.Process(), *self._seen):
            with suppress(psutil.Error):
                held += each.memory_info().rss
        saw_memory(held / 1e6)

    def end(self) -> None:
        """Kill them all, and what they start meanwhile."""
        for _ in range(TIMES):
            there = self._there()
            for each in there:
                with suppress(psutil.Error):
                    each.kill()
            psutil.wait_procs(there, timeout=1.0)
            if not there:
                return

    def _there(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            self._seen.update(self._first.children(recursive=True) if self._first else ())
        self._seen.update(each for each in psutil.process_iter() if self._has_mark(each))
        return [each for each in self._seen if _runs(each)]

    def _has_mark(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self._mark
        except (psutil.Error, OSError):  # another person's, or gone
            return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def _running(
    command: list[str], folder: Path, log: IO[bytes]
) -> Iterator[tuple["subprocess.Popen[bytes]", _Errors, _Family]]:
    """A process that is gone at the end, with all that it has started."""
    mark = uuid.uuid4().hex
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", MARK: mark}
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise Crashed(f"the command must start; {command[0]}: {error.strerror or error}") from None
    assert process.stderr is not None
    errors, family = _Errors(process.stderr, log), _Family(process.pid, mark)
    try:
        yield process, errors, family
    finally:
        family.end()
        process.wait()
        errors.finish()
        if not errors._thread.is_alive():
            process.stderr.close()


def _ended(code: int, last: str) -> Crashed | OutOfMemory:
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    text = f"{last} ({how})" if last else f"the command ended with {how}, and said nothing"
    if last.startswith("MemoryError") or "CUDA out of memory" in last:
        return OutOfMemory(text)
    return Told(text)


def _text_of(name: str, flat: Mapping[str, Any], given: Mapping[str, str]) -> str:
    if name in given:
        return given[name]
    if name in GIVEN:
        raise Crashed(f"the command has {{{name}}}, and the study has no {name}")
    found = named(name, flat)
    if len(found) != 1:
        raise Crashed(f"the command has {{{name}}}, which is no parameter of this run")
    value = flat[found[0]]
    return value if isinstance(value, str) else json.dumps(value)


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Crashed(f"{place} must be JSON; {error}") from None
