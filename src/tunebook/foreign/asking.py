"""What a person says of a foreign table, where a guess would be wrong."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields

from tunebook.errors import DataError, Problem
from tunebook.foreign.frames import Frame
from tunebook.spec.names import listed, suggestion


@dataclass(frozen=True)
class Asked:
    """Options of `tunebook audit`; the names of columns are those of the table.

    Args:
        metric: Columns of scores; the configuration is chosen by the first.
        minimize: Columns of scores that are better when lower. `maximize`: when higher.
        seed: Columns that tell replicates of one configuration apart.
        case: Columns of conditions under which every configuration is run: data set, base model.
        parameter: Columns of parameters.
        ignore: Columns that say nothing here.
        study: Which study, where the table holds several.
        split: The split of scores whose column names none.
        where: Constraints of the declared grid: `0.25 <= alpha / rank <= 8`.
        chosen: The configuration that was carried forward: `lr=0.001 dropout=0.5`.
    """

    metric: tuple[str, ...] = ()
    minimize: tuple[str, ...] = ()
    maximize: tuple[str, ...] = ()
    seed: tuple[str, ...] = ()
    case: tuple[str, ...] = ()
    parameter: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    study: str = ""
    split: str = ""
    where: tuple[str, ...] = ()
    chosen: str = ""

    def named(self) -> Iterator[tuple[str, str]]:
        """Option and column, for every column that is named."""
        for option in fields(self):
            if option.name not in ("study", "split", "where", "chosen"):
                yield from ((option.name, column) for column in getattr(self, option.name))


def refuse_unknown(asked: Asked, frame: Frame) -> None:
    """See that every column which is named exists, and is not said to be two things.

    Raises:
        DataError: with every mistake at once.
    """
    problems = [
        _unknown(option, column, frame.columns) for option, column in asked.named() if column not in frame.columns
    ]
    roles: dict[str, str] = {}
    for option, column in asked.named():
        role = "metric" if option in ("minimize", "maximize") else option
        if roles.setdefault(column, role) != role:
            problems.append(Problem(f"--{option}", f"{column} is also given as --{roles[column]}", "say it once"))
    both = sorted(set(asked.minimize) & set(asked.maximize))
    problems += [Problem("--minimize", f"{column} is also given as --maximize", "say it once") for column in both]
    if problems:
        raise DataError(*problems)


def _unknown(option: str, column: str, known: Collection[str]) -> Problem:
    message = f"must be a column of the table: {listed(known)}; got {column}"
    return Problem(f"--{option}", message, suggestion(column, known, also="write it as in the table's first line"))
