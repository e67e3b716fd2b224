"""Named generators, so that no draw depends on another part of the program.

A generator is made from a seed, a stream's name and numbers (a step, an image), by hash: the same three give the same
draws whatever was drawn before, in any process, and a resumed run needs no stored state. The process-wide generators
are never used.
"""

import hashlib
import os

import numpy as np
import torch

# use_deterministic_algorithms imports this, for over a second: imported here, a fork server does it once for all runs.
import torch._inductor

from tunebook import __version__


def generator(seed: int, stream: str, *numbers: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A torch generator for one stream.

    Args:
        seed: The replicate's seed.
        stream: What is drawn: `initialisation`, `order`, `prompts`.
        numbers: What further singles the draw out, such as the step.
    """
    return torch.Generator(device=device).manual_seed(_hash(seed, stream, numbers) >> 193)


def numpy_generator(seed: int, stream: str, *numbers: int) -> np.random.Generator:
    """A NumPy generator for one stream; see `generator`."""
    return np.random.Generator(np.random.Philox(key=_hash(seed, stream, numbers) >> 128))


def deterministic(*, threads: int, device: str) -> None:
    """Make torch repeat itself: a fixed number of threads, and only operations that give the same bits each time.

    Call it before anything runs on a GPU. The threads are fixed because sums over another number of them round
    otherwise.
    """
    if device.startswith("cuda"):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # Filling fresh memory costs time and finds faults that are not ours.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def circumstances(device: str) -> str:
    """What the bits of a training depend on and a run's id does not hold, in words."""
    place = torch.device(device)
    # Kernels, and with them the order of sums, are chosen by what the processor can do.
    cuda = place.type == "cuda"
    kind = torch.cuda.get_device_name(place) if cuda else f"cpu {torch.backends.cpu.get_cpu_capability()}"
    return f"{kind}, {torch.get_num_threads()} threads, torch {torch.__version__}, tunebook {__version__}"


def _hash(seed: int, stream: str, numbers: tuple[int, ...]) -> int:
    text = "\0".join([str(seed), stream, *map(str, numbers)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
