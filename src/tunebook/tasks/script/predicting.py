"""`tunebook predict` for an own program: the function that it names for that is called."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tunebook.errors import Crashed, InputError, Problem, Told
from tunebook.folders import OUT
from tunebook.records import Run, Settings
from tunebook.spec.programs import Program
from tunebook.task import Context
from tunebook.tasks.script.calling import fitting, function_of
from tunebook.tasks.script.given import Parameters, values_of


def predict(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """Call `predict(out, on, to, config)` of the program, which writes into the new folder `to`.

    Raises:
        InputError: when the program names no such function, or it fails or writes nothing.
    """
    program = Program.of(run.configuration.values)
    if not program.predict:
        message = "must say how a finished run is applied to new data; it names no function for that"
        hint = "add predict: FILE.py:FUNCTION, a function of out, on, to and config, and tunebook run the study again"
        raise InputError(Problem("task", message, hint))
    to.mkdir(parents=True)
    log = to.parent / "log.txt"
    given = {
        "out": context.checkpoint.with_name(OUT),
        "on": on,
        "to": to,
        "config": Parameters(values_of(run.configuration.values, context.book)),
    }
    try:
        with function_of(program.predict, context.book, log=log) as function:
            said = function(**fitting(function, given))
    except Told as error:
        raise InputError(Problem(program.predict, f"must predict; it failed: {error}", log.read_text())) from None
    except Crashed as error:
        raise InputError(Problem(program.predict, f"must predict; it failed: {error}")) from None
    files = sum(path.is_file() for path in to.rglob("*"))
    if not files:
        raise InputError(Problem(program.predict, f"must write files into the folder {to.name}; it wrote none"))
    return (str(said),) if isinstance(said, str) else (f"{files} {'file' if files == 1 else 'files'} written",)
