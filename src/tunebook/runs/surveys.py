"""Surveys of a book's data: what each data set holds, made once when a study on it is prepared, and kept.

    surveys/<id>/
      <split>-<item>-<panel>.png   the contact sheet
      survey.json                  everything else; written last

The id is a digest of the data's content and of how they are read, of no path: data that moved are surveyed no second
time, and what was edited has another survey. A folder may be deleted at any time; the next `tunebook run` or `check`
makes it again, and until then a page has no card of these data.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook.errors import InputError, Problem
from tunebook.folders import read_json, write_json
from tunebook.records import DataFacts, Picture, Run, SplitFacts, digest
from tunebook.spec.canonical import covers
from tunebook.spec.fields import fields_of, value_at
from tunebook.spec.folding import DATA_FOLD
from tunebook.task import Task

FOLDER, FILE = "surveys", "survey.json"
FORM = 1
"""Of surveys: another one makes all of them anew."""
DIGITS = 16
SOURCES = ("root", "table")
"""Fields of `data` that say where the data lie."""


@dataclass(frozen=True)
class Surveyed:
    """One data set of a study.

    Args:
        id: Names the folder of its survey.
        name: What the study calls it.
        values: A configuration that reads it, resolved.
    """

    id: str
    name: str
    values: Mapping[str, Any]


def data_of(runs: Iterable[Run], task: Task, *, roots: Mapping[str, str]) -> tuple[Surveyed, ...]:
    """The data sets that runs read, each once, in their order.

    Args:
        roots: Names of data roots -> paths, as book.yaml gives them.
    """
    names = {path: name for name, path in roots.items()}
    found: dict[str, Surveyed] = {}
    for run in runs:
        if "data" in run.fingerprints:
            values = run.configuration.values
            known = identity(task, values, run.fingerprints["data"])
            source = next((str(values["data"][each]) for each in SOURCES if each in values.get("data", {})), "")
            found.setdefault(known, Surveyed(known, names.get(source, source), values))
    return tuple(found.values())


def identity(task: Task, values: Mapping[str, Any], fingerprint: str) -> str:
    """The id of a survey: of the data's content, and of what the task looks at when it reads them.

    Folds share one, of the first that is asked for.
    """
    looked_at = {
        path: value
        for path, leaf in fields_of(task.Config).leaves.items()
        if path.startswith("data.") and leaf.identity != "path" and covers(frozenset(task.verified), path)
        if path != DATA_FOLD and (value := value_at(values, path)) != leaf.info.default
    }
    return digest([FORM, task.name, fingerprint, looked_at])[:DIGITS]


def make(data: Iterable[Surveyed], task: Task, book: Path) -> None:
    """Survey what has no survey yet.

    Raises:
        DataError: when data are missing.
    """
    for each in data:
        config: BaseModel = task.Config.model_validate(each.values)
        if _whole(book / FOLDER / each.id):
            continue
        facts = task.survey(config, book, thumbnails=book / FOLDER / each.id)
        if facts is not None:
            write_json(book / FOLDER / each.id / FILE, _written(facts))


def read(book: Path, data: Iterable[tuple[str, str]]) -> Iterator[DataFacts]:
    """The surveys that are there; of equal ones the first.

    Args:
        data: Id and name of each.

    Raises:
        InputError: when one is damaged.
    """
    seen: list[DataFacts] = []
    for known, name in data:
        path = book / FOLDER / known / FILE
        if not path.exists():
            continue
        try:
            facts = _read(read_json(path), path.parent)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            hint = f"remove {path.parent}; `tunebook run` makes it again"
            raise InputError(Problem(str(path), f"must be a survey; got {type(error).__name__}", hint)) from error
        bare = replace(facts, name=name, pictures=())
        if bare not in seen:
            seen.append(bare)
            yield replace(facts, name=name)


def _whole(folder: Path) -> bool:
    """Whether a survey is there with all its pictures."""
    if not (folder / FILE).exists():
        return False
    pictures = read_json(folder / FILE)["pictures"]
    return all((folder / file).exists() for _, panels in pictures for _, file in panels)


def _written(facts: DataFacts) -> dict[str, Any]:
    """Pictures as item and, in their order, panels with the names of their files; facts as pairs, in their order."""
    return {
        **asdict(facts),
        "splits": [[each.name, each.items, list(each.facts.items())] for each in facts.splits],
        "pictures": [
            [picture.item, [[panel, Path(path).name] for panel, path in picture.panels.items()]]
            for picture in facts.pictures
        ],
    }


def _read(found: Mapping[str, Any], folder: Path) -> DataFacts:
    return DataFacts(
        name=found["name"],
        noun=found["noun"],
        splits=tuple(SplitFacts(name, items, dict(facts)) for name, items, facts in found["splits"]),
        odd=tuple(found["odd"]),
        pictures=tuple(
            Picture(item, {panel: str(folder / file) for panel, file in panels}) for item, panels in found["pictures"]
        ),
        together=found["together"],
        twice=tuple(found["twice"]),
    )
