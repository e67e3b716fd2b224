"""Data sets of simulated cells: which image is drawn from which numbers, and the files that hold it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically
from tunebook.simulate.folder import MANIFEST, SOURCE, refuse_others, write_manifest, write_png
from tunebook.simulate.painters import fluorescence, membrane, phase, tissue

KINDS = ("fluorescence", "phase", "tissue", "membrane")
"""The position of a kind is part of its images' seeds: further kinds are appended."""
USUAL_KINDS = KINDS[:3]
"""What a data set holds where nobody names kinds; what tunebook-small has seen."""
SPLITS = ("train", "val", "test")
VERSION = "1"
SMALLEST_SIZE = 32


def cells(
    out: Path,
    *,
    seed: int,
    kinds: Sequence[str] = USUAL_KINDS,
    train: int = 24,
    val: int = 6,
    test: int = 8,
    size: int = 128,
) -> None:
    """Write a data set of simulated cells: `<out>/<split>/images|labels/*.png`, manifest.csv and SOURCE.md.

    Images are 8-bit, grey or (tissue) RGB; labels 16-bit, 0 = background, objects 1..n. Image k of a split
    depends on (seed, split, k, size) and its kind, `kinds[k % len(kinds)]`, alone: equal arguments give equal
    bytes, and asking for more images keeps the first ones.

    Args:
        out: A folder that is missing or empty, or holds a smaller data set of the same seed, kinds and size.
        seed: From 0.
        train, val, test: Number of images.
        size: Height and width in pixels, at least 32.

    Raises:
        InputError: for a bad argument, or when `out` holds anything else; nothing is written then.
    """
    counts = dict(zip(SPLITS, (train, val, test), strict=True))
    _check(seed=seed, kinds=kinds, counts=counts, size=size)
    drawn = f"version {VERSION}, seed {seed}, size {size}, kinds {' '.join(kinds)}"
    names = {split: [f"{k:04d}-{kinds[k % len(kinds)]}.png" for k in range(counts[split])] for split in SPLITS}
    planned = {out / split / what / name for split in SPLITS for what in ("images", "labels") for name in names[split]}
    refuse_others(out, planned | {out / MANIFEST, out / SOURCE}, drawn)
    write_atomically(out / SOURCE, _source(drawn, seed=seed, kinds=kinds, counts=counts, size=size).encode())
    rows = []
    for number, split in enumerate(SPLITS):
        for k, name in enumerate(names[split]):
            kind = kinds[k % len(kinds)]
            rng = np.random.default_rng([seed, number, k, KINDS.index(kind)])
            picture, label = image(kind, size=size, rng=rng)
            write_png(out / split / "images" / name, picture)
            write_png(out / split / "labels" / name, label)
            foreground = f"{(label > 0).mean():.4f}"
            rows.append([split, name, kind, size, size, label.max(), foreground, picture.min(), picture.max()])
    header = ["split", "file", "kind", "height", "width", "n_instances", "fg_fraction", "min", "max"]
    write_manifest(out, header, rows)


def image(kind: str, *, size: int = 128, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """One picture and its label.

    Returns:
        The image, (size, size), or (size, size, 3) for tissue; the label, (size, size), 0 = background and
        1..n objects (1 <= n <= 60), each of at least 12 px and in one part.

    Raises:
        InputError: for an unknown kind or a size below 32.
    """
    _check(seed=0, kinds=[kind], counts={}, size=size)
    paint = {"fluorescence": fluorescence, "phase": phase, "tissue": tissue, "membrane": membrane}[kind]
    picture, label = paint(size, rng)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8), label


def _source(drawn: str, *, seed: int, kinds: Sequence[str], counts: dict[str, int], size: int) -> str:
    wanted = " ".join(f"--{split} {counts[split]}" for split in SPLITS)
    command = f"tunebook simulate cells --seed {seed} --kinds {','.join(kinds)} {wanted} --size {size} --out DIR"
    return (
        "# Simulated cells: instance segmentation\n\n"
        "- Origin: simulated by Tunebook; no microscope took these images.\n"
        f"- Drawn from: {drawn}\n"
        f"- Command: `{command}`\n"
        "- Licence: CC0 1.0 (public domain dedication).\n\n"
        "`<split>/images/*.png`: 8 bit, grey or RGB. `<split>/labels/*.png`: 16 bit, 0 = background, objects 1..n.\n"
        "`manifest.csv`: one line per image.\n"
    )


def _check(*, seed: int, kinds: Sequence[str], counts: dict[str, int], size: int) -> None:
    problems = []
    if seed < 0:
        problems.append(Problem("seed", f"must be an integer >= 0; got {seed}"))
    if size < SMALLEST_SIZE:
        problems.append(Problem("size", f"must be at least {SMALLEST_SIZE} pixels; got {size}"))
    problems += [
        Problem("kinds", f"must be one of {', '.join(KINDS)}; got {kind}") for kind in kinds if kind not in KINDS
    ]
    if not kinds:
        problems.append(Problem("kinds", f"must name at least one of {', '.join(KINDS)}; got none"))
    if len(set(kinds)) < len(kinds):
        problems.append(Problem("kinds", f"must name each kind once; got {', '.join(kinds)}"))
    problems += [
        Problem(split, f"must be a number of images >= 0; got {count}") for split, count in counts.items() if count < 0
    ]
    if problems:
        raise InputError(*problems)
