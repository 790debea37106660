"""The simulated server: the real `Exchange` over a store that can lose its process.

One `Process` is one life of it. When it dies, its exchange, its queues, its signals and the requests under way are
thrown away, and the next life starts on what the store kept: committed is there, not committed is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from homeport_client.envelope import PullRequest, PushRequest
from homeport_client.fleet.check.witness import Witness, decode_answered
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.incidents import Answer
from homeport_client.fleet.sim.notices import Notices
from homeport_client.fleet.sim.storage import FaultyStore, Gate
from homeport_client.fleet.troubles import NONE, Troubles
from homeport_notify.notification import LANES
from homeport_sync.catalog import Catalog
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import HomeportError
from homeport_sync.exchange import Exchange, ExchangeStore
from homeport_sync.limits import LIMITS, Limits
from homeport_sync.ports import Writes
from homeport_sync.scope import EVERYBODY
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PushMessage

Result = TypeVar("Result")
TENANT = "fleet"
_KEY = b"the simulated server's cursor key"
_SEAL = CursorSeal(_KEY)
_PAGE = b'{"cursor":"'  # how a page begins, and how it does beside the answer to a push
_PAGE_BESIDE = b',"pull":{"cursor":"'
_encode = msgspec.json.Encoder().encode
_decode_push = msgspec.json.Decoder(PushRequest).decode
_decode_pull = msgspec.json.Decoder(PullRequest).decode


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
        self._tasks: dict[asyncio.Task[Any], None] = {}  # a set would have another order in every process

    def start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Work that ends with this process, and not when whoever asked for it goes away."""
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    async def serve(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer to one request. Raises `ConnectionLost` when the process dies first."""
        task = self.start(work)
        await asyncio.wait({task})
        if task.cancelled() or self.gate.dead:
            raise ConnectionLost("The server died before it answered.")
        return task.result()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if self.gate.dead and not task.cancelled():
            task.exception()  # how the dead end does not matter any more

    def die(self) -> None:
        """Nothing that was under way goes on."""
        self.gate.dead = True
        for task in self._tasks:
            task.cancel()


class Server:
    """All lives of the simulated server, and its door. `wall_ms` is its clock, which is right."""

    def __init__(
        self,
        store: ExchangeStore,
        catalog: Catalog,
        seed: Seed,
        wall_ms: Callable[[], int],
        *,
        faults: ServerFaults = ServerFaults(),
        limits: Limits = LIMITS,
        armed: Troubles = NONE,
    ) -> None:
        self.store = store
        self.witness = Witness()
        self.faults = faults
        self.lives = 0
        self.note: Callable[[str, str], None] = lambda who, what: None
        self.notices: Notices | None = None
        self.armed = armed
        self.struck: Callable[[str], None] = lambda crossing: None
        self._catalog = catalog
        self._seed = seed
        self._salt = seed.stream("server").getrandbits(32)
        self._wall_ms = wall_ms
        self._limits = limits
        self._requests = 0
        self._accepted: list[tuple[int, str]] = []
        self._audience: dict[str, set[str]] = {}
        self._listeners: dict[str, dict[asyncio.Event, str]] = {}
        self.process: Process | None = None

    def start(self, *, crash_at: int = 0) -> None:
        """A new life on what the store kept. `crash_at` is the crossing at which it dies (0: none)."""
        self.lives += 1
        chance = self._seed.stream("server", self.lives)
        gate = Gate(chance, salt=self._salt, crash_rate=self.faults.crash_rate, delay_s=self.faults.store_delay_s)
        gate.crash_at = crash_at
        gate.on_death = self._died
        gate.armed = self.armed
        signals = LocalSignals()
        store = FaultyStore(self.store, gate, self._committed)
        exchange = Exchange(
            store=store,
            catalog=self._catalog,
            signals=signals,
            seal=_SEAL,
            limits=self._limits,
            wall_ms=self._wall_ms,
        )
        self.process = Process(exchange, gate, signals)
        self.process.start(self._poke_all(self.process))
        if self.notices is not None:
            life = self.notices.life(gate, self._seed.stream("notices", self.lives), f"life {self.lives}")
            self.process.start(life.follow(signals))
            for lane in LANES:
                self.process.start(life.work(lane))

    def crash(self, where: str) -> None:
        """The process dies; after `down_s` the next one starts."""
        if self.process is None:
            return
        self.note("server", f"crashes {where}")
        self.process.die()
        self.process = None
        for listening in self._listeners.values():
            for told in listening:
                told.set()
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

    async def push(self, user: str, body: bytes) -> Answer:
        """A push as it came over the wire, and its answer. Raises `ConnectionLost`."""
        message = _decode_push(body).variables
        self._requests += 1
        process = self._alive()
        return await process.serve(self._pushed(process, user, message, f"request-{self._requests}"))

    async def _pushed(self, process: Process, user: str, message: PushMessage, request_id: str) -> Answer:
        try:
            pushed = await process.exchange.push(TENANT, user, message, request_id=request_id)
        except HomeportError as error:
            return _refusal(error)
        self.witness.saw(user, message, decode_answered(pushed.text))
        self._gave(user, message.device, pushed.text, _PAGE_BESIDE)
        return 200, b"".join((b'{"data":{"push":', pushed.text, b"}}"))

    async def pull(self, user: str, body: bytes) -> Answer:
        """A pull as it came over the wire, and its page. Raises as `push` does."""
        process = self._alive()
        return await process.serve(self._pulled(process, user, body))

    async def _pulled(self, process: Process, user: str, body: bytes) -> Answer:
        message = _decode_pull(body).variables
        try:
            page = await process.exchange.pull(TENANT, user, message)
        except HomeportError as error:
            return _refusal(error)
        self._gave(user, message.device, page, _PAGE)
        return 200, b"".join((b'{"data":{"pull":', page, b"}}"))

    async def tell(self, user: str, body: bytes) -> Answer:
        """Something about notifications as it came over the wire. Raises as `push` does."""
        process = self._alive()
        return await process.serve(self._told(user, body))

    async def _told(self, user: str, body: bytes) -> Answer:
        if self.notices is None:
            return 200, b'{"errors":[{"message":"There are none here.","extensions":{"code":"GRAPHQL_INVALID"}}]}'
        try:
            await self.notices.registry.tell(user, body)
        except HomeportError as error:
            return _refusal(error)
        return 200, b'{"data":{"told":true}}'

    def _gave(self, user: str, device: str, answer: bytes, opening: bytes) -> None:
        """Note how far the log goes that the device is given with this answer."""
        at = answer.find(opening) + len(opening)
        if self.notices is not None and at >= len(opening):
            cursor = _SEAL.open(answer[at : answer.find(b'"', at)].decode(), tenant=TENANT, user=user)
            self.notices.registry.gave(device, cursor.position)

    def listening(self) -> set[str]:
        """The devices that have a poke socket open."""
        return {device for told in self._listeners.values() for device in told.values()}

    @property
    def head(self) -> int:
        """The last position of the log."""
        return len(self._accepted)

    def accepted(self, position: int) -> tuple[int, str] | None:
        """When the change at a position was accepted, and from which device; None if there is none."""
        return self._accepted[position - 1] if 0 < position <= len(self._accepted) else None

    def listen(self, user: str, device: str, told: asyncio.Event) -> Process:
        """From now on, set `told` at every change of another device this user may see, and when the process dies."""
        process = self._alive()
        self._listeners.setdefault(user, {})[told] = device
        return process

    def leave(self, user: str, told: asyncio.Event) -> None:
        """Stop telling."""
        self._listeners.get(user, {}).pop(told, None)

    def _alive(self) -> Process:
        if self.process is None:
            raise ConnectionLost("The server is down.")
        return self.process

    def _died(self, crossing: str, drawn: bool) -> None:
        if drawn:
            self.struck(crossing)
        self.crash(crossing)

    def _committed(self, writes: Writes) -> None:
        """Remember who accepted what when, and who has ever had a grant in which scope."""
        self._accepted += [(entry.accepted_at_ms, entry.device) for entry in writes.log]
        for grant in writes.grants:
            self._audience.setdefault(grant.scope, set()).add(grant.user)

    def _listening_to(self, scope: str) -> Iterable[str]:
        audience = self._audience.get(scope, set())
        return self._listeners if EVERYBODY in audience else audience

    async def _poke_all(self, process: Process) -> None:
        place = (await self.store.standing(TENANT, "", "")).head.position
        async with process.signals.listen() as positions:
            async for _ in positions:
                entries = await self.store.read(TENANT, place, self._limits.batch_changes_max)
                place = entries[-1].position if entries else place
                changed = {(user, entry.device) for entry in entries for user in self._listening_to(entry.scope)}
                for user, device in sorted(changed):
                    for told, listening in self._listeners.get(user, {}).items():
                        if listening != device:
                            told.set()


def _refusal(error: HomeportError) -> Answer:
    return 200, b"".join((b'{"errors":[', _encode(error.as_error()), b"]}"))
