"""Random numbers by seed, stream and step, without torch.

Philox (Salmon et al. 2011) is a function of a key and a counter. The key is made of the seed and the stream's name, the
highest word of the counter is the step; so a draw depends on nothing that was drawn before, for another run, in another
stream or process, and runs that share a seed share their numbers.
"""

import hashlib

import numpy as np
from jaxtyping import Int16
from numpy.typing import NDArray

LEVELS = 65536
"""How many values a halfword has: shares are thresholds of this many steps."""


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """A generator of its own for one step of one stream.

    Args:
        seed: The replicate's seed.
        stream: What is drawn: `order`, `mixup`, `hidden.weight`.
        step: From 0; an epoch or a step.
    """
    return np.random.Generator(_philox(seed, stream, step))


class Halfwords:
    """16-bit draws, uniform over -32768..32767; four for the price of one 64-bit number."""

    def __init__(self, seed: int, stream: str, step: int = 0) -> None:
        self._bits = _philox(seed, stream, step)

    def draw(self, count: int) -> Int16[np.ndarray, " count"]:
        """The next numbers of the stream; what is over of the last 64-bit number is left out."""
        words: NDArray[np.uint64] = self._bits.random_raw(-(-count // 4))
        return words.astype("<u8", copy=False).view("<i2")[:count]


def threshold(share: float) -> int:
    """Halfwords below this are `share` of all, to the nearest of 65,536 levels and never all of them."""
    return min(round(share * LEVELS), LEVELS - 1) - LEVELS // 2


def share_below(level: int) -> float:
    """The share of halfwords that lie below a threshold."""
    return (level + LEVELS // 2) / LEVELS


def _philox(seed: int, stream: str, step: int) -> np.random.Philox:
    digest = hashlib.sha256(f"{seed}\0{stream}".encode()).digest()
    key = np.frombuffer(digest[:16], "<u8")
    return np.random.Philox(key=key, counter=np.array([0, 0, 0, step], np.uint64))
