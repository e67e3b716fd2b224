"""A random forest of pixels on whole scans: what a network for binary masks must be better than.

    python benchmarks/masks_forest.py --data $TUNEBOOK_DATA/idrid_exudates
    python benchmarks/masks_forest.py --data $TUNEBOOK_DATA/hrf_vessels --val pages_val --test pages_test --pixels 5000

Every pixel has 48 features: its colours, and at the sigmas 1, 2, 4, 8 and 16 each colour smoothed, less the same of
twice the sigma (difference of Gaussians), and of green, which shows vessels and exudates best, the gradient's size and
the Hessian's eigenvalues. A forest of scikit-learn learns `--pixels` random pixels of each training scan, and says the
probability of every pixel of each scan of the other two splits.

Probabilities are rounded to 255ths, as the task keeps them, and scored by the task's own functions: average precision,
and Dice (F1) at 0.5 and at the threshold that is best on val over the pixels of all its scans. Each is given over the
pixels of all scans of a split, and as the mean over its scans. Mean ± standard deviation over the forest's seeds, which
draw pixels and trees.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from tunebook.tasks.binary_segmentation.config import Config, Data, OperatingPoint
from tunebook.tasks.binary_segmentation.counts import HALF, Histogram, at_level, average_precision, f1, histogram
from tunebook.tasks.binary_segmentation.scans import Loaded, load, scans
from tunebook.tasks.binary_segmentation.thresholds import best

SIGMAS = (1, 2, 4, 8, 16)
SURROUND = 2
"""Differences of Gaussians are taken from so many times the sigma."""


@dataclass(frozen=True)
class Scored:
    """One split under one seed.

    Args:
        threshold: In 255ths, chosen on val: pixels of at least this are foreground.
        pooled: Measure -> value over the pixels of all scans.
        mean: Measure -> mean over scans.
    """

    split: str
    seed: int
    scans: int
    threshold: int
    pooled: Mapping[str, float]
    mean: Mapping[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, predict, print the table."""
    options = parsed(arguments)
    splits = {name: scans_of(options, name) for name in ("train", "val", "test")}
    print(
        f"{options.data.name}: train {len(splits['train'])} scans ({options.train}), val {len(splits['val'])} "
        f"({options.val}), test {len(splits['test'])} ({options.test}); at most {options.pixels:,} pixels a scan, "
        f"{options.trees} trees, {len(options.seeds)} seeds; probabilities in 255ths.",
        flush=True,
    )
    found = list(measured(splits, options))
    print("\n".join(["", *table(found)]))
    if options.json:
        options.json.write_text(
            json.dumps({"options": vars(options), "found": [asdict(each) for each in found]}, indent=1, default=str)
        )


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of splits with images/ and masks/")
    for split in ("train", "val", "test"):
        parser.add_argument(f"--{split}", default=split, help="folder of this split")
    parser.add_argument("--pixels", type=int, default=20_000, help="random pixels of each training scan")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaf", type=int, default=2, help="least pixels in a leaf")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0, 1, 2))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where every measurement is written")
    return parser.parse_args(arguments)


def scans_of(options: argparse.Namespace, split: str) -> list[Loaded]:
    """The scans of a split as the task reads them, at their own size."""
    names = {name: getattr(options, name) for name in ("train", "val", "test")}
    data = Data.model_validate({"root": str(options.data.resolve()), **names})
    return [load(scan, data) for scan in scans(Config.model_validate({"data": data}), Path(), split)]


def measured(splits: Mapping[str, Sequence[Loaded]], options: argparse.Namespace) -> Iterator[Scored]:
    """Val and test under each seed."""
    known = {
        split: [(features(scan.image), scan.mask) for scan in loaded] for split, loaded in splits.items()
    }  # once for all seeds
    for seed in options.seeds:
        start = time.perf_counter()
        forest = fitted(known["train"], seed=seed, options=options)
        counts = {
            split: [histogram(probability(forest, x, mask.shape), mask) for x, mask in known[split]]
            for split in ("val", "test")
        }
        threshold = best(np.sum(counts["val"], axis=0), OperatingPoint()).level
        for split, each in counts.items():
            yield scored(each, split=split, seed=seed, threshold=threshold)
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


# Forest -----------------------------------------------------------------------------------------------


def features(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the forest knows of every pixel of a scan (h, w, 3): (h · w, 48)."""
    colours = np.moveaxis(image, -1, 0).astype(np.float32) / 255
    smooth = partial(ndimage.gaussian_filter, truncate=3)
    layers = list(colours)
    for sigma in SIGMAS:
        near = [smooth(colour, sigma) for colour in colours]
        layers += near
        layers += [each - smooth(colour, SURROUND * sigma) for each, colour in zip(near, colours, strict=True)]
        yy, xx, xy, y, x = (
            smooth(colours[1], sigma, order=order) * sigma ** sum(order)  # of one size at all sigmas
            for order in ((2, 0), (0, 2), (1, 1), (1, 0), (0, 1))
        )
        middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
        layers += [np.hypot(y, x), middle + spread, middle - spread]
    return np.stack(layers, axis=-1).reshape(-1, len(layers))


def fitted(
    known: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]], *, seed: int, options: argparse.Namespace
) -> RandomForestClassifier:
    """A forest of random pixels of each scan."""
    draws = np.random.default_rng(seed)
    rows = [draws.choice(len(x), min(options.pixels, len(x)), replace=False) for x, _ in known]
    x = np.concatenate([x[drawn] for (x, _), drawn in zip(known, rows, strict=True)])
    y = np.concatenate([mask.ravel()[drawn] for (_, mask), drawn in zip(known, rows, strict=True)])
    forest = RandomForestClassifier(
        options.trees, min_samples_leaf=options.leaf, n_jobs=options.jobs, random_state=seed
    )
    return forest.fit(x, y)


def probability(forest: RandomForestClassifier, x: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The foreground's, in 255ths, for every pixel."""
    return np.rint(255 * forest.predict_proba(x)[:, 1]).astype(np.uint8).reshape(shape)


# Scores -----------------------------------------------------------------------------------------------


def scored(counts: Sequence[Histogram], *, split: str, seed: int, threshold: int) -> Scored:
    """A split from the histograms of its scans; a scan without foreground counts in the pooled values alone."""
    measures: Mapping[str, Callable[[Histogram], float]] = {
        "AP": average_precision,
        "Dice at 0.5": lambda found: f1(at_level(found, HALF)),
        "Dice at the chosen threshold": lambda found: f1(at_level(found, threshold)),
    }
    pooled = {name: measure(np.sum(counts, axis=0)) for name, measure in measures.items()}
    mean = {name: fmean(measure(each) for each in counts if each[1].any()) for name, measure in measures.items()}
    return Scored(split, seed, len(counts), threshold, pooled, mean)


def table(found: Sequence[Scored]) -> Iterator[str]:
    """Markdown: a line for each split and way of joining scans."""
    names = list(found[0].pooled)
    yield f"| split | scans | over | {' | '.join(names)} | threshold |"
    yield "|---|---|---|" + "---|" * (len(names) + 1)
    for split in ("val", "test"):
        here = [each for each in found if each.split == split]
        at = spread([each.threshold / 255 for each in here])
        for over, which in (("pixels of all scans", "pooled"), ("mean over scans", "mean")):
            values = (spread([getattr(each, which)[name] for each in here]) for name in names)
            yield f"| {split} | {here[0].scans} | {over} | {' | '.join(values)} | {at} |"


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation; the mean alone of one."""
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
