"""What processes that are over have counted, added up in one file for each kind of metric.

Every process of a shared directory keeps its counts in files of its own, and every reading adds up all there are: left
there, those of dead processes would make readings slower with each deploy and each crash. Readers and whoever adds up
hold a lock, because a count that stands in both files, or in none, would look like a leap or a restart.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import multiprocess
from prometheus_client.mmap_dict import MmapedDict

LOCK = "lock"
_SUMMED = ("counter", "histogram")


@contextmanager
def held_still(directory: Path, *, alone: bool) -> Iterator[None]:
    """Nobody changes which files there are meanwhile. `alone`: nobody reads them either. It may wait for others."""
    try:
        import fcntl
    except ImportError:  # there is none on Windows, and no supervisor that would add up
        yield
        return
    with (directory / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def bury(pid: int, directory: Path) -> None:
    """That process is over: its gauges go, and its counts join those of the others that are. Raises `OSError`."""
    with held_still(directory, alone=True):
        multiprocess.mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]
        for kind in _SUMMED:
            theirs = directory / f"{kind}_{pid}.db"
            if theirs.exists():
                _add(theirs, directory / f"{kind}_gone.db")
                theirs.unlink()


def _add(theirs: Path, archive: Path) -> None:
    counts: list[tuple[str, float]] = []
    with suppress(RuntimeError, struct.error):  # it was killed while it made the file: nobody can read that
        counts = [(key, count) for key, count, _, _ in MmapedDict.read_all_values_from_file(str(theirs))]  # type: ignore[no-untyped-call]
    sums = MmapedDict(str(archive))  # type: ignore[no-untyped-call]
    for key, count in counts:
        before, at = sums.read_value(key)  # type: ignore[no-untyped-call]
        sums.write_value(key, before + count, at)  # type: ignore[no-untyped-call]
    sums.close()  # type: ignore[no-untyped-call]
