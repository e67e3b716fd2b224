"""Surveys of a book's data: what each data set holds, made once when a study on it is prepared, and kept.

    records/survey-<id>.json             what was found; it is kept with the book, as the studies' records are
    surveys/<id>/
      <split>-<item>-<panel>.png         the contact sheet

The id is a digest of the data's content and of how they are read, of no path: data that moved are surveyed no second
time, and what was edited has another survey. A folder of pictures may be deleted at any time; the next `tunebook run`
or `check` makes it again, and until then a page shows what was found without them.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tunebook.errors import InputError, Problem
from tunebook.folders import read_json, write_json
from tunebook.records import DataFacts, Picture, Run, SplitFacts, digest
from tunebook.spec.canonical import covers, overlaid
from tunebook.spec.fields import fields_of, nested, value_at
from tunebook.spec.folding import DATA_FOLD, FOLDS
from tunebook.task import Task

FOLDER, RECORDS = "surveys", "records"
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
        if _whole(book, each.id):
            continue
        facts = task.survey(config, book, thumbnails=book / FOLDER / each.id)
        if facts is not None:
            facts = replace(facts, twice=(*facts.twice, *_of_other_folds(each, facts, task, book)))
            write_json(_record(book, each.id), _written(facts))


def read(book: Path, data: Iterable[tuple[str, str]]) -> Iterator[DataFacts]:
    """The surveys that are there; of equal ones the first.

    Args:
        data: Id and name of each.

    Raises:
        InputError: when one is damaged.
    """
    seen: list[DataFacts] = []
    for known, name in data:
        path = _record(book, known)
        if not path.exists():
            continue
        try:
            facts = _read(read_json(path), book / FOLDER / known)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            hint = "remove it; `tunebook run` makes it again"
            raise InputError(Problem(str(path), f"must be a survey; got {type(error).__name__}", hint)) from error
        bare = replace(facts, name=name, pictures=())
        if bare not in seen:
            seen.append(bare)
            yield replace(facts, name=name)


def _of_other_folds(data: Surveyed, first: DataFacts, task: Task, book: Path) -> Iterator[str]:
    """What only another fold than the first has in two splits; the data are read once more for each, and kept no time.

    Of equal items in two parts neither of which is the first, the first fold has both in train.
    """
    seen = set(first.twice)
    for fold in range(1, value_at(data.values, FOLDS) or 1):
        config: BaseModel = task.Config.model_validate(overlaid(data.values, nested({DATA_FOLD: fold})))
        with tempfile.TemporaryDirectory(prefix="tunebook-survey-") as folder:
            facts = task.survey(config, book, thumbnails=Path(folder))
        for sentence in facts.twice if facts is not None else ():
            if sentence not in seen:
                seen.add(sentence)
                yield f"In fold {fold}: {sentence}"


def _record(book: Path, known: str) -> Path:
    return book / RECORDS / f"survey-{known}.json"


def _whole(book: Path, known: str) -> bool:
    """Whether a survey is there with all its pictures."""
    if not _record(book, known).exists():
        return False
    pictures = read_json(_record(book, known))["pictures"]
    return all((book / FOLDER / known / file).exists() for _, panels in pictures for _, file in panels)


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
            Picture(item, {panel: str(folder / file) for panel, file in panels})
            for item, panels in found["pictures"]
            if all((folder / file).exists() for _, file in panels)
        ),
        together=found["together"],
        twice=tuple(found["twice"]),
    )
