"""A server process as its supervisor sees it: started, ready, told to stop, gone."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress

from homeport_server.process.drain import Stop
from homeport_server.process.leash import Leash

LEASH_FLAG = "--leash"


class Child:
    """One process. `started_at` is the loop's time of its start."""

    def __init__(self, process: asyncio.subprocess.Process, ready: int, orders: int) -> None:
        loop = asyncio.get_running_loop()
        self.pid = process.pid
        self.started_at = loop.time()
        self._process = process
        self._orders: int | None = orders
        self._serves: asyncio.Future[bool] = loop.create_future()
        loop.add_reader(ready, self._hear, ready)

    @classmethod
    async def start(cls, command: Sequence[str], listening: socket.socket, environment: Mapping[str, str]) -> Child:
        """A process on a leash; it accepts from `listening`. Raises `OSError`.

        It is in a session of its own: what a terminal sends to the whole group would reach it twice.
        """
        heard, ready = os.pipe()
        try:
            obeyed, orders = os.pipe()
        except OSError:
            os.close(heard)
            os.close(ready)
            raise
        leash = Leash(listening=listening.fileno(), ready=ready, orders=obeyed)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                LEASH_FLAG,
                str(leash),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(leash.listening, leash.ready, leash.orders),
                start_new_session=True,
            )
        except BaseException:
            os.close(heard)
            os.close(orders)
            raise
        finally:
            os.close(ready)
            os.close(obeyed)
        return cls(process, heard, orders)

    async def serves(self, within_s: float) -> bool:
        """Wait until it serves. False: it ended before, or took too long and was killed."""
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.shield(self._serves)
        except TimeoutError:
            self.kill()
            return False

    def tell(self, stop: Stop) -> None:
        """Tell it to stop; harmless when it is gone. After HANDOVER nothing more can be told."""
        if self._orders is None:
            return
        with suppress(BrokenPipeError):
            os.write(self._orders, stop.value)
        if stop is Stop.HANDOVER:
            os.close(self._orders)
            self._orders = None

    def kill(self) -> None:
        """SIGKILL; harmless when it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> int:
        """Wait for its end: its exit code, negative for a signal."""
        code = await self._process.wait()
        self.tell(Stop.HANDOVER)  # closes our end
        return code

    def _hear(self, ready: int) -> None:
        said = os.read(ready, 1)
        asyncio.get_running_loop().remove_reader(ready)
        os.close(ready)
        if not self._serves.done():
            self._serves.set_result(bool(said))
