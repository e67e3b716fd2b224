"""Calling a function of a person's file, and telling what went wrong in it from their side."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from tunebook.errors import Crashed, RunError, Told
from tunebook.spec.programs import FUNCTION


@contextmanager
def function_of(text: str, book: Path, *, log: Path) -> Iterator[Callable[..., Any]]:
    """The function at `train.py:main`, imported from its file; modules beside it can be imported within.

    What it imports of these is forgotten at the end, so that an edited file is read anew.

    Raises:
        Told: for what goes wrong in the person's code; the traceback is in `log`, from their file on.
    """
    found = FUNCTION.fullmatch(text)
    assert found is not None, "a function was read by this pattern"
    file = (book / found["file"]).resolve()
    before, path, writes = dict(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(file.parent))
    sys.dont_write_bytecode = True  # a file that is edited within a second would be taken for the one that was compiled
    try:
        with _told(file, log):
            module = _imported(file)
            function = getattr(module, found["name"], None)
            if not callable(function):
                raise Crashed(f"{found['file']} must have the function {found['name']}; it has none")
            yield function
    finally:
        sys.path[:], sys.dont_write_bytecode = path, writes
        _forget(before, folder=file.parent)


def fitting(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that a function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
        return dict(given)
    names = {each.name for each in parameters}
    return {name: value for name, value in given.items() if name in names}


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None, "the file is Python"
    assert spec.loader is not None, "so it has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def _forget(before: Mapping[str, ModuleType], *, folder: Path) -> None:
    """Put back the modules of before, without those of a folder that came since."""
    for name, module in list(sys.modules.items()):
        if before.get(name) is module:
            continue
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).is_relative_to(folder):
            del sys.modules[name]
            if name in before:
                sys.modules[name] = before[name]


@contextmanager
def _told(file: Path, log: Path) -> Iterator[None]:
    try:
        yield
    except (RunError, MemoryError):
        raise
    except SystemExit as error:
        if error.code in (None, 0):
            raise Crashed("the program must return what it reports; it called sys.exit") from None
        raise Crashed(f"the program called sys.exit: {error.code}") from None
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError" or "CUDA out of memory" in str(error):
            raise
        begun = _from(error.__traceback__, file)
        with log.open("a", encoding="utf-8") as out:
            out.write("".join(traceback.format_exception(type(error), error, begun)))
        raise Told(_reason(error, begun)) from None


def _from(frames: TracebackType | None, file: Path) -> TracebackType | None:
    """A traceback without the frames above the person's file."""
    while frames is not None and frames.tb_frame.f_code.co_filename != str(file):
        frames = frames.tb_next
    return frames


def _reason(error: Exception, begun: TracebackType | None) -> str:
    """`ValueError: must be positive (train.py, line 12)`: the last line of it, and the last line of theirs."""
    said = " ".join(traceback.format_exception_only(error)[-1].split())
    folder = None if begun is None else Path(begun.tb_frame.f_code.co_filename).parent
    own = [each for each in traceback.extract_tb(begun) if folder and Path(each.filename).is_relative_to(folder)]
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else said
