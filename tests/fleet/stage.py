"""A small stage for scenes that need no phone: one simulated server, and changes made by hand."""

import msgspec

from homeport_client.fleet.clock import START_MS, now_ms
from homeport_client.fleet.measure.meter import Meter, Tally
from homeport_client.fleet.networks import PERFECT
from homeport_client.fleet.seed import Seed
from homeport_client.fleet.sim.line import Line
from homeport_client.fleet.sim.server import TENANT, Server, ServerFaults
from homeport_sync import App
from homeport_sync.change import Change, Fields, Op, encode
from homeport_sync.clock import make_stamp
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import LogEntry
from homeport_sync.wire import PullInput, PushMessage

PHONE = "0190a1b2-0000-7000-8000-00000000000a"
LIST = "0190a1b2-0000-7000-8000-000000000001"
TASK = "0190a1b2-0000-7000-8000-000000000002"
QUIET = ServerFaults(store_delay_s=0.0)


async def new_server(app: App, faults: ServerFaults = QUIET) -> Server:
    store = MemoryStore()
    await store.create(TENANT, id=TENANT, epoch="epoch", now_ms=now_ms())
    server = Server(store, app.catalog, Seed(1), now_ms, faults=faults)
    server.start()
    return server


def line(server: Server, number: int = 1) -> Line:
    """A way to the server on which nothing happens."""
    chance, meter = Seed(number).stream("line"), Meter(Tally(), now_ms, server.accepted)
    return Line(server, "ann", chance, PERFECT, meter, salt=number)


def change(number: int, op: Op, kind: str, id: str, fields: Fields, *, at_ms: int = START_MS) -> Change:
    return Change(
        number=number,
        op=op,
        kind=kind,
        id=id,
        scope=LIST,
        stamp=make_stamp(at_ms, number, PHONE),
        fields=fields,
    )


FIRST_DAY = (
    change(1, "create", "TaskList", LIST, {"title": "home"}),
    change(2, "create", "Task", TASK, {"title": "milk"}),
    change(3, "update", "Task", TASK, {"done": True}),
    change(4, "update", "Task", TASK, {"no_such_field": True}),
)


def push(*changes: Change) -> PushMessage:
    raw = [msgspec.Raw(encode(each).encode()) for each in changes]
    return PushMessage(device=PHONE, changes=raw, confirmed=0, clock_ms=now_ms(), pull=PullInput())


async def log(server: Server) -> list[LogEntry]:
    return list(await server.store.read(TENANT, 0, 1_000))
