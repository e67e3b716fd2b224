"""A study of an Optuna database as a Frame, read by SQL alone. Nothing is written, and Optuna is not needed."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.errors import DataError, Problem
from tunebook.foreign.frames import Direction, Frame, Line
from tunebook.records import Scalar
from tunebook.spec.names import listed, suggestion

if TYPE_CHECKING:  # only for annotations: SQLAlchemy is imported when a database is opened
    from sqlalchemy import URL, Connection, Engine

SCHEMA = 12
MIGRATIONS = ("v3.0.0.d", "v3.2.0.a")
"""Versions of the tables that are read: those of Optuna 3.0 to 5.0."""
PRUNED = "PRUNED"
DIRECTIONS: Mapping[str, Direction] = {"MAXIMIZE": "maximize", "MINIMIZE": "minimize"}
INFINITE: Mapping[str, float] = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}

OF_STUDY = "trial_id IN (SELECT trial_id FROM trials WHERE study_id = :study)"
TRIALS = "SELECT trial_id, number, state FROM trials WHERE study_id = :study ORDER BY number"
PARAMS = (
    f"SELECT trial_id, param_name, param_value, distribution_json FROM trial_params WHERE {OF_STUDY} ORDER BY param_id"
)
VALUES = f"SELECT trial_id, objective, value, value_type FROM trial_values WHERE {OF_STUDY} ORDER BY objective"
ATTRIBUTES = (
    f"SELECT trial_id, key, value_json FROM trial_user_attributes WHERE {OF_STUDY} ORDER BY trial_user_attribute_id"
)
ENQUEUED = (
    "SELECT trial_id, value_json FROM trial_system_attributes "
    f"WHERE key = 'fixed_params' AND {OF_STUDY} ORDER BY trial_id"
)
LAST_STEPS = (
    f"SELECT trial_id, max(step) FROM trial_intermediate_values WHERE {OF_STUDY} GROUP BY trial_id ORDER BY trial_id"
)
Cells = dict[int, dict[str, Scalar]]


def read_optuna(url: str, *, study: str = "") -> Frame:
    """Read one study of an Optuna database: parameters, objectives, states and user attributes of its trials.

    The columns are named as in Optuna's own data frame (`params_lr`, `value`, `values_0`, `user_attrs_seed`,
    `state`); an objective that was given a name has that name. Trials that were pruned are left out: they were
    stopped early, so their values are those of another length.

    Args:
        url: SQLAlchemy's: `sqlite:///study.db`. A SQLite file is opened for reading only.
        study: Which one; needed when there are several.

    Raises:
        DataError: when it cannot be opened, is no Optuna database of a known version, or holds no such study.
    """
    with _opened(url) as (connection, place):
        _check_version(connection, place)
        number, name = _study(connection, place, study)
        directions = _directions(connection, number, place)
        trials = _rows(connection, TRIALS, number)
        cells: Cells = {trial: {} for trial, _, _ in trials}
        _add_enqueued(cells, _rows(connection, ENQUEUED, number))
        _add_params(cells, _rows(connection, PARAMS, number), place)
        _add_values(cells, _rows(connection, VALUES, number), tuple(directions))
        _add_attributes(cells, _rows(connection, ATTRIBUTES, number))
        pruned = [trial for trial, _, state in trials if state == PRUNED]
        remarks = _pruned(len(pruned), dict(_rows(connection, LAST_STEPS, number)), pruned)
    lines = [
        Line(f"{place}: trial {at}", f"trial {at}", {"state": state, **cells[trial]})
        for trial, at, state in trials
        if state != PRUNED
    ]
    columns = dict.fromkeys((*directions, *(column for line in lines for column in line.cells)))
    return Frame(place, name, tuple(columns), lines, directions, remarks, searched=True)


# Opening ----------------------------------------------------------------------------------------------


@contextmanager
def _opened(url: str) -> "Iterator[tuple[Connection, str]]":
    """A connection that can only read, and what messages call the database."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  a CSV file does not wait for it

    parsed, place = _parsed(url)
    engine = _engine(parsed, place)
    try:
        with engine.connect() as connection:
            yield connection, place
    except SQLAlchemyError as error:
        message = (
            f"must be a database that can be read; got {str(getattr(error, 'orig', None) or error).splitlines()[0]}"
        )
        raise DataError(Problem(place, message, "name the database that Optuna wrote")) from None
    except (LookupError, TypeError, ValueError) as error:  # JSON that is none, a value without an objective
        message = f"must hold rows as Optuna writes them; got {type(error).__name__}: {error}"
        raise DataError(Problem(place, message)) from None
    finally:
        engine.dispose()


def _parsed(url: str) -> "tuple[URL, str]":
    """The URL, changed so that a SQLite file is neither made nor written; and the file, or the URL without password."""
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DataError(Problem(url, "must be a database URL", "such as sqlite:///study.db")) from None
    if parsed.get_backend_name() != "sqlite":
        return parsed, parsed.render_as_string(hide_password=True)
    file = Path(parsed.database or "")
    if not file.is_file():
        raise DataError(
            Problem(url, f"must name a file; there is no {file}", "sqlite:///study.db, or sqlite:////whole/path")
        )
    return parsed.set(database=file.absolute().as_uri(), query={"mode": "ro", "uri": "true"}), str(file)


def _engine(url: "URL", place: str) -> "Engine":
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import NoSuchModuleError  # noqa: PLC0415

    try:
        return create_engine(url)
    except NoSuchModuleError:
        raise DataError(Problem(place, f"must be of a known kind of database; got {url.drivername}")) from None
    except ImportError as error:
        hint = f"install the driver of {url.drivername}"
        raise DataError(Problem(place, f"must have a driver that is installed; got {error}", hint)) from None


def _rows(connection: "Connection", query: str, study: int | None = None) -> Sequence[Any]:
    from sqlalchemy import text  # noqa: PLC0415

    return connection.execute(text(query), {} if study is None else {"study": study}).fetchall()


# What is there ----------------------------------------------------------------------------------------


def _check_version(connection: "Connection", place: str) -> None:
    from sqlalchemy import inspect  # noqa: PLC0415

    tables = set(inspect(connection).get_table_names())
    if not {"studies", "trials", "version_info"} <= tables:
        message = f"must be an Optuna database; its tables are {listed(sorted(tables)) or 'none'}"
        hint = "a ledger is audited by the folder of its book" if "runs" in tables else ""
        raise DataError(Problem(place, message, hint))
    (schema, library), *_ = [
        *_rows(connection, "SELECT schema_version, library_version FROM version_info"),
        (None, "?"),
    ]
    migrations = _rows(connection, "SELECT version_num FROM alembic_version") if "alembic_version" in tables else []
    found = migrations[0][0] if migrations else "none"
    if schema != SCHEMA or found not in MIGRATIONS:
        message = (
            f"must have tables of the versions {' or '.join(MIGRATIONS)}; got {found}, written by Optuna {library}"
        )
        raise DataError(Problem(place, message, "optuna storage upgrade --storage URL makes a copy of it readable"))


def _study(connection: "Connection", place: str, wanted: str) -> tuple[int, str]:
    names = {
        name: number for number, name in _rows(connection, "SELECT study_id, study_name FROM studies ORDER BY study_id")
    }
    if not names:
        raise DataError(Problem(place, "must hold a study; it holds none"))
    if not wanted and len(names) > 1:
        raise DataError(Problem(place, f"holds several studies: {listed(names)}", "name one: --study NAME"))
    name = wanted or next(iter(names))
    if name not in names:
        hint = suggestion(name, names, also=f"--study must be one of {listed(names)}")
        raise DataError(Problem(place, f"must hold the study {name}; it holds {listed(names)}", hint))
    return names[name], name


def _directions(connection: "Connection", study: int, place: str) -> dict[str, Direction]:
    """Column of each objective -> its direction, in their order."""
    query = "SELECT direction FROM study_directions WHERE study_id = :study ORDER BY objective"
    directions = [DIRECTIONS.get(direction) for (direction,) in _rows(connection, query, study)]
    query = "SELECT value_json FROM study_system_attributes WHERE study_id = :study AND key = 'study:metric_names'"
    named = _rows(connection, query, study)
    default = ["value"] if len(directions) == 1 else [f"values_{at}" for at in range(len(directions))]
    names = json.loads(named[0][0]) if named else default
    known = {name: direction for name, direction in zip(names, directions, strict=False) if direction is not None}
    if not directions or len(known) < len(directions):
        raise DataError(Problem(place, "must say of every objective whether it is minimized or maximized"))
    return known


# What the trials hold ---------------------------------------------------------------------------------


def _add_enqueued(cells: Cells, rows: Sequence[Any]) -> None:
    """The parameters of trials that wait; what a trial then took stands among its own."""
    for trial, stored in rows:
        cells[trial] |= {f"params_{name}": _scalar(value) for name, value in json.loads(stored).items()}


def _scalar(value: Any) -> Scalar:
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)


def _add_params(cells: Cells, rows: Sequence[Any], place: str) -> None:
    for trial, name, stored, distribution in rows:
        cells[trial][f"params_{name}"] = _value(stored, json.loads(distribution), f"{place}: {name}")


def _value(stored: float, distribution: Mapping[str, Any], place: str) -> Scalar:
    """The value of a parameter: a choice is stored by its number, an integer as a float."""
    kind, attributes = distribution.get("name"), distribution.get("attributes", {})
    if kind == "CategoricalDistribution" and 0 <= int(stored) < len(attributes.get("choices", ())):
        return _scalar(attributes["choices"][int(stored)])
    if kind in ("IntDistribution", "IntUniformDistribution", "IntLogUniformDistribution"):
        return int(stored)
    if kind in ("FloatDistribution", "UniformDistribution", "LogUniformDistribution", "DiscreteUniformDistribution"):
        return int(stored) if stored.is_integer() else stored
    raise DataError(Problem(place, f"must have a distribution that Optuna has; got {kind} of {stored}"))


def _add_values(cells: Cells, rows: Sequence[Any], objectives: Sequence[str]) -> None:
    for trial, objective, value, kind in rows:
        cells[trial][objectives[objective]] = INFINITE.get(kind, value)


def _add_attributes(cells: Cells, rows: Sequence[Any]) -> None:
    for trial, key, value in rows:
        found = json.loads(value)
        if found is not None and isinstance(found, bool | int | float | str):
            cells[trial][f"user_attrs_{key}"] = found


def _pruned(number: int, steps: Mapping[int, int], trials: Sequence[int]) -> tuple[str, ...]:
    """One sentence on the trials that are left out."""
    if not number:
        return ()
    reached = [steps[trial] for trial in trials if trial in steps]
    where = f" at step {min(reached)} or later" if reached else ""
    were = "trial was" if number == 1 else "trials were"
    return (f"{number} pruned {were} left out: stopped early{where}, so the score is that of another length",)
