"""What the tests of this room speak of: an app of lists, a real server core in memory, and lines that can fail."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from homeport_client import DEVICE_LIMITS, Device, DeviceLimits, Refused, ServerError, Unreachable
from homeport_client.replica import Replica
from homeport_sync import App, field
from homeport_sync.change import Change, Outcome, Record, decode_change
from homeport_sync.clock import Stamp, make_stamp
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import HomeportError
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.signals import LocalSignals
from homeport_sync.telling import Telling
from homeport_sync.wire import (
    Page,
    PullMessage,
    PushAnswer,
    PushMessage,
    WireError,
    decode_page,
    decode_push_answer,
)

NOW = 1_795_000_000_000
TENANT = "acme"
app = App("tasks", version=1)


@app.kind(root=True)
class TaskList:
    title: str = field(max_length=200)


@app.kind(within=TaskList)
class Task:
    title: str = field(max_length=200, indexed=True)
    notes: str = ""
    done: bool = field(default=False, indexed=True)
    rank: int | None = field(default=None, indexed=True)


class Clock:
    """A wall clock that somebody sets; each look at it takes a millisecond."""

    def __init__(self, ms: int = NOW) -> None:
        self.ms = ms

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


class Server:
    """The sync core over a store in memory. `page_size` makes catch-ups of several pages."""

    def __init__(self, page_size: int = LIMITS.page_size, *, of: App = app) -> None:
        self._catalog = of.catalog
        self.clock = Clock()
        self.store = MemoryStore()
        self.signals = LocalSignals()
        self.limits = replace(LIMITS, page_size=page_size)
        self._seal = CursorSeal(b"k" * 32)
        self.exchange = self._live()

    async def begin(self) -> Server:
        await self.store.create(TENANT, id=TENANT, epoch="first", now_ms=NOW)
        return self

    def rekey(self) -> None:
        """From now on no cursor given before is accepted."""
        self._seal = CursorSeal(b"K" * 32)
        self.exchange = self._live()

    def _live(self) -> Exchange:
        return Exchange(
            store=self.store,
            catalog=self._catalog,
            signals=self.signals,
            seal=self._seal,
            limits=self.limits,
            wall_ms=self.clock,
        )


class Line:
    """A `Transport` of one user to a `Server`, in the test's hand.

    - `up`, `token_good` and `poking` say what gets through;
    - `slow_s` is how long everything takes, `slow_back_s` a page's way home;
    - `lost_answers` answers are lost on the way back;
    - the pages of `withheld_pages` pushes are cut off, and the pull after them fails;
    - with `refuses_receipts` the server is one from before there were receipts;
    - the pull `cut_before_pull` does not arrive, and a push over `largest_push` changes gets no answer;
    - an answer with a page of more than `largest_page` records never arrives whole;
    - what was `told` about notifications is kept, unless the next of `refuses_to_be_told` is raised;
    - `fails_with` is raised, and `scripted` answers pushes, in the server's place;
    - `pushes` and `pulls` are what was sent, `sockets` counts the tries to open one, and the next of them are told
      to wait `sockets_told_ms`; the last was opened as the device `listening_as`, and `pokes_heard` came.
    """

    def __init__(self, server: Server, user: str) -> None:
        self.server = server
        self.user = user
        self.up = True
        self.token_good = True
        self.poking = True
        self.lost_answers = 0
        self.slow_s = 0.0
        self.slow_back_s = 0.0
        self.refuses_receipts = False
        self.largest_push = LIMITS.push_changes_max
        self.largest_page = LIMITS.page_size_max
        self.withheld_pages = 0
        self.cut_before_pull = 0
        self.scripted: deque[PushAnswer] = deque()
        self.fails_with: deque[HomeportError] = deque()
        self.pushes: list[PushMessage] = []
        self.pulls: list[PullMessage] = []
        self.told: list[Telling] = []
        self.refuses_to_be_told: deque[HomeportError] = deque()
        self.sockets = 0
        self.listening_as = ""
        self.pokes_heard = 0
        self.sockets_told_ms: deque[int] = deque()
        self.closed = False

    async def push(self, message: PushMessage) -> PushAnswer:
        self.pushes.append(message)
        await self._arrive()
        if len(message.changes) > self.largest_push:
            raise Unreachable
        if self.refuses_receipts and message.receipts:
            raise ServerError(wire_error("GRAPHQL_INVALID", retryable=False))
        if self.scripted:
            return self.scripted.popleft()
        if self.withheld_pages:
            self.withheld_pages, self.cut_before_pull = self.withheld_pages - 1, len(self.pulls) + 1
            message = msgspec.structs.replace(message, pull=None)
        try:
            pushed = await self.server.exchange.push(TENANT, self.user, message, request_id="r")
        except HomeportError as error:
            raise _told(error) from error
        self._lose()
        answer = decode_push_answer(pushed.text)
        if answer.pull is not None:
            self._fit(answer.pull)
        return answer

    async def pull(self, message: PullMessage) -> Page:
        self.pulls.append(message)
        await self._arrive()
        if len(self.pulls) == self.cut_before_pull:
            raise Unreachable
        try:
            text = await self.server.exchange.pull(TENANT, self.user, message)
        except HomeportError as error:
            raise _told(error) from error
        self._lose()
        await asyncio.sleep(self.slow_back_s)
        return self._fit(decode_page(text))

    def _fit(self, page: Page) -> Page:
        if len(page.records) > self.largest_page:
            raise Unreachable
        return page

    async def tell(self, telling: Telling) -> None:
        await self._arrive()
        if self.refuses_to_be_told:
            raise self.refuses_to_be_told.popleft()
        self.told.append(telling)
        self._lose()

    @asynccontextmanager
    async def pokes(self, device: str) -> AsyncIterator[AsyncIterator[None]]:
        self.sockets += 1
        self.listening_as = device
        if self.sockets_told_ms:
            told_ms = self.sockets_told_ms.popleft()
            raise ServerError(wire_error("OVERLOADED", retryable=True, retryAfterMs=told_ms))
        if not self.poking:
            raise Unreachable
        self._check()
        async with self.server.signals.listen() as positions:
            head = (await self.server.store.standing(TENANT, self.user, device)).head.position
            yield self._poked(positions, device, head)

    def renew(self, token: str) -> None:
        self.token_good = token == "good"

    async def close(self) -> None:
        self.closed = True

    async def _poked(self, positions: AsyncIterator[tuple[str, int]], device: str, place: int) -> AsyncIterator[None]:
        yield
        async for _, position in positions:
            entries = await self.server.store.read(TENANT, place, position - place)
            place = position
            if any(entry.device != device for entry in entries):
                self.pokes_heard += 1
                yield

    async def _arrive(self) -> None:
        await asyncio.sleep(self.slow_s)  # others take their turn, even when it takes no time
        self._check()

    def _check(self) -> None:
        if self.fails_with:
            raise self.fails_with.popleft()
        if not self.up:
            raise Unreachable
        if not self.token_good:
            raise Refused

    def _lose(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise Unreachable("The answer was lost.")


def _told(error: HomeportError) -> ServerError:
    return ServerError(msgspec.convert(error.as_error(), WireError))


def wire_error(code: str, **extensions: object) -> WireError:
    """An error from a script."""
    return WireError(message=code, extensions={"code": code, **extensions})


async def phone(
    line: Line | None = None,
    *,
    path: str = ":memory:",
    seed: int = 1,
    clock: Callable[[], int] | None = None,
    limits: DeviceLimits = DEVICE_LIMITS,
    of: App = app,
) -> Device:
    """A device of the app; without a line it has no server."""
    return await Device.open(path, app=of, transport=line, wall_ms=clock or Clock(), random=Random(seed), limits=limits)


async def shared_list(server: Server, *others: str) -> tuple[Device, Line, str]:
    """Ann's phone, its line, and a list that she shares with the others; all synced."""
    line = Line(server, "ann")
    ann = await phone(line, seed=100)
    home = await ann.create(TaskList, title="Home")
    for user in others:
        await ann.invite(home, user)
    await ann.sync()
    return ann, line, home


def found(path: Path, text: str) -> int:
    """How often the text stands in a replica's file and in all that is beside it, byte for byte."""
    return sum(each.read_bytes().count(text.encode()) for each in path.parent.glob(f"{path.name}*"))


async def until(reached: Callable[[], bool], within_s: float = 600.0) -> None:
    """Waits in the loop's time."""
    async with asyncio.timeout(within_s):
        while not reached():  # noqa: ASYNC110 - what is waited for has no event, and the time is virtual
            await asyncio.sleep(0.01)


def stamp(ms: int, device: str = "ffffffff") -> Stamp:
    return make_stamp(NOW + ms, 0, device)


def record(id: str, scope: str, ms: int = 0, *, position: int, kind: str = "Task", **fields: Any) -> Record:  # noqa: ANN401
    """A record as another device made it."""
    values = {"title": "milk"} if kind == "TaskList" else {"title": "milk", "notes": "", "done": False, "rank": None}
    return Record(id=id, kind=kind, scope=scope, stamp=stamp(ms), position=position, fields={**values, **fields})


def pull(replica: Replica, page: Page) -> bool:
    """Takes a page as the answer to what the replica asks now."""
    return replica.take_page(page, replica.pull_message())


def page(*records: Record, cursor: str = "c", more: bool = False, **rest: Any) -> Page:  # noqa: ANN401
    """A page from a script."""
    return Page(cursor=cursor, more=more, server_time_ms=NOW, records=list(records), **rest)


def answer(*outcomes: Outcome, **rest: Any) -> PushAnswer:  # noqa: ANN401
    """An answer from a script."""
    return PushAnswer(server_time_ms=NOW, outcomes=list(outcomes), **rest)


def applied(*numbers: int) -> list[Outcome]:
    return [Outcome(number=number, outcome="applied") for number in numbers]


def rejected(number: int, code: str = "ROLE_FORBIDDEN") -> Outcome:
    error: dict[str, object] = {"message": "No.", "extensions": {"code": code}}
    return Outcome(number=number, outcome="rejected", error=error)


def sent(message: PushMessage | None) -> list[Change]:
    """The changes in a push."""
    return [decode_change(text) for text in message.changes] if message else []
