"""How many runs at once, and on which cores or GPU each.

One run per visible GPU; without a GPU as many as the cores and the available memory allow. GPUs are found without
torch, because the process that conducts a study never imports it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

GPU_LINE = re.compile(r"^GPU (\d+): .*\(UUID: (GPU-[^)]+)\)")
MIG_LINE = re.compile(r"^\s+MIG .*\(UUID: (MIG-[^)]+)\)")
NVIDIA_SECONDS = 20.0


@dataclass(frozen=True)
class Place:
    """Where one run at a time happens.

    Args:
        device: `cpu` or `cuda:0`, as the run sees it.
        gpu: What CUDA_VISIBLE_DEVICES is for the run; empty to hide every GPU.
        cores: Cores that the run is kept on; empty when it is not.
    """

    device: str = "cpu"
    gpu: str = ""
    cores: tuple[int, ...] = ()


@dataclass(frozen=True)
class Slots:
    """Places of the runs that happen at once, and a line that says why so many."""

    places: tuple[Place, ...]
    reason: str


def slots(
    *,
    processes: int | None = None,
    threads: int = 1,
    devices: Sequence[str] | None = None,
    memory_gb: float = 2.0,
) -> Slots:
    """Decide how many runs happen at once, and where.

    Args:
        processes: How many; None to decide by GPUs, or by cores and memory.
        threads: Threads of each run.
        devices: None: every visible GPU, else the CPU. `cpu` alone: the CPU. Else GPUs: `0`, `cuda:1`, a UUID.
        memory_gb: What a run is expected to need when nothing is known of it, in 10^9 bytes. CPU only.

    Returns:
        As many places as runs at once, at least one. Places have cores of their own when there are enough.
    """
    gpus = _gpus(devices)
    cores = usable_cores()
    if gpus:
        count = processes or len(gpus)
        share = max(threads, len(cores) // count)
        pinned = _cores_each(cores, count, share)
        places = tuple(Place("cuda:0", gpus[i % len(gpus)], pinned[i]) for i in range(count))
        why = "one per visible GPU" if processes is None else f"as asked, on {_counted(len(gpus), 'GPU')}"
        return Slots(places, f"{_counted(count, 'run')} at once: {why} ({', '.join(gpus)})")
    available = psutil.virtual_memory().available / 1e9
    count = processes or max(1, min(len(cores) // threads, int(available / memory_gb)))
    places = tuple(Place(cores=each) for each in _cores_each(cores, count, threads))
    why = (
        f"{_counted(len(cores), 'core')}, {_counted(threads, 'thread')} each, "
        f"{available:.1f} GB of memory free at {memory_gb:g} GB a run"
        if processes is None
        else f"as asked, on {_counted(len(cores), 'core')}, {_counted(threads, 'thread')} each"
    )
    return Slots(places, f"{_counted(count, 'run')} at once: {why}")


def usable_cores() -> tuple[int, ...]:
    """Numbers of the cores that this process may use."""
    if sys.platform == "linux":
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def visible_gpus() -> tuple[str, ...]:
    """GPUs (or MIG parts) that CUDA would show this process, as CUDA_VISIBLE_DEVICES names them."""
    present = _present_gpus()
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None or not present:
        return present
    found = []
    for name in (part.strip() for part in asked.split(",")):
        if not name or name.startswith("-") or name == "NoDevFiles":  # CUDA stops reading at the first of these
            break
        found.append(name)
    return tuple(found)


def listed_gpus(listing: str) -> tuple[str, ...]:
    """The names in the output of `nvidia-smi -L`: numbers, or the UUIDs of MIG parts where a GPU is divided."""
    found: list[str] = []
    for line in listing.splitlines():
        if gpu := GPU_LINE.match(line):
            found.append(gpu[1])
        elif mig := MIG_LINE.match(line):
            if found and found[-1].isdigit():
                found.pop()
            found.append(mig[1])
    return tuple(found)


def _present_gpus() -> tuple[str, ...]:
    driver = Path("/proc/driver/nvidia/gpus")
    if sys.platform == "linux" and not driver.exists() and not Path("/dev/dxg").exists():
        return ()
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=NVIDIA_SECONDS, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):  # a driver without its tool
        return tuple(str(i) for i, _ in enumerate(driver.glob("*")))
    return listed_gpus(done.stdout) if done.returncode == 0 else ()


def _gpus(devices: Sequence[str] | None) -> tuple[str, ...]:
    if devices is None:
        return visible_gpus()
    return tuple(device.removeprefix("cuda:") for device in devices if device != "cpu")


def _cores_each(cores: Sequence[int], count: int, each: int) -> tuple[tuple[int, ...], ...]:
    """`count` groups of `each` different cores, or empty groups when there are too few."""
    if count * each > len(cores) or sys.platform != "linux":
        return ((),) * count
    return tuple(tuple(cores[i * each : (i + 1) * each]) for i in range(count))


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
