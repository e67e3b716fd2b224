"""Data sets of simulated pages with annotations in pen: sparse foreground, and much that looks like it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tunebook.errors import InputError, Problem
from tunebook.folders import write_atomically
from tunebook.simulate.folder import MANIFEST, SOURCE, refuse_others, write_manifest, write_png
from tunebook.simulate.pages import pen_page

SPLITS = ("train", "val", "test")
SCANS_VERSION = "1"
SMALLEST_SIZE = 64


def scans(
    out: Path, *, seed: int, train: int = 8, val: int = 4, test: int = 4, size: int = 256, blank: int = 0
) -> None:
    """Write a data set of simulated pages: `<out>/<split>/images|masks/*.png`, manifest.csv and SOURCE.md.

    Images are 8-bit RGB; masks 8-bit grey, 0 = background, 255 = foreground (a pen's strokes, 1 to 3 % of a page).
    Image k of a split depends on (seed, split, k, size) and on whether it is blank: equal arguments give equal
    bytes, and asking for more images keeps the first ones.

    Args:
        out: A folder that is missing or empty, or holds a smaller data set of the same seed, size and blank pages.
        seed: From 0.
        train, val, test: Number of images.
        size: Height and width in pixels, at least 64.
        blank: So many pages of each split, its first ones, have no foreground.

    Raises:
        InputError: for a bad argument, or when `out` holds anything else; nothing is written then.
    """
    counts = dict(zip(SPLITS, (train, val, test), strict=True))
    _check(seed=seed, counts=counts, size=size, blank=blank)
    drawn = f"version {SCANS_VERSION}, seed {seed}, size {size}, blank {blank}"
    names = {split: [f"page-{k:04d}.png" for k in range(counts[split])] for split in SPLITS}
    planned = {out / split / what / name for split in SPLITS for what in ("images", "masks") for name in names[split]}
    refuse_others(out, planned | {out / MANIFEST, out / SOURCE}, drawn)
    write_atomically(out / SOURCE, _source(drawn, seed=seed, counts=counts, size=size, blank=blank).encode())
    rows: list[list[object]] = []
    for number, split in enumerate(SPLITS):
        for k, name in enumerate(names[split]):
            page = pen_page(size, np.random.default_rng([seed, 2, number, k]), blank=k < blank)
            write_png(out / split / "images" / name, page.image)
            write_png(out / split / "masks" / name, page.mask.astype(np.uint8) * 255)
            foreground = f"{page.mask.mean():.4f}"
            rows.append([split, name, size, size, page.strokes, foreground, page.image.min(), page.image.max()])
    write_manifest(out, ["split", "file", "height", "width", "n_strokes", "fg_fraction", "min", "max"], rows)


def _source(drawn: str, *, seed: int, counts: Mapping[str, int], size: int, blank: int) -> str:
    wanted = " ".join(f"--{split} {counts[split]}" for split in SPLITS)
    return (
        "# Simulated scans: binary segmentation\n\n"
        "- Origin: simulated by Tunebook; there is no such paper, and nobody wrote on it.\n"
        f"- Drawn from: {drawn}\n"
        f"- Command: `tunebook simulate scans --seed {seed} {wanted} --size {size} --blank {blank} --out DIR`\n"
        "- Licence: CC0 1.0 (public domain dedication).\n\n"
        "`<split>/images/*.png`: 8 bit, RGB. `<split>/masks/*.png`: 8 bit, 0 = background, 255 = a pen's stroke.\n"
        "A printed grid, stains and specks are background. `manifest.csv`: one line per image.\n"
    )


def _check(*, seed: int, counts: Mapping[str, int], size: int, blank: int) -> None:
    problems = []
    if seed < 0:
        problems.append(Problem("seed", f"must be an integer >= 0; got {seed}"))
    if size < SMALLEST_SIZE:
        problems.append(Problem("size", f"must be at least {SMALLEST_SIZE} pixels; got {size}"))
    problems += [
        Problem(split, f"must be a number of images >= 0; got {count}") for split, count in counts.items() if count < 0
    ]
    if blank < 0:
        problems.append(Problem("blank", f"must be a number of images >= 0; got {blank}"))
    if problems:
        raise InputError(*problems)
