"""How long it takes to score one image of 1024 x 1024 pixels: ours against python-elf.

Truth is a field of discs, the prediction the same field moved by a few pixels with some objects missing. The candidates
take turns, so that a busy machine hits all of them; the table shows medians in milliseconds and how many times faster
than elf each is.

    python benchmarks/scores.py
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from elf.evaluation import mean_segmentation_accuracy
from numpy.typing import NDArray

from tunebook.tasks.promptable_segmentation.scores import msa, msa_elf

SIDE = 1024
REPEATS = 15
SCENES = {"500 true, 453 predicted": (500, 453), "2000 true, 2000 predicted": (2000, 2000)}


def main() -> None:
    """Print the table."""
    print("| objects | msa | msa_elf | elf | msa, times faster | msa_elf, times faster | msa_elf equals elf |")
    print("|---|---|---|---|---|---|---|")
    for name, (n_true, n_pred) in SCENES.items():
        pred, true = scene(n_true, n_pred, seed=0)
        ours, like_elf, elf = milliseconds(pred, true, [msa, msa_elf, mean_segmentation_accuracy])
        equal = msa_elf(pred, true) == float(mean_segmentation_accuracy(pred, true))
        print(
            f"| {name} | {ours:.2f} | {like_elf:.2f} | {elf:.1f} "
            f"| {elf / ours:.0f} | {elf / like_elf:.0f} | {'yes' if equal else 'NO'} |"
        )


def scene(n_true: int, n_pred: int, *, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Predicted and true label map with these numbers of objects, one in each cell of a grid."""
    rng = np.random.default_rng(seed)
    cells = int(np.ceil(np.sqrt(n_true)))
    pitch = SIDE // cells
    true, pred = np.zeros((SIDE, SIDE), np.int32), np.zeros((SIDE, SIDE), np.int32)
    kept = set(rng.permutation(n_true)[:n_pred].tolist())
    for number in range(n_true):
        y, x = (np.array(divmod(number, cells)) * pitch + pitch // 2).tolist()
        radius = rng.uniform(0.3, 0.5) * pitch
        disc(true, y, x, radius, number + 1)
        if number in kept:
            shift = rng.normal(0, 0.08 * pitch, 2)
            disc(pred, y + shift[0], x + shift[1], radius * rng.uniform(0.85, 1.1), number + 1)
    return pred, true


def disc(labels: NDArray[np.int32], y: float, x: float, radius: float, number: int) -> None:
    """Paint a disc."""
    top, left = max(0, int(y - radius)), max(0, int(x - radius))
    window = labels[top : int(y + radius) + 2, left : int(x + radius) + 2]
    rows, columns = np.mgrid[: window.shape[0], : window.shape[1]]
    window[(rows + top - y) ** 2 + (columns + left - x) ** 2 <= radius**2] = number


def milliseconds(pred: NDArray[np.int32], true: NDArray[np.int32], candidates: list[Callable[..., Any]]) -> list[float]:
    """Median duration of each candidate, the candidates taking turns."""
    taken: list[list[float]] = [[] for _ in candidates]
    for _ in range(REPEATS):
        for durations, candidate in zip(taken, candidates, strict=True):
            start = time.perf_counter()
            candidate(pred, true)
            durations.append(1000 * (time.perf_counter() - start))
    return [median(durations) for durations in taken]


if __name__ == "__main__":
    main()
