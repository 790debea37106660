"""`make bench-devices`: what a device costs the process that holds it, in memory and in CPU.

Memory: how much larger the process gets with each open device whose replica is in memory, before and after it was
used; and with each device that is connected to a real server by HTTP and a poke socket. CPU: the steps of a device's
life one after the other, as they come, each timed by itself; the network is left out. Each part runs in a process of
its own, so that none finds what another has let go of.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import mean

from msgspec.structs import replace

from benchmarks.processes import measured
from benchmarks.table import show
from benchmarks.workload import APP, NOTES, wall_ms
from homeport_client import DEVICE_LIMITS, Device, DeviceLimits, HttpTransport, Uplink
from homeport_client.exchange import Exchange
from homeport_client.fleet.live.process import allow_open_files
from homeport_client.fleet.live.real import RealServer
from homeport_client.replica import Replica
from homeport_client.state import State
from homeport_client.transport import GoAway
from homeport_client.writer import Writer
from homeport_sync import load_app
from homeport_sync.change import Change, Outcome, Record, decode_change
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.merge import merge
from homeport_sync.telling import Telling
from homeport_sync.wire import Page, PullMessage, PushAnswer, PushMessage

OPENED = 500
CONNECTED = int(os.environ.get("HOMEPORT_BENCH_DEVICES", "600"))
AT_ONCE = 20
ROUNDS = 3_000
WITHOUT_POLLS = DeviceLimits(poll_s=3_600)
PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024


def resident_kb() -> float:
    """How much memory this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KB


async def kb_each(make: Callable[[], Awaitable[object]], count: int, warm_up: int) -> float:
    """How much larger this process is with each of `count` things that are made, once some were."""
    kept = [await make() for _ in range(warm_up)]
    before = resident_kb()
    kept += [await make() for _ in range(count)]
    return (resident_kb() - before) / count


async def opened() -> dict[str, float]:
    """Devices with a replica in memory and no server, as they are opened."""
    app = load_app(APP)
    return {"memory_kb_per_device": await kb_each(lambda: Device.open(app=app), OPENED, 50)}


async def used() -> dict[str, float]:
    """The same, once each was written to and asked."""
    app = load_app(APP)

    async def device() -> Device:
        made = await Device.open(app=app)
        home = await made.create("TaskList", title="Home")
        task = await made.create("Task", scope=home, title="Milk")
        await made.update(task, done=True)
        await made.query("Task", scope=home, where={"done": True}, order_by="due")
        return made

    return {"used_memory_kb_per_device": await kb_each(device, OPENED, 50)}


async def real() -> dict[str, float]:
    """Connected devices that share an uplink."""
    async with Uplink() as uplink:
        return {"real_kb_per_device": await kb_connected(uplink)}


async def alone() -> dict[str, float]:
    """Connected devices with an HTTP connection each."""
    allow_open_files()
    return {"real_alone_kb_per_device": await kb_connected(None)}


async def kb_connected(uplink: Uplink | None) -> float:
    """What each device adds that a real server pokes, once all have a list and a task by a poke and a pull."""
    app = load_app(APP)
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        many = {"HOMEPORT_SOCKETS_PER_USER_MAX": str(2 * CONNECTED + AT_ONCE + 1)}
        server = await stack.enter_async_context(RealServer(APP, data, settings=many))
        await server.make_tenant("bench")
        token = await server.token("ana", "bench")
        await server.start()

        async def connected() -> Device:
            transport = HttpTransport(server.url, token, WITHOUT_POLLS, uplink=uplink)
            device = await Device.open(app=app, transport=transport, limits=WITHOUT_POLLS)
            stack.push_async_callback(device.close)
            await device.start()
            await device.sync()
            return device

        writer = await connected()
        home = await writer.create("TaskList", title="Home")
        listening = [await connected() for _ in range(AT_ONCE)]
        before = resident_kb()
        for _ in range(-(-CONNECTED // AT_ONCE)):
            listening += await asyncio.gather(*(connected() for _ in range(AT_ONCE)))
        task = await writer.create("Task", scope=home, title="Milk")
        for device in listening:
            await until_there(device, task)
        return (resident_kb() - before) / (len(listening) - AT_ONCE)


async def until_there(device: Device, record_id: str) -> None:
    """Waits until a device has a record, a minute at most."""
    async with asyncio.timeout(60):
        async for shown in device.watch("Task"):
            if any(each.id == record_id for each in shown):
                return


class Life:
    """One device without its network, and a server of a few lines; `took_ns` is how long each step of the device took.

    As a `Transport` it answers by itself; a page waits in `_next` from before, so that making it is not counted.
    """

    def __init__(self) -> None:
        catalog, random = load_app(APP).catalog, Random(1)  # a workload, not a secret
        self.took_ns: defaultdict[str, list[int]] = defaultdict(list)
        replica = Replica(":memory:", catalog, wall_ms=wall_ms, random=random)
        self._writer = Writer(replica)
        self._exchange = Exchange(replica, self, wall_ms, DEVICE_LIMITS)
        self._random = random
        self._clock = HybridClock(wall_ms)
        self._records: dict[str, Record] = {}
        self._position = self._contained = 0
        self._taken: list[Change] = []
        self._next = self._page()

    async def live(self, rounds: int) -> None:
        """So many times: a write, its push, the page that contains it, a page with another's write, one with none."""
        home = self._writer.create("TaskList", None, {"title": "Home"})
        theirs = [uuid7(wall_ms(), self._random) for _ in range(100)]
        mine: list[str] = []
        for number in range(rounds):
            if number % 2:
                with self._timed("write"):
                    self._writer.update(self._random.choice(mine[-100:]), {"done": number % 4 == 1})
            else:
                with self._timed("write"):
                    mine.append(self._writer.create("Task", home, {"title": f"Milk {number}", "notes": NOTES}))
            with self._timed("push"):
                await self._exchange.step(State.PUSHING)
            for step, changes in (
                ("own_pull", self._taken),
                ("pull", [self._their_change(self._random.choice(theirs), home)]),
                ("idle_poll", []),
            ):
                self._next = self._page(*changes)
                with self._timed(step):
                    await self._exchange.step(State.PULLING)

    async def push(self, message: PushMessage) -> PushAnswer:
        """Takes every change in; the page that was asked for waits for the next pull."""
        self._taken = [decode_change(text) for text in message.changes]
        self._contained = self._taken[-1].number
        outcomes = [Outcome(number=change.number, outcome="applied") for change in self._taken]
        return PushAnswer(server_time_ms=wall_ms(), outcomes=outcomes)

    async def pull(self, message: PullMessage) -> Page:
        """The page that is next."""
        return self._next

    def pokes(self, device: str) -> AbstractAsyncContextManager[AsyncIterator[GoAway | None]]:
        """There are none."""
        raise NotImplementedError

    async def tell(self, telling: Telling) -> None:
        """Nobody is told of anything here."""

    def renew(self, token: str) -> None:
        """There is no token."""

    async def close(self) -> None:
        """There is nothing to close."""

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.process_time_ns()
        yield
        self.took_ns[step].append(time.process_time_ns() - began)

    def _page(self, *changes: Change) -> Page:
        """What the server sends after it took these in."""
        for change in changes:
            self._position += 1
            merged = merge(self._records.get(change.id), change, {}).record
            self._records[change.id] = replace(merged, position=self._position)
        return Page(
            cursor=f"{self._position:0200}",  # as long as a real one
            more=False,
            contained=self._contained,
            server_time_ms=wall_ms(),
            records=[self._records[change.id] for change in changes],
        )

    def _their_change(self, record_id: str, home: str) -> Change:
        return Change(
            number=1,
            op="update" if record_id in self._records else "create",
            kind="Task",
            id=record_id,
            scope=home,
            stamp=self._clock.stamp("ffffffff"),
            fields={"title": "Bread", "notes": NOTES, "done": False},
        )


async def steps() -> dict[str, float]:
    """CPU µs of each step of a device's life, on average; writes are half creates and half updates."""
    life = Life()
    await life.live(ROUNDS)
    return {f"{name}_cpu_us": mean(took[ROUNDS // 10 :]) / 1_000 for name, took in life.took_ns.items()}


PARTS = {"opened": opened, "used": used, "real": real, "alone": alone, "steps": steps}


async def main() -> None:
    """Run one part and print its JSON, or all of them, draw the comparison, print the JSON."""
    if len(sys.argv) > 1:
        print(json.dumps(await PARTS[sys.argv[1]]()))
        return
    figures = {name: value for part in PARTS for name, value in (await measured("benchmarks.devices", part)).items()}
    show("KB a device", {name: value for name, value in figures.items() if "kb" in name})
    show("CPU µs a step", {name: value for name, value in figures.items() if "cpu" in name})
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
