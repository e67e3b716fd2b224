"""A table of simulated embeddings: calls of birds at several sites, one of which is kept for the end.

A window is its class's direction, changed by its site, moved by its recording and blurred by its quality. The last
site is changed most, so heads that do equally well on the sites they know differ there. Nothing was recorded: the
table shows what a study does with such data, and says nothing about birds or about any model of sounds.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically
from tunebook.simulate.folder import SOURCE, refuse_others

CLASSES = ("wren", "robin", "blackbird", "chiffchaff", "dunnock", "goldcrest", "nuthatch", "siskin")
BACKGROUND = "noise"
TABLE = "embeddings.parquet"
EMBEDDINGS_VERSION = "1"

BLUR: Mapping[str, float] = {"High": 0.12, "Medium": 0.2, "Low": 0.32}
"""Quality of a recording -> standard deviation of its windows along every axis; a class lies 1 from the middle."""
SHARES = (0.4, 0.4, 0.2)
OWN = 0.1
"""Standard deviation of recordings along every axis."""
KNOWN, UNKNOWN = 0.3, 0.7
"""How far a site moves every window: one of training, and the last."""
FAINT = 0.65
"""How much of a call is left at the last site."""
DEALT = ("train", "train", "train", "val", "test")
"""Splits of a site's recordings of a class, over and over; the last site is ood."""

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class _World:
    """What all windows of a table share: (class, width) directions and (site, width) changes."""

    classes: Vector
    sites: Vector


def embeddings(
    out: Path, *, seed: int, classes: int = 4, sites: int = 4, recordings: int = 10, windows: int = 3, width: int = 32
) -> None:
    """Write `<out>/embeddings.parquet` and `SOURCE.md`: a simulated table of embeddings.

    Columns: id, recording (its windows are alike and stand in one split), site, split (train, val, test; ood is the
    last site), label (a class, or noise), quality (High, Medium, Low; null for noise), hardness (the largest score,
    0..1, that an earlier model gave to a class that the row does not have), embedding (float32, width).
    Equal arguments give equal bytes.

    Args:
        out: A folder that is missing or empty, or holds this data set.
        seed: From 0.
        classes: 2 to 8, beside noise.
        sites: At least 2; the last is never trained on.
        recordings: Of each class at each site, at least 5.
        windows: Rows of each recording.
        width: Length of an embedding, at least 8.

    Raises:
        InputError: for a bad argument, or when `out` holds anything else; nothing is written then.
    """
    sizes = {"classes": classes, "sites": sites, "recordings": recordings, "windows": windows, "width": width}
    _check(seed=seed, sizes=sizes)
    drawn = f"version {EMBEDDINGS_VERSION}, seed {seed}, " + ", ".join(f"{name} {size}" for name, size in sizes.items())
    refuse_others(out, {out / TABLE, out / SOURCE}, drawn)
    world = _world(seed, classes, sites, width)
    rows = [row for recording in _recordings(world, seed, recordings) for row in _windows(world, recording, windows)]
    write_atomically(out / SOURCE, _source(drawn, seed=seed, sizes=sizes, rows=len(rows)).encode())
    write_atomically(out / TABLE, _parquet(rows, width))


@dataclass(frozen=True)
class _Recording:
    """Several windows of one sound: what they have in common, and what draws the rest."""

    columns: Mapping[str, str | None]
    label: int | None
    middle: Vector
    blur: float
    rng: np.random.Generator


def _world(seed: int, classes: int, sites: int, width: int) -> _World:
    rng = np.random.default_rng([seed, 0])
    directions = rng.normal(size=(len(CLASSES), width))
    moves = rng.normal(size=(sites, width))
    moves /= np.linalg.norm(moves, axis=1, keepdims=True)
    moves *= np.where(np.arange(sites) == sites - 1, UNKNOWN, KNOWN)[:, None]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _World(directions[:classes], moves)


def _recordings(world: _World, seed: int, recordings: int) -> Iterator[_Recording]:
    """Site by site, class by class, noise last; each has a generator of its own."""
    width, last = world.classes.shape[1], len(world.sites) - 1
    for site, move in enumerate(world.sites):
        for label in (*range(len(world.classes)), None):
            for number in range(recordings):
                rng = np.random.default_rng([seed, 1, site, len(CLASSES) if label is None else label, number])
                quality = str(rng.choice(list(BLUR), p=SHARES))
                own = rng.normal(0, OWN, width)
                loudness = rng.uniform(0.7, 1.1) * (FAINT if site == last else 1.0)
                call = 0 if label is None else loudness * world.classes[label]
                name = BACKGROUND if label is None else CLASSES[label]
                columns = {
                    "recording": f"{name}-{site + 1}-{number:03d}",
                    "site": f"site-{site + 1}",
                    "split": "ood" if site == last else DEALT[number % len(DEALT)],
                    "label": name,
                    "quality": None if label is None else quality,
                }
                yield _Recording(columns, label, call + move + own, BLUR[quality], rng)


def _windows(world: _World, recording: _Recording, windows: int) -> Iterator[dict[str, Any]]:
    width = len(recording.middle)
    for number in range(windows):
        window = recording.middle + recording.rng.normal(0, recording.blur, width)
        yield {
            "id": f"{recording.columns['recording']}-{number}",
            **recording.columns,
            "hardness": _hardness(world, window, recording.label),
            "embedding": window.astype(np.float32),
        }


def _hardness(world: _World, window: Vector, label: int | None) -> float:
    """An earlier model's largest score of a class that is not there; it knows the directions and no site."""
    scores = 1 / (1 + np.exp(-6 * (world.classes @ window - 0.4)))
    return round(float(max(score for k, score in enumerate(scores) if k != label)), 4)


def _parquet(rows: list[dict[str, Any]], width: int) -> bytes:
    import polars  # noqa: PLC0415  a tenth of a second that only this table waits for

    columns = {name: [row[name] for row in rows] for name in rows[0] if name != "embedding"}
    table = np.stack([row["embedding"] for row in rows])
    frame = polars.DataFrame(columns, schema_overrides={"hardness": polars.Float32}).with_columns(
        polars.Series("embedding", table, dtype=polars.Array(polars.Float32, width))
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _source(drawn: str, *, seed: int, sizes: Mapping[str, int], rows: int) -> str:
    wanted = " ".join(f"--{name} {size}" for name, size in sizes.items())
    return (
        "# Simulated embeddings: classification\n\n"
        "- Origin: made up by Tunebook. No bird was recorded, and no model of sounds was used: what holds for this\n"
        "  table need not hold for any other.\n"
        f"- Drawn from: {drawn}\n"
        f"- Command: `tunebook simulate embeddings --seed {seed} {wanted} --out DIR`\n"
        "- Licence: CC0 1.0 (public domain dedication).\n\n"
        f"`{TABLE}`: {rows} rows: id, recording, site, split, label, quality, hardness, embedding.\n"
        "`split`: train, val and test by recording; ood is the last site, which the others never hold.\n"
        f"`label`: a class, or {BACKGROUND} for none. `quality`: High, Medium, Low; null for {BACKGROUND}.\n"
        "`hardness`: the largest score, 0 to 1, that an earlier model gave to a class that the row does not have.\n"
    )


def _check(*, seed: int, sizes: Mapping[str, int]) -> None:
    least = {"classes": 2, "sites": 2, "recordings": len(DEALT), "windows": 1, "width": 8}
    problems = [Problem("seed", f"must be an integer >= 0; got {seed}")] if seed < 0 else []
    problems += [
        Problem(name, f"must be at least {least[name]}; got {size}")
        for name, size in sizes.items()
        if size < least[name]
    ]
    if sizes["classes"] > len(CLASSES):
        problems.append(Problem("classes", f"must be at most {len(CLASSES)}; got {sizes['classes']}"))
    if problems:
        raise InputError(*problems)
