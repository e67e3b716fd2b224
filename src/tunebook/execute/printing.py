"""Where a run's output goes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def printing_to(path: Path) -> Iterator[None]:
    """Let file descriptors 1 and 2 be a file, for C libraries and grandchildren as well."""
    _flush()
    kept = os.dup(1), os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        yield
    finally:
        _flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for handle in (*kept, log):
            os.close(handle)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
