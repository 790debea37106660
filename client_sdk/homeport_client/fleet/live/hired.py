"""A crew in a process of its own, as the fleet sees it: the same orders, through a pipe.

It dies with us: the pipe closes, however we end. When it ends by itself, whatever was asked of it fails with its last
words.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import Callable
from typing import TypeVar, cast

from homeport_client.fleet.legacy import Legacy
from homeport_client.fleet.live.orders import Orders
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.words import HEAD_BYTES, Answer, Crash, Order, frame, length, noun
from homeport_client.fleet.measure.standing import Standing
from homeport_client.fleet.sources import Sources

Result = TypeVar("Result")
LAST_LINES = 5
WORDS_BYTES_MAX = 8_192
WORDS_S = 1.0


class HiredCrew:
    """A `Crew` that loads what it plays from `sources`. `crash` is called when the story makes the server die."""

    def __init__(self, sources: Sources, crash: Callable[[], None]) -> None:
        self._sources = sources
        self._crash = crash
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._words = b""
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: list[asyncio.Task[None]] = []
        self._failed = ""

    async def begin(self, orders: Orders) -> None:
        """See `Crew`. The process finds what we find, and hears no Ctrl-C."""
        process = self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "homeport_client.fleet.live.hand"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )
        listening = asyncio.create_task(self._listen(process))
        self._hearing = [listening, asyncio.create_task(self._hear(process, listening))]
        self._say(self._sources)
        await self._ask("begin", orders)

    async def play(self) -> None:
        """See `Crew`."""
        await self._ask("play")

    async def stand(self) -> Standing:
        """See `Crew`."""
        return cast(Standing, await self._ask("stand"))

    async def heal(self) -> None:
        """See `Crew`."""
        await self._ask("heal")

    async def catch_up(self, within_s: float) -> bool:
        """See `Crew`."""
        return cast(bool, await self._ask("catch_up", within_s))

    async def put_down(self) -> None:
        """See `Crew`."""
        await self._ask("put_down")

    async def legacy(self) -> Legacy:
        """See `Crew`."""
        return cast(Legacy, await self._ask("legacy"))

    async def close(self) -> None:
        """See `Crew`. SIGKILL: nothing of it is wanted any more."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            await asyncio.gather(*self._hearing)

    async def _ask(self, verb: str, *given: object) -> object:
        """The answer. Raises `ProcessFailed`."""
        if self._failed:
            raise ProcessFailed(self._failed)
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._say(Order(number=number, verb=verb, given=given))
            return await answer
        finally:
            del self._asked[number]

    def _say(self, what: Order | Sources) -> None:
        """Harmless when it has ended: who hears that tells whoever has asked."""
        if self._process and self._process.stdin:
            self._process.stdin.write(frame(what))

    async def _hear(self, process: asyncio.subprocess.Process, listening: asyncio.Task[None]) -> None:
        """Every answer, until there are no more; then whoever waits for one is told why."""
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        try:
            while True:
                head = await process.stdout.readexactly(HEAD_BYTES)
                self._take(noun(await process.stdout.readexactly(length(head))))
        except asyncio.IncompleteReadError:
            code = await process.wait()
            await asyncio.wait([listening], timeout=WORDS_S)  # whoever it has started may hold its pipe
            self._fail(f"A process that drives phones ended by itself with exit code {code}. {self._last_words()}")
        except Exception as error:  # noqa: BLE001  # whatever it is, whoever has asked is told
            self._fail(f"What a process that drives phones said cannot be used ({type(error).__name__}: {error}).")

    def _fail(self, why: str) -> None:
        """Nothing that was asked, or will be, is answered any more."""
        self._failed = why.strip()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ProcessFailed(self._failed))

    def _take(self, told: object) -> None:
        if isinstance(told, Crash):
            self._crash()
        elif isinstance(told, Answer) and (answer := self._asked.get(told.number)) and not answer.done():
            answer.set_result(told.result)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Read whatever it says, or it would wait for us; keep the end of that."""
        assert process.stderr is not None  # noqa: S101  # it is a pipe
        while said := await process.stderr.read(WORDS_BYTES_MAX):
            self._words = (self._words + said)[-WORDS_BYTES_MAX:]

    def _last_words(self) -> str:
        lines = self._words.decode(errors="replace").splitlines()[-LAST_LINES:]
        return " ".join(line.strip() for line in lines)
