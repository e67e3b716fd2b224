"""What a process has taken: seconds of processors, and memory at its peak."""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clock:
    """Seconds by the clock, and of processors: this process with all its threads, and its children that have ended."""

    wall: float
    cpu: float

    @classmethod
    def read(cls) -> "Clock":
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime)

    def since(self, start: "Clock") -> "Clock":
        return Clock(self.wall - start.wall, self.cpu - start.cpu)


def peak_mb() -> float:
    """Most resident memory of this process.

    Linux's getrusage also counts what the parent had when it started us; /proc does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    per_mb = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb
