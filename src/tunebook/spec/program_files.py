"""The files of an own program: the one that is named, and the local modules that it imports, however deep."""

import ast
import importlib.util
import os
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tunebook.errors import DataError, Problem
from tunebook.spec.faults import At, Faults
from tunebook.spec.names import listed, suggestion
from tunebook.spec.programs import FUNCTION, GIVEN, Program, placeholders, untold, words_of

PYTHONS = ("python", "python3")
WARMED = ("numpy", "scipy", "sklearn")
"""Packages that may be imported once for all runs: importing them starts no thread and no device."""
PREDICTING = ("out", "on", "to", "config")
"""What `predict` of an own program is given."""
PYTHON = re.compile(r"python[\d.]*")
"""Names of what runs a Python file."""
INSIDE = "must lie in the book, which its runs and its archive are made of"
OUTSIDE = "copy it into the book; data are named by a parameter, and that one under inputs"


def files_of(program: Program, book: Path) -> tuple[Path, ...]:
    """Every file that is part of a program, absolute and sorted; without that of `predict`, which trains nothing.

    Raises:
        DataError: naming each that is not there, lies outside of the book, or is no Python.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for place, path in _named(program, book, predicting=False):
        if not path.is_relative_to(book.resolve()):
            problems.append(Problem(str(path), INSIDE, f"{OUTSIDE}, or correct {place}"))
        elif path.is_dir():
            found |= dict.fromkeys(below(path))
        elif not path.is_file():
            problems.append(Problem(str(path), "must be a file of the program; there is none", f"correct {place}"))
        else:
            try:
                found |= dict.fromkeys(each for each in with_imports(path) if each.is_relative_to(book.resolve()))
            except SyntaxError as error:
                problems.append(Problem(f"{error.filename}:{error.lineno}", f"must be Python; got {error.msg}"))
    if problems:
        raise DataError(*problems)
    return tuple(sorted(found))


def below(folder: Path) -> tuple[Path, ...]:
    """Every file below a folder in order, without what hidden folders and Python's caches hold."""
    kept = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        kept += [Path(where, name) for name in names if not name.startswith(".")]
    return tuple(sorted(kept))


def with_imports(file: Path) -> tuple[Path, ...]:
    """A file, and what it imports from beside it, and what that imports; a file that is no Python alone.

    Raises:
        SyntaxError: for Python that cannot be read; it names file and line.
    """
    found: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        if path.suffix == ".py":
            waiting += [each for each in _imported(path, root=file.parent) if each not in found]
    return tuple(found)


def distributions(program: Program, book: Path) -> tuple[str, ...]:
    """The installed packages that a program's files import, as they are called where they are installed, in order.

    None where another Python than that of Tunebook runs it, or no Python.
    """
    if program.command and words_of(program.command)[0] not in PYTHONS:
        return ()
    try:
        files = [path for path in files_of(program, book) if path.suffix == ".py"]
    except DataError:  # that is said where the files are fingerprinted
        return ()
    names = {name.partition(".")[0] for path in files for name in _import_names(path)} - sys.stdlib_module_names
    return tuple(sorted({each for name in names for each in _by_module().get(name, ())}))


def installed_imports(program: Program, book: Path) -> tuple[str, ...]:
    """What a function's files import of some installed packages, whose import starts nothing: `sklearn.datasets`.

    None of a package that has the name of a file or folder beside the program, or is not installed as packages are.
    """
    found = FUNCTION.fullmatch(program.function)
    if found is None:
        return ()
    file = (book / found["file"]).resolve()
    try:
        names = [name for path in with_imports(file) if path.suffix == ".py" for name in _import_names(path)]
    except (OSError, SyntaxError):
        return ()
    usable = [package for package in WARMED if not (file.parent / package).exists() and _is_installed(package)]
    usable = [package for package in usable if not (file.parent / f"{package}.py").exists()]
    return tuple(dict.fromkeys(name for name in sorted(names) if name.partition(".")[0] in usable))


def check_files(
    program: Program, book: Path, faults: Faults, *, replicates: Sequence[Mapping[str, int]], short: bool
) -> bool:
    """Find what is wrong with a program's files before anything runs; whether the program is told its seed.

    Args:
        replicates: Those of the study.
        short: Whether the study gives the function alone, as `task: train.py:main`.
    """
    wrong = False
    for place, path in _named(program, book):
        at: At = ("task",) if short else ("task", *place.split(".")[1:])
        if not path.is_relative_to(book.resolve()):
            faults.add(at, f"{INSIDE}; got {path}", OUTSIDE)
            wrong = True
        elif not path.exists():
            faults.add(at, f"must name a file of the book; there is no {path}", _near(path))
            wrong = True
        elif path.is_file():
            try:
                with_imports(path)
            except SyntaxError as error:
                where = Path(error.filename or path).name
                faults.add(at, f"must be Python; got {error.msg} in {where}, line {error.lineno}")
                wrong = True
    if wrong:
        return True
    told = True
    if program.command:
        told = bool({"seed", "config"} & {name for word in words_of(program.command) for name in placeholders(word)})
    if program.function:
        at = ("task",) if short else ("task", "function")
        arguments = _check_function(program.function, GIVEN, book, at, faults)
        if arguments is not None and "**" not in arguments:
            told = "seed" in arguments
            for name, count, hint in untold(replicates, arguments):
                message = f"must take the argument {name}, as the study has {count} {name}s; got a function without"
                faults.add(at, message, f"add {name} to its arguments{hint}")
    if program.predict:
        _check_function(program.predict, PREDICTING, book, ("task", "predict"), faults)
    return told


# Private --------------------------------------------------------------------------------------------------


def _named(program: Program, book: Path, *, predicting: bool = True) -> Iterator[tuple[str, Path]]:
    """(key of the study, path) of each file or folder that the program names."""
    for key, text in (("function", program.function), *([("predict", program.predict)] if predicting else [])):
        if text and (found := FUNCTION.fullmatch(text)):
            yield f"task.{key}", (book / found["file"]).resolve()
    if program.command:
        yield from (("task.command", path) for path in _of_command(words_of(program.command), book))
    for name in program.files:
        yield "task.files", (book / name).resolve()


def _of_command(words: list[str], book: Path) -> Iterator[Path]:
    """Words that are files; `python X.py` and `python -m X` name one, whether or not it is there.

    What runs them is no part of the program: Python, and what can be executed and lies outside of the book.
    """
    root, python = book.resolve(), PYTHON.fullmatch(Path(words[0]).name)
    script = next((i for i, word in enumerate(words[1:], 1) if word.endswith(".py")), None)
    for i, word in enumerate(words):
        if i and words[i - 1] == "-m" and python:
            yield from _module(word, root)
        elif not any(True for _ in placeholders(word)) and "{" not in word:
            path = (book / word).resolve()
            if (path.is_file() and not _runs_others(word, path, root)) or (i == script and python):
                yield path


def _runs_others(word: str, path: Path, root: Path) -> bool:
    """Whether a word of a command is Python, or something else outside of the book that runs files."""
    outside = not path.is_relative_to(root)
    return bool(PYTHON.fullmatch(Path(word).name)) or (outside and path.suffix != ".py" and os.access(path, os.X_OK))


def _imported(path: Path, *, root: Path) -> Iterator[Path]:
    tree = ast.parse(path.read_bytes(), filename=str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _module(alias.name, root)
        elif isinstance(node, ast.ImportFrom):
            start = root
            if node.level:
                start = path.parents[node.level - 1]
            base = f"{node.module}." if node.module else ""
            if node.module:
                yield from _module(node.module, start)
            for alias in node.names:
                yield from _module(f"{base}{alias.name}", start)


def _module(name: str, root: Path) -> Iterator[Path]:
    """The files of a dotted module below a folder: its packages' `__init__.py`, and itself."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:end])
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py", place / "__main__.py"):
            if file.is_file():
                yield file


def _check_function(text: str, given: tuple[str, ...], book: Path, at: At, faults: Faults) -> set[str] | None:
    """Its arguments (`**` for any); None where they cannot be told."""
    found = FUNCTION.fullmatch(text)
    assert found is not None, "a function was read by this pattern"
    file, name = book / found["file"], found["name"]
    tree = ast.parse(file.read_bytes(), filename=str(file))
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    function = next((node for node in defined if node.name == name), None)
    if function is None:
        if name not in {inner.id for inner in ast.walk(tree) if isinstance(inner, ast.Name)} | _imports(tree):
            names = [node.name for node in defined]
            hint = suggestion(name, names, also=f"it has {listed(names)}" if names else "")
            faults.add(at, f"must be a function of {found['file']}; got {name}, which is not there", hint)
        return None
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    optional = {each.arg for each in arguments.args[len(arguments.args) - len(arguments.defaults) :]}
    optional |= {
        each.arg for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value is not None
    }
    strange = [each.arg for each in every if each.arg not in given and each.arg not in optional]
    if strange or arguments.posonlyargs:
        got = strange[0] if strange else arguments.posonlyargs[0].arg
        message = f"must take no arguments but {listed(given)}, by name; got {got} in line {function.lineno}"
        faults.add(at, message, "parameters are in config: config['lr']")
    return {each.arg for each in every} | ({"**"} if arguments.kwarg else set())


def _import_names(path: Path) -> list[str]:
    """The dotted modules that a file imports by their full names; nothing of a file that is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError):
        return []
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return names + [
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    ]


@cache
def _by_module() -> Mapping[str, Sequence[str]]:
    return packages_distributions()


def _imports(tree: ast.Module) -> set[str]:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _is_installed(package: str) -> bool:
    """Whether a package lies where packages are installed."""
    spec = importlib.util.find_spec(package)
    places = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    return (
        spec is not None and spec.origin is not None and any(Path(spec.origin).is_relative_to(each) for each in places)
    )


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    return suggestion(path.name, [each.name for each in path.parent.iterdir() if each.suffix == path.suffix])
