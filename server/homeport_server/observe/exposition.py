"""The text of `/metrics`, and how the processes of one server share it.

A process alone shows its own registry. Where `PROMETHEUS_MULTIPROC_DIR` names a directory, each process keeps its
counts in files there (prometheus-client's multiprocess mode), and whichever is asked shows the sum of all. The library
looks at the variable when it is first imported: so it must stand in the environment a process is started with.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, multiprocess, values
from prometheus_client.exposition import choose_encoder

from homeport_server.errors import BadSetting

SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The metrics as text and its media type, in the form the caller accepts (Prometheus text by default)."""
    shown = registry
    if os.environ.get(SHARED_DIRECTORY):
        shown = CollectorRegistry()
        multiprocess.MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    encode, media_type = choose_encoder(accept)
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

    The directory is new and empty, and it is removed at the end.
    """
    with tempfile.TemporaryDirectory(prefix="homeport-metrics-") as directory:
        yield {SHARED_DIRECTORY: directory}


def process_ended(pid: int, directory: str) -> None:
    """To be called when a process is over: its gauges go, and what it has counted stays in the sums."""
    multiprocess.mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]
