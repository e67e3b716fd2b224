"""A trained head on a table of embeddings without labels: a probability for each class, and what is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from tunebook.errors import DataError, Problem
from tunebook.records import Run, Settings
from tunebook.task import Context
from tunebook.tasks.embedding_classification import pooling, scores, tables
from tunebook.tasks.embedding_classification.chosen_head import ChosenHead

if TYPE_CHECKING:
    import polars

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class Predicted:
    """What a head says of rows, or of the items that they were pooled into.

    Args:
        named: Column -> what names a row of the result: `id`, or `item` and how many `rows` it has.
        scores: Raw scores; -inf throughout in one without an embedding.
    """

    named: Mapping[str, Sequence[Any]]
    scores: Float[np.ndarray, "rows classes"]


def predict(run: Run, context: Context, settings: Mapping[str, Settings], *, on: Path, to: Path) -> Sequence[str]:
    """Write a row for each row of a table, or for each item where the table has the column `data.item`.

    `id` (or `item` and its number of `rows`), `p_CLASS` for each class, and the decision: `is_CLASS` at the chosen
    threshold, or the `label` of the likeliest class of several. All but the names are null without an embedding.

    Args:
        on: A table as that of the study, without labels: Parquet, NPZ, or a folder of BirdNET's embeddings.
        to: CSV or Parquet, by its suffix.

    Raises:
        DataError: for a table that cannot be read, embeddings of another width, or another suffix.
    """
    if to.suffix not in SUFFIXES:
        raise DataError(Problem(str(to), f"must end in {' or '.join(SUFFIXES)}; got {to.name}"))
    head = ChosenHead.read(run, context, settings)
    data = head.config.data
    ids, embeddings, items = tables.unlabelled(data, on)
    if embeddings.shape[1] != head.width:
        message = f"must hold embeddings of {head.width} numbers, as the head was trained on; got {embeddings.shape[1]}"
        raise DataError(
            Problem(f"{on}, column {data.embedding}", message, "use the model that the study's table is of")
        )
    predicted = _predicted(head, ids, head.raw_scores(embeddings, device=context.device), items)
    frame = _frame(head, predicted)
    if to.suffix == ".csv":
        frame.write_csv(to)
    else:
        frame.write_parquet(to)
    return tuple(_told(head, predicted, len(ids)))


def _predicted(
    head: ChosenHead, ids: Sequence[str], raw: Float[np.ndarray, "rows classes"], items: Sequence[str] | None
) -> Predicted:
    if items is None:
        return Predicted({"id": ids}, np.where(np.isnan(raw), -np.inf, raw))
    data, numbers = head.config.data, pooling.numbered(items)
    named = {"item": tuple(dict.fromkeys(items)), "rows": np.bincount(numbers).tolist()}
    return Predicted(named, pooling.pooled(raw, numbers, pool=data.pool, k=data.k))


def _frame(head: ChosenHead, predicted: Predicted) -> "polars.DataFrame":
    """The table that is written."""
    import polars  # noqa: PLC0415  # a tenth of a second, after all that can be refused

    likely = scores.probabilities(predicted.scores)
    columns: dict[str, Any] = dict(predicted.named)
    columns |= {f"p_{name}": likely[:, at] for at, name in enumerate(head.classes)}
    if head.kind == "multi-class":
        columns["label"] = np.array(head.classes)[predicted.scores.argmax(axis=1)]
    else:
        decided = scores.at_least(predicted.scores, head.threshold.cut)
        columns |= {f"is_{name}": decided[:, at] for at, name in enumerate(head.classes)}
    said = polars.Series(_said(predicted))
    frame = polars.DataFrame(columns)
    return frame.with_columns(
        polars.when(said).then(polars.col(name)) for name in frame.columns if name not in predicted.named
    )


def _told(head: ChosenHead, predicted: Predicted, rows: int) -> Sequence[str]:
    """How many were read, pooled and left out."""
    data, said = head.config.data, _said(predicted)
    found = f"{rows:,} rows of {head.width} numbers"
    if "item" in predicted.named:
        found += f", pooled into {len(said):,} by {data.item} ({data.pool})"
    elif data.item is not None:
        found += (
            f", each by itself: there is no column {data.item} to pool them by, as those were that the threshold is for"
        )
    missing = int((~said).sum())
    return [found, *([f"{missing:,} without an embedding, null"] if missing else [])]


def _said(predicted: Predicted) -> np.ndarray:
    """Which rows of the result have scores."""
    return np.asarray((predicted.scores > -np.inf).any(axis=1))
