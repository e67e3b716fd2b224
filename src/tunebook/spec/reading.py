"""A study file as a Study: every mistake at once, each with file and line."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tunebook.errors import InputError, StudyError
from tunebook.spec import places
from tunebook.spec.completing import complete_parts
from tunebook.spec.faults import Faults
from tunebook.spec.program_files import check_files
from tunebook.spec.programs import Program
from tunebook.spec.references import NAME
from tunebook.spec.space import Space
from tunebook.spec.study import STANDARD_CONFIRM, Study, read_parts
from tunebook.spec.workload import Workload

ENDING = ".study.yaml"


def load(path: Path, workload_of: Callable[[str | Program], Workload]) -> Study:
    """Read a study file and check it against its task.

    Args:
        path: `<name>.study.yaml`; the name is the study's name unless the file gives one.
        workload_of: The task of a name or of an own program; raises InputError when there is none.

    Returns:
        The study with full names, values as its fields have them, and every default filled in.

    Raises:
        StudyError: with all problems, by line.
    """
    faults = Faults()
    document = places.read(path, faults)
    parts = read_parts(document.value, faults, name=name_of(path))
    study = Study.model_construct(**{"task": "", "base": {}, "space": Space(), **parts}, _fields_set=set(parts))
    if study.study in study.references:
        faults.add((), f"must not start from itself; got a reference to {study.study}")
    if isinstance(study.task, Program):
        short = isinstance(document.value.get("task"), str)
        told = check_files(study.task, path.parent, faults, replicates=study.replicates, short=short)
        if not told and study.confirm is STANDARD_CONFIRM:
            study = study.model_copy(update={"confirm": None})
        elif not told and study.confirm is not None:
            hint = "add seed to what the program is given, or write confirm: null"
            faults.add(("confirm",), "must be null: without a seed all runs of the program are copies; got more", hint)
    if study.task and not (isinstance(study.task, Program) and not study.metrics):
        try:
            study = complete_parts(study, workload_of(study.task), faults)
        except InputError as error:
            for problem in error.problems:
                faults.add(("task",), problem.message, problem.hint)
    if faults:
        raise StudyError(*faults.problems(document.place))
    return study


def name_in(path: Path) -> str:
    """The name of the study in a file: what it says, or its file's name where it says none that can be read."""
    try:
        raw = places.read(path, Faults()).value
    except StudyError:  # what is wrong is said where the study is read
        return name_of(path)
    said = raw.get("study") if isinstance(raw, Mapping) else None
    return said if isinstance(said, str) and re.fullmatch(NAME, said) else name_of(path)


def name_of(path: Path) -> str:
    """The name that a study has by its file: `lora.study.yaml` is lora."""
    return path.name.removesuffix(ENDING) if path.name.endswith(ENDING) else path.stem
