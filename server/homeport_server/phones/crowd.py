"""The crowd: many more devices around the two phones, in a process of their own, so that the page stays quick.

They are let loose and called home. The process ends with us, however we end (`loose.py`); one that ends by itself is
told of.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from homeport_client.fleet.live.process import ProcessFailed
from homeport_server.phones.happenings import CROWD, Happenings
from homeport_server.phones.loose import Orders, Standing
from homeport_server.phones.sights import CrowdSight

DEVICES_MAX: Final = 500
WORDS_BYTES_MAX: Final = 4_096
LINE_BYTES_MAX: Final = 65_536
USER: Final = "crowd-"  # and a number: who holds one of them
_HOME: Final = CrowdSight(state="home", words="No other devices are here.")

Tokens = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]


class Crowd:
    """`tokens` makes one for each user. The host owns the list into which it invites them."""

    def __init__(self, app: Path, url: str, host: str, tokens: Tokens, happenings: Happenings) -> None:
        self._app = app
        self._url = url
        self._host = host
        self._tokens = tokens
        self._happenings = happenings
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self.sight = _HOME

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    async def let_loose(self, devices: int, scope: str) -> None:
        """So many devices in the list `scope`, at most `DEVICES_MAX`, in the place of those that are loose already. If
        it does not work, the sight says why."""
        async with self._turn:
            await self._end()
            count = min(max(devices, 1), DEVICES_MAX)
            self._show(CrowdSight(state="leaving", words=f"{count} devices are on their way.", devices=count))
            users = [f"{USER}{n}" for n in range(1, count + 1)]
            try:
                tokens = await self._tokens([self._host, *users])
                await self._begin(
                    Orders(
                        app=str(self._app.resolve()),
                        url=self._url,
                        scope=scope,
                        host_token=tokens[self._host],
                        tokens={user: tokens[user] for user in users},
                    )
                )
            except (ProcessFailed, OSError) as failed:
                self._show(CrowdSight(state="fallen", words=str(failed)))

    async def call_home(self) -> None:
        """SIGKILL: none of them has to be told. Harmless when nobody is out."""
        async with self._turn:
            await self._end()
            self._show(_HOME)

    async def _begin(self, orders: Orders) -> None:
        process = self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "homeport_server.phones.loose"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # Ctrl-C is for us
            limit=LINE_BYTES_MAX,
        )
        self._hearing = asyncio.create_task(self._hear(process))
        assert process.stdin is not None  # noqa: S101  # it is a pipe
        process.stdin.write(msgspec.json.encode(orders) + b"\n")

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._hearing is not None:
            await self._hearing
            self._hearing = None

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        """All it says, until it ends; by itself, if that was not us."""
        assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018  # they are pipes
        words = asyncio.create_task(_last_words(process.stderr))
        with contextlib.suppress(msgspec.DecodeError, ValueError):
            while line := await process.stdout.readline():
                self._stands(process, msgspec.json.decode(line, type=Standing))
        code, said = await process.wait(), await words
        if process is self._process:
            self._show(CrowdSight(state="fallen", words=f"The crowd ended by itself with exit code {code}. {said}"))

    def _stands(self, process: asyncio.subprocess.Process, now: Standing) -> None:
        if process is not self._process or not now.devices:
            return
        self._show(
            CrowdSight(
                state="loose",
                words=f"{now.online} of {now.devices} devices are online; they have written {now.written:,} changes.",
                devices=now.devices,
                online=now.online,
                offline=now.offline,
                pending=now.pending,
                written=now.written,
            )
        )

    def _show(self, sight: CrowdSight) -> None:
        if sight != self.sight:
            self.sight = sight
            self._happenings.changed(CROWD)


async def _last_words(said: asyncio.StreamReader) -> str:
    """Read all of it, or it would wait for us; the end of that."""
    words = b""
    while more := await said.read(WORDS_BYTES_MAX):
        words = (words + more)[-WORDS_BYTES_MAX:]
    return " ".join(words.decode(errors="replace").split())[-300:]
