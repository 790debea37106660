"""A replay inside a serving server: through its own exchange, counted, logged, and told to whoever listens."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from dataclasses import dataclass

import msgspec
import pytest

from homeport_notify.memory import MemoryNotifyStore
from homeport_server.accounts import Accounts
from homeport_server.app import make_notifier, make_tokens
from homeport_server.edge.context import Rooms
from homeport_server.edge.replay import replay
from homeport_server.observe import make_log
from homeport_server.observe.exposition import exposition
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.tracing.port import NoTracer
from homeport_server.observe.troubles import Troubles
from homeport_server.pokes import PokeHub
from homeport_server.quarantine.case import Readable
from homeport_server.quarantine.edit import read_value
from homeport_server.quarantine.listing import page_of, sight_of
from homeport_server.secret import Secret
from homeport_server.senses import Senses
from homeport_sync import LIMITS, App
from homeport_sync.change import Change, Op, Value, encode
from homeport_sync.clock import make_stamp
from homeport_sync.cursor import CursorSeal
from homeport_sync.errors import Malformed
from homeport_sync.exchange import Exchange
from homeport_sync.memory import MemoryStore
from homeport_sync.quarantine import Chosen
from homeport_sync.rejections import WrongType
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PushMessage
from tests.edge.world import DEVICE, SETTINGS, START_MS, Clock

TENANT = "t1"
HOME, MILK = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
app = App("shop")


@app.kind(root=True)
class Shop:
    title: str


@app.kind(within=Shop)
class Item:
    title: str = ""
    cents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A server without sockets, whose parts lie open."""

    store: MemoryStore
    signals: LocalSignals
    rooms: Rooms
    out: io.BytesIO

    async def push(self, *changes: Change) -> None:
        raw = [msgspec.Raw(encode(each).encode()) for each in changes]
        await self.rooms.exchange.push(TENANT, "ana", PushMessage(device=DEVICE, changes=raw), request_id="r")

    async def case(self, number: int = 2) -> Readable:
        sight = await sight_of(self.store, TENANT, DEVICE.upper(), number)
        assert sight is not None
        assert isinstance(sight.case, Readable)
        return sight.case

    def rejected(self) -> float:
        """How many changes were counted as rejected."""
        text, _ = exposition(self.rooms.metrics.registry, "")
        rows = [line for line in text.decode().splitlines() if 'outcome="rejected"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in rows if "_created" not in line)


def change(number: int, op: Op, kind: str, id: str, **fields: Value) -> Change:
    stamp = make_stamp(START_MS, number, DEVICE)
    return Change(number=number, op=op, kind=kind, id=id, scope=HOME, stamp=stamp, fields=fields)


@pytest.fixture
async def desk() -> Desk:
    """In its quarantine are a create whose price is no number, and an edit of what it was to make."""
    store, signals, clock, out, metrics = MemoryStore(), LocalSignals(), Clock(), io.BytesIO(), Metrics()
    await store.create("demo", id=TENANT, epoch="first", now_ms=START_MS)
    log, seal = make_log("info", out), CursorSeal(b"k" * 32)
    exchange = Exchange(store=store, catalog=app.catalog, signals=signals, seal=seal, limits=LIMITS, wall_ms=clock)
    tokens = make_tokens(SETTINGS, Secret(b"s" * 32), clock)
    rooms = Rooms(
        exchange=exchange,
        accounts=Accounts(tokens, store, clock, cached_max=1),
        pokes=PokeHub(store, signals, log, poll_s=1, metrics=metrics, wall_ms=clock),
        log=log,
        troubles=Troubles(log),
        metrics=metrics,
        samples=Senses(SETTINGS, log, seal, clock).samples,
        tracer=NoTracer(),
        settings=SETTINGS,
        wall_ms=clock,
        notifier=make_notifier(store, MemoryNotifyStore(), signals, metrics=metrics, log=log, clock=clock),
        catalog=app.catalog,
        queries=store,
        quarantine=store,
    )
    made = Desk(store=store, signals=signals, rooms=rooms, out=out)
    await made.push(
        change(1, "create", "Shop", HOME, title="Home"),
        change(2, "create", "Item", MILK, title="Milk", cents="many"),
        change(3, "update", "Item", MILK, title="Oat milk"),
    )
    return made


async def test_a_replay_is_written_by_the_server_itself_and_told_to_who_listens(desk: Desk) -> None:
    async with desk.signals.listen() as heard:
        replayed = await replay(desk.rooms, desk.store, TENANT, await desk.case(), put={"cents": 120})
        assert await anext(heard) == (TENANT, 2)
    assert (replayed.landed, [each.outcome.outcome for each in replayed.fates]) == (True, ["applied"])
    (logged,) = await desk.store.read(TENANT, 1, 9)
    assert (logged.user, logged.record, logged.fields) == ("ana", MILK, {"title": "Milk", "cents": 120})


async def test_a_replay_is_counted_as_a_push_and_leaves_a_line(desk: Desk) -> None:
    await replay(desk.rooms, desk.store, TENANT, await desk.case())
    await asyncio.sleep(0)  # lines are written at the end of a turn of the loop
    lines = [json.loads(line) for line in desk.out.getvalue().splitlines()]
    (line,) = [each for each in lines if each["event"] == "replay"]
    assert (line["tenant"], line["user"], line["rejected"], line["codes"]) == (
        TENANT,
        "ana",
        1,
        {"rejected": {"WRONG_TYPE": 1}},
    )
    assert desk.rejected() == 1


async def test_what_depends_on_it_goes_with_it_where_that_is_asked_for(desk: Desk) -> None:
    replayed = await replay(desk.rooms, desk.store, TENANT, await desk.case(), put={"cents": 1}, with_dependents=True)
    assert [each.case.number for each in replayed.fates] == [2, 3]
    assert replayed.landed
    again = await replay(desk.rooms, desk.store, TENANT, await desk.case())
    assert (again.landed, again.fates, again.already is not None) == (True, [], True)
    assert (await page_of(desk.store, TENANT)).cases == []


async def test_what_does_not_fit_is_said_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(WrongType):
        await replay(desk.rooms, desk.store, TENANT, await desk.case(3), put={"cents": "many"})
    assert len((await page_of(desk.store, TENANT, Chosen(closed=True))).cases) == 2


async def test_cases_are_listed_page_by_page_and_shown_with_what_depends_on_them(desk: Desk) -> None:
    first = await page_of(desk.store, TENANT, limit=1)
    assert ([case.name for case in first.cases], first.next is None) == ([f"{DEVICE}/2"], False)
    assert first.next is not None
    rest = await page_of(desk.store, TENANT, after=first.next, limit=2)
    assert ([case.name for case in rest.cases], rest.next) == ([f"{DEVICE}/3"], None)
    sight = await sight_of(desk.store, TENANT, DEVICE, 2)
    assert sight is not None
    assert [each.number for each in sight.dependents] == [3]
    assert await sight_of(desk.store, TENANT, DEVICE, 9) is None
    with pytest.raises(Malformed):
        await page_of(desk.store, TENANT, limit=0)


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [("title", "120", "120"), ("title", '"x"', '"x"'), ("cents", "120", 120), ("cents", "many", "many")],
)
def test_what_is_written_into_a_form_is_read_as_its_field_takes_it(name: str, text: str, read: Value) -> None:
    assert read_value(text, app.catalog.kind("Item").fields[name]) == read


def test_without_a_field_that_is_declared_a_form_takes_json() -> None:
    assert (read_value("true", None), read_value("Milk", None)) == (True, "Milk")
