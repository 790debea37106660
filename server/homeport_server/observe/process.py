"""The process's own pulse: how late its event loop is, and what it uses. Read every few seconds, not when asked,
so that the readings of several processes can be added."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from homeport_server.observe.metrics import Metrics

EVERY_S = 5.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
_STATM = Path("/proc/self/statm")
_FILES = Path("/proc/self/fd")


class Pulse:
    """Takes a reading every `every_s` seconds. `connected` tells whether signals reach other processes now."""

    def __init__(self, metrics: Metrics, connected: Callable[[], bool], every_s: float = EVERY_S) -> None:
        self._metrics = metrics
        self._connected = connected
        self._every_s = every_s
        self._cpu_s = 0.0

    async def run(self) -> None:
        """Read until cancelled."""
        loop = asyncio.get_running_loop()
        self._metrics.started(time.time())
        while True:
            self.read()
            due = loop.time() + self._every_s
            await asyncio.sleep(self._every_s)
            self._metrics.loop_late(loop.time() - due)

    def read(self) -> None:
        """What the process uses now. Memory and files are 0 where the system does not tell (outside Linux)."""
        cpu_s, self._cpu_s = self._cpu_s, time.process_time()
        self._metrics.settle()
        self._metrics.signals_connected(self._connected())
        self._metrics.process_used(cpu_s=self._cpu_s - cpu_s, memory_bytes=_memory_bytes(), files=_files())


def _memory_bytes() -> int:
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _files() -> int:
    try:
        return len(os.listdir(_FILES))  # noqa: PTH208  # names are enough, and there may be thousands
    except OSError:
        return 0
