"""How long `tunebook --help` takes: wall time of the whole process, median of ten after one warm-up.

    .venv/bin/python benchmarks/help.py

Ends with code 1 when the median is above the promised half second.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("tunebook")
REPEATS = 10
PROMISED_SECONDS = 0.5


def seconds_of_help() -> float:
    start = time.perf_counter()
    subprocess.run([COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    seconds_of_help()
    taken = sorted(seconds_of_help() for _ in range(REPEATS))
    median = statistics.median(taken)
    print(f"tunebook --help: median {median:.3f} s of {REPEATS} (from {taken[0]:.3f} to {taken[-1]:.3f})")
    if median > PROMISED_SECONDS:
        sys.exit(f"must be at most {PROMISED_SECONDS} s; got {median:.3f} s")


if __name__ == "__main__":
    main()
