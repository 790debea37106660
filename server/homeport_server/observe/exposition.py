"""The text of `/metrics`, and how the processes of one server share it.

A process alone shows its own registry. Where `PROMETHEUS_MULTIPROC_DIR` names a directory, each process keeps its
counts in files there (prometheus-client's multiprocess mode), and whichever is asked shows the sum of all. The library
looks at the variable when it is first imported: so it must stand in the environment a process is started with.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values
from prometheus_client.exposition import choose_encoder

from homeport_server.errors import BadSetting
from homeport_server.observe.archive import bury, held_still

SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
OWNER = "owner"
_PREFIX = "homeport-metrics-"


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The metrics as text and its media type, in the form the caller accepts (Prometheus text by default)."""
    encode, media_type = choose_encoder(accept)
    directory = os.environ.get(SHARED_DIRECTORY)
    if not directory:
        return encode(registry), media_type
    shown = CollectorRegistry()
    multiprocess.MultiProcessCollector(shown, directory)  # type: ignore[no-untyped-call]
    with held_still(Path(directory), alone=False):
        return encode(shown), media_type


def check_sharing() -> None:
    """Raises `BadSetting` if the directory is none, or was named so late that every process would show only itself."""
    directory = os.environ.get(SHARED_DIRECTORY)
    if directory and not Path(directory).is_dir():
        raise BadSetting(
            f"{SHARED_DIRECTORY} names {directory!r}, which is no directory: make it, or unset the variable."
        )
    if directory and values.ValueClass is values.MutexValue:
        raise BadSetting(
            f"{SHARED_DIRECTORY} was set after this process had begun to count: set it in the environment that the "
            "process is started with."
        )


@contextmanager
def shared_directory() -> Iterator[dict[str, str]]:
    """For whoever starts several processes: the variable that must stand in the environment of each.

    The directory is new and empty, and it is removed at the end. Those whose owners were killed are removed, too.
    """
    import fcntl

    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as directory, (Path(directory) / OWNER).open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        owner.write(f"{os.getpid()}\n")
        owner.flush()
        yield {SHARED_DIRECTORY: directory}


def _sweep() -> None:
    """Remove our user's directories that nobody holds. One without a line in it is only just being made."""
    import fcntl

    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody holds it, or it is gone already
            if directory.lstat().st_uid == os.getuid():
                with (directory / OWNER).open("r+") as owner:
                    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if owner.read():
                        shutil.rmtree(directory)


def process_ended(pid: int, directory: str) -> None:
    """To be called when a process is over: its gauges go, and what it has counted stays in the sums.

    Raises `OSError`.
    """
    bury(pid, Path(directory))
