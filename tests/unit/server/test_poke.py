"""A poke subscription writes at once, and never waits for a client that does not read."""

import asyncio
import io
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from homeport_notify.memory import MemoryNotifyStore
from homeport_server.accounts import Accounts
from homeport_server.app import make_notifier
from homeport_server.edge.context import Call, Rooms
from homeport_server.edge.poke import FastPoke, WriteFrame, fast_message, stream
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.samples import Samples
from homeport_server.observe.tracing.port import NoTracer
from homeport_server.observe.troubles import Troubles
from homeport_server.pokes import PokeHub
from homeport_server.settings import Settings
from homeport_server.tokens import Caller, Tokens
from homeport_sync.cursor import CursorSeal
from homeport_sync.declaration import App
from homeport_sync.exchange import Exchange
from homeport_sync.limits import LIMITS
from homeport_sync.memory import MemoryStore
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import POKE, POKE_OF_ALL, PokeMessage


class Client:
    """A socket whose client reads, or does not until `room` is set; `gone` is why writing fails."""

    def __init__(self, *, reads: bool, gone: Exception | None = None) -> None:
        self.frames: list[str] = []
        self.room = asyncio.Event()
        self.gone = gone
        if reads:
            self.room.set()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.room.wait()
        if self.gone is not None:
            raise self.gone
        self.frames.append(message["text"])


@pytest.fixture
async def call() -> Call:
    store, signals, log = MemoryStore(), LocalSignals(), make_log("info", io.BytesIO())
    await store.create("demo", id="t1", epoch="e", now_ms=1)
    catalog = App("empty").catalog
    exchange = Exchange(
        store=store,
        catalog=catalog,
        signals=signals,
        seal=CursorSeal(b"k" * 32),
        limits=LIMITS,
        wall_ms=lambda: 1,
    )
    metrics = Metrics()
    rooms = Rooms(
        exchange=exchange,
        accounts=Accounts(Tokens(b"k" * 32, lambda: 1, leeway_s=0), store, lambda: 1, cached_max=1),
        pokes=PokeHub(store, signals, log, poll_s=1, metrics=metrics, wall_ms=lambda: 1),
        log=log,
        troubles=Troubles(log),
        metrics=metrics,
        samples=Samples(lambda: 1, place_of=lambda *_: None, since_ms=lambda *_: None),
        tracer=NoTracer(),
        settings=Settings(),
        wall_ms=lambda: 1,
        notifier=make_notifier(store, MemoryNotifyStore(), signals, metrics=metrics, log=log, clock=lambda: 1),
        catalog=catalog,
        queries=store,
        quarantine=store,
    )
    return Call(rooms=rooms, caller=Caller(tenant="t1", user="ana", expires_at_ms=2), request_id="r1")


def _subscription(call: Call, client: Client, id: str = "1", write: WriteFrame | None = None) -> FastPoke:
    nobody: Any = None  # its handler is never asked
    return FastPoke(nobody, id, "", call=call, send=client.send, write=write)


async def test_a_frame_is_written_before_poke_returns(call: Call) -> None:
    client = Client(reads=True)
    _subscription(call, client, 'i"d').poke()
    assert [json.loads(frame) for frame in client.frames] == [
        {"id": 'i"d', "type": "next", "payload": {"data": {"poke": True}}}
    ]


async def test_a_server_that_takes_frames_gets_a_whole_one_and_the_rest_goes_the_ordinary_way(call: Call) -> None:
    client, frames, takes = Client(reads=True), list[bytes](), [True, False, True]

    def write(frame: bytes) -> bool:
        taken = takes.pop(0)
        if taken:
            frames.append(frame)
        return taken

    subscription = _subscription(call, client, "x" * 200, write)
    for _ in range(3):
        subscription.poke()
    payload = client.frames[0].encode()
    assert len(client.frames) == 1
    assert frames == [b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload] * 2


async def test_a_client_that_stalls_delays_nobody_and_gets_one_poke_for_all_it_missed(call: Call) -> None:
    stalled, quick = Client(reads=False), Client(reads=True)
    subscriptions = [_subscription(call, stalled), _subscription(call, quick)]
    for _ in range(5):
        for subscription in subscriptions:
            subscription.poke()
    assert (len(stalled.frames), len(quick.frames)) == (0, 5)
    stalled.room.set()
    while (task := subscriptions[0].task) is not None:
        await task
    assert len(stalled.frames) == 2


async def test_a_subscription_that_ends_while_its_client_stalls_writes_nothing_more(call: Call) -> None:
    client = Client(reads=False)
    subscription = _subscription(call, client)
    subscription.poke()
    subscription.stop()
    subscription.poke()
    task = subscription.task
    assert task is not None
    await asyncio.wait({task})
    client.room.set()
    assert client.frames == []


@pytest.mark.parametrize("reads", [True, False])
async def test_a_client_that_has_gone_leaves_the_hub(call: Call, reads: bool) -> None:
    client = Client(reads=reads, gone=RuntimeError("closed"))
    subscription = _subscription(call, client)
    await call.rooms.pokes.join("t1", "ana", subscription)
    client.room.set()
    if subscription.task is not None:
        await subscription.task
    assert subscription.completed
    assert not call.rooms.pokes._audiences


DEVICE = "00000000-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("query", "variables", "asked"),
    [
        (POKE_OF_ALL, None, PokeMessage()),
        (POKE_OF_ALL, {"device": DEVICE}, PokeMessage()),  # it declares none, so it has none
        (POKE, None, PokeMessage()),
        (POKE, {"device": None}, PokeMessage()),
        (POKE, {"device": DEVICE, "other": 1}, PokeMessage(device=DEVICE)),
        (POKE, {"device": "nope"}, None),
        (POKE, {"device": 5}, None),
        ("subscription { poke }", None, None),
    ],
)
def test_the_documents_of_our_devices_are_fast_unless_their_variables_need_a_judge(
    query: str, variables: dict[str, object] | None, asked: PokeMessage | None
) -> None:
    assert fast_message(query, variables) == asked


async def test_pokes_that_nobody_took_are_one_in_a_stream(call: Call) -> None:
    poked = stream(call, None)
    assert await anext(poked) is True
    (ana,) = call.rooms.pokes._audiences["t1"].users.values()
    ana.poke()
    ana.poke()
    assert await anext(poked) is True
    waiting = asyncio.ensure_future(anext(poked))
    await asyncio.wait({waiting}, timeout=0)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait({waiting})
    assert not call.rooms.pokes._audiences
