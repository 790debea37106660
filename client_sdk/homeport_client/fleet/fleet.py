"""A fleet: many phones, one server, one seed. It plays its script, heals, comes to rest, and is judged.

Everything runs in virtual time, so the same seed takes the same steps: `Report.trace` tells them, and
`Report.fingerprint` is equal whenever they were.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from homeport_client import DeviceLimits
from homeport_client.fleet.check import Evidence, Holding, Verdict, judge
from homeport_client.fleet.clock import now_ms, run
from homeport_client.fleet.eyes import Eyes
from homeport_client.fleet.holding import fresh
from homeport_client.fleet.network import PERFECT, ROUGH, Line, NetworkFaults
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.script import Script, play, set_stage
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.server import TENANT, Server, ServerFaults
from homeport_client.fleet.witness import Told, Written
from homeport_sync import App, Limits
from homeport_sync.memory import MemoryStore

# Small pages and short polls: what is rare in the field happens here in every run.
SERVER_LIMITS = Limits(page_size=7)
DEVICE_LIMITS = DeviceLimits(poll_s=30.0, retry_max_ms=20_000)
# The longest pause after a failure, a request that gets no answer, and then the longest poll of somebody else.
HEAL_BOUND_S = 20.0 + 5.0 + 30.0 + 5.0
SCRIPT = Script()
SHAKY = ServerFaults(crash_rate=0.002)
LOG_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of one fleet. `trace` has a line a step: milliseconds of virtual time, who, what."""

    seed: int
    verdict: Verdict
    trace: tuple[str, ...]
    accepted: int
    injected: int
    lives: int
    virtual_s: float

    @property
    def fingerprint(self) -> str:
        """The same for two runs that took the same steps."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class Fleet:
    """The simulated world of one seed. The directory holds the phones' replicas; it starts empty."""

    def __init__(
        self,
        app: App,
        seed: int,
        directory: Path,
        *,
        script: Script = SCRIPT,
        network: NetworkFaults = ROUGH,
        server: ServerFaults = SHAKY,
        store: Callable[..., MemoryStore] = MemoryStore,
    ) -> None:
        self.app = app
        self.seed = Seed(seed)
        self.directory = directory
        self.script = script
        self.limits = DEVICE_LIMITS
        self.network = network
        self.written: list[Written] = []
        self.trace: list[str] = []
        self.phones: list[Phone] = []
        self.server: Server
        self._server_faults = server
        self._lines: list[Line] = []
        self._store = store

    def note(self, who: str, what: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{asyncio.get_running_loop().time() * 1_000:.0f} {who} {what}")

    def true_ms(self) -> int:
        """What the clock of the server shows."""
        return now_ms()

    def line(self, user: str, chance: Random) -> Line:
        """A way to the server for this user."""
        made = Line(self.server, user, chance, self.network)
        self._lines.append(made)
        return made

    def eyes(self, name: str, user: str) -> Eyes | None:
        """Whoever never looks away from this phone, if the script says so."""
        return Eyes(name, user, self.written, self.server.witness.told) if self.script.watched else None

    def run(self) -> Report:
        """The whole story, in a virtual time of its own."""
        return run(self.story())

    async def story(self) -> Report:
        """Build, play, heal, judge."""
        await self.build()
        await self.play()
        unrest = await self.heal()
        return self.report(await self.evidence(unrest))

    async def build(self) -> None:
        """The server with its tenant, the phones, and the lists that everybody shares."""
        store = self._store(SERVER_LIMITS, new_epoch=lambda: "another epoch")
        await store.create(TENANT, id=TENANT, epoch="epoch", now_ms=now_ms())
        self.server = Server(
            store, self.app.catalog, self.seed, now_ms, faults=self._server_faults, limits=SERVER_LIMITS
        )
        self.server.note = self.note
        self.phones = await set_stage(self, self.script)

    async def play(self) -> None:
        """Every phone's story at once, with the clones' and the server's own."""
        stories = [play(phone, self.script, self.seed) for phone in self.phones]
        stories += [self._clone(number) for number in range(self.script.clones)]
        await asyncio.gather(*stories, self._crash())

    async def _clone(self, number: int) -> None:
        chance = self.seed.stream("clone", number)
        await asyncio.sleep(chance.uniform(0, self.script.actions * self.script.pause_s))
        twin = await chance.choice(self.phones).clone()
        self.phones.append(twin)
        await play(twin, self.script, self.seed)

    async def _crash(self) -> None:
        chance = self.seed.stream("crash")
        for _ in range(self.script.crashes):
            await asyncio.sleep(chance.uniform(0, self.script.actions * self.script.pause_s))
            self.server.crash("for no reason")

    async def heal(self) -> str:
        """Nothing goes wrong any more, but lost pokes stay lost. What still moved when the bound was over, if any."""
        self.note("fleet", "heals")
        calm = NetworkFaults(lose_poke=self.network.lose_poke)
        self.server.heal()
        for line in self._lines:
            line.faults = calm
        for phone in self.phones:
            phone.leave_tunnel()
            await phone.device.go_online()
        self.network = calm
        await asyncio.sleep(HEAL_BOUND_S)
        moving = [line for line in self._lines if line.busy]
        return f"{len(moving)} old requests are still on their way." if moving else ""

    async def evidence(self, unrest: str = "") -> Evidence:
        """Close all phones, and look at what they hold and at what a fresh one gets."""
        holdings: list[Holding] = []
        for phone in self.phones:
            holdings += await phone.put_down()
        for user in self.script.user_names:
            line = Line(self.server, user, self.seed.stream("fresh", user), PERFECT)
            holdings.append(await fresh(line, user=user))
        log = await self.server.store.read(TENANT, 0, LOG_MAX)
        told = tuple(self.server.witness.told)
        eyes = [phone.eyes for phone in self.phones if phone.eyes]
        return Evidence(
            log=log,
            written=tuple(self.written),
            told=told,
            holdings=holdings,
            flickers=[complaint for each in eyes for complaint in each.complaints],
            unrest=unrest,
        )

    def report(self, evidence: Evidence) -> Report:
        """The verdict, and how it came about."""
        self._note_outcomes(evidence.told)
        return Report(
            seed=self.seed.number,
            verdict=judge(evidence),
            trace=tuple(self.trace),
            accepted=len(evidence.log),
            injected=sum(line.injected for line in self._lines),
            lives=self.server.lives + sum(phone.lives for phone in self.phones),
            virtual_s=asyncio.get_running_loop().time(),
        )

    def _note_outcomes(self, told: Sequence[Told]) -> None:
        for each in told:
            error = each.outcome.error or {}
            self.note(
                each.device, f"{each.change.number} {each.outcome.outcome} {each.stamp} {error.get('message', '')}"
            )
