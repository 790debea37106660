"""The simulated server: the real `Exchange` over a store that can lose its process.

One `Process` is one life of it. When it dies, its exchange, its queues, its signals and the requests under way are
thrown away, and the next life starts on what the store kept: committed is there, not committed is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from homeport_client.fleet.seed import Seed
from homeport_client.fleet.storage import FaultyStore, Gate
from homeport_client.fleet.witness import Witness
from homeport_sync.catalog import Catalog
from homeport_sync.cursor import CursorSeal
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.ports import LogEntry, LogStore
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PullMessage, PushMessage, decode_push_answer

Result = TypeVar("Result")
TENANT = "fleet"
_KEY = b"the simulated server's cursor key"
_decode_push = msgspec.json.Decoder(PushMessage).decode
_decode_pull = msgspec.json.Decoder(PullMessage).decode


class ConnectionLost(Exception):
    """No answer came, and nobody knows whether the request was served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFaults:
    """`crash_rate` is for each crossing of the store's gate; `down_s` is how long a restart takes."""

    crash_rate: float = 0.0
    down_s: float = 2.0
    store_delay_s: float = 0.005


class Process:
    """One life of the server, from its start to its death."""

    def __init__(self, exchange: Exchange, gate: Gate, signals: LocalSignals) -> None:
        self.exchange = exchange
        self.gate = gate
        self.signals = signals
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Work that ends with this process, and not when whoever asked for it goes away."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def serve(self, work: Coroutine[Any, Any, bytes]) -> bytes:
        """The answer to one request. Raises `ConnectionLost` when the process dies first."""
        task = self.start(work)
        await asyncio.wait({task})
        if task.cancelled() or (self.gate.dead and task.exception()):
            raise ConnectionLost("The server died before it answered.")
        return task.result()

    def die(self) -> None:
        """Nothing that was under way goes on."""
        self.gate.dead = True
        for task in self._tasks:
            task.cancel()


class Server:
    """All lives of the simulated server, and its door. `wall_ms` is its clock, which is right."""

    def __init__(
        self,
        store: LogStore,
        catalog: Catalog,
        seed: Seed,
        wall_ms: Callable[[], int],
        *,
        faults: ServerFaults = ServerFaults(),
        limits: Limits = LIMITS,
    ) -> None:
        self.store = store
        self.witness = Witness()
        self.faults = faults
        self.lives = 0
        self.note: Callable[[str, str], None] = lambda who, what: None
        self._catalog = catalog
        self._seed = seed
        self._wall_ms = wall_ms
        self._limits = limits
        self._requests = 0
        self._listeners: dict[asyncio.Event, str] = {}
        self.process: Process | None = None
        self.start()

    def start(self, *, crash_at: int = 0) -> None:
        """A new life on what the store kept. `crash_at` is the crossing at which it dies (0: none)."""
        self.lives += 1
        chance = self._seed.stream("server", self.lives)
        gate = Gate(chance, crash_rate=self.faults.crash_rate, delay_s=self.faults.store_delay_s)
        gate.crash_at = crash_at
        gate.on_death = self.crash
        signals = LocalSignals()
        store = FaultyStore(self.store, gate)
        exchange = Exchange(
            store=store,
            catalog=self._catalog,
            signals=signals,
            seal=CursorSeal(_KEY),
            limits=self._limits,
            wall_ms=self._wall_ms,
        )
        self.process = Process(exchange, gate, signals)
        self.process.start(self._poke_all(self.process))

    def crash(self, where: str) -> None:
        """The process dies; after `down_s` the next one starts."""
        if self.process is None:
            return
        self.note("server", f"crashes {where}")
        self.process.die()
        self.process = None
        for listener in self._listeners:
            listener.set()
        asyncio.get_running_loop().call_later(self.faults.down_s, self._restart)

    def heal(self) -> None:
        """No crash from now on."""
        self.faults = replace(self.faults, crash_rate=0.0)
        if self.process:
            self.process.gate.crash_rate = 0.0

    def _restart(self) -> None:
        if self.process is None:
            self.start()
            self.note("server", "is back")

    async def push(self, user: str, text: bytes) -> bytes:
        """A push as it came over the wire, and its answer. Raises what the exchange raises, or `ConnectionLost`."""
        message = _decode_push(text)
        self._requests += 1
        process = self._alive()
        return await process.serve(self._pushed(process, user, message, f"request-{self._requests}"))

    async def _pushed(self, process: Process, user: str, message: PushMessage, request_id: str) -> bytes:
        pushed = await process.exchange.push(TENANT, user, message, request_id=request_id)
        self.witness.saw(user, message, decode_push_answer(pushed.text))
        return pushed.text

    async def pull(self, user: str, text: bytes) -> bytes:
        """A pull as it came over the wire, and its page. Raises as `push` does."""
        process = self._alive()
        return await process.serve(process.exchange.pull(TENANT, user, _decode_pull(text)))

    def listen(self, user: str, told: asyncio.Event) -> Process:
        """From now on, set `told` at every change this user may see, and when the connection ends."""
        self._listeners[told] = user
        return self._alive()

    def leave(self, told: asyncio.Event) -> None:
        """Stop telling."""
        self._listeners.pop(told, None)

    def _alive(self) -> Process:
        if self.process is None:
            raise ConnectionLost("The server is down.")
        return self.process

    async def _poke_all(self, process: Process) -> None:
        place = (await self.store.standing(TENANT, "", "")).head.position
        async with process.signals.listen() as positions:
            async for _ in positions:
                entries = await self.store.read(TENANT, place, self._limits.batch_changes_max)
                place = entries[-1].position if entries else place
                for user in await self._users_of(entries):
                    self._poke(user)

    async def _users_of(self, entries: Sequence[LogEntry]) -> list[str]:
        scopes = {entry.scope for entry in entries}
        users = []
        for user in sorted(set(self._listeners.values())):
            grants = (await self.store.standing(TENANT, user, "")).grants
            if any(grant.scope in scopes for grant in grants):
                users.append(user)
        return users

    def _poke(self, user: str) -> None:
        for told, listener in self._listeners.items():
            if listener == user:
                told.set()
