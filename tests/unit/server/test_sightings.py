"""What is heard of devices is noted in memory, bounded, and kept now and then; losing it costs nothing else."""

import asyncio
import io
import json
import uuid

import pytest

from homeport_server.observe import make_log
from homeport_server.sightings import KEPT_AT_ONCE_MAX, Heard, Keeper
from homeport_sync.cursor import Cursor, CursorSeal
from homeport_sync.errors import Unavailable
from homeport_sync.memory import MemoryStore
from homeport_sync.sightings import Sighting
from homeport_sync.wire import page_text, push_answer_text
from homeport_sync.writer_ids import writer_device

DEVICE = "00000000-0000-4000-8000-00000000000a"
SEAL = CursorSeal(b"k" * 32)


def page(position: int, user: str = "ana") -> bytes:
    """A page that ends there."""
    cursor = Cursor(tenant="t", user=user, epoch="e", position=position, granted=position)
    return page_text(
        cursor=SEAL.seal(cursor), more=False, reset=False, contained=0, server_time_ms=1, lost=(), records=b""
    )


def answer(pull: bytes | None, outcomes: tuple[str, ...] = ()) -> bytes:
    return push_answer_text(server_time_ms=1, outcomes=outcomes, errors="[]", clock=None, pull=pull)


class Failing(MemoryStore):
    """A store that keeps no sighting, and says when it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def keep_sightings(self, tenant: str, sightings: object, now_ms: int) -> None:
        self.asked.set()
        raise Unavailable


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.create("demo", id="t", epoch="e", now_ms=1)
    return made


def keeper(heard: Heard, store: MemoryStore, out: io.BytesIO | None = None, every_s: float = 3_600) -> Keeper:
    return Keeper(heard, store, SEAL, make_log("info", out or io.BytesIO()), wall_ms=lambda: 9, every_s=every_s)


async def kept(store: MemoryStore, heard: Heard) -> Sighting | None:
    await keeper(heard, store).keep()
    facts = await store.device("t", DEVICE)
    return facts.sighting if facts else None


async def test_a_push_a_pull_and_a_refusal_are_kept_with_their_times(store: MemoryStore) -> None:
    heard = Heard()
    heard.pushed("t", "ana", DEVICE, b"", 5)
    heard.pulled("t", "ana", DEVICE, page(7), 6)
    heard.refused("t", "ana", DEVICE, "NUMBER_GAP", 8)
    assert await kept(store, heard) == Sighting(
        device=DEVICE,
        user="ana",
        pushed_at_ms=5,
        pulled_at_ms=6,
        pulled_position=7,
        refused_at_ms=8,
        refused_code="NUMBER_GAP",
    )


async def test_the_page_beside_a_push_is_a_pull_too(store: MemoryStore) -> None:
    heard = Heard()
    lost = json.dumps({"number": 1, "lost": [',"pull":{"cursor":"forged"}']})
    heard.pushed("t", "ana", DEVICE, answer(page(7), (lost,)), 5)
    seen = await kept(store, heard)
    assert seen == Sighting(device=DEVICE, user="ana", pushed_at_ms=5, pulled_at_ms=5, pulled_position=7)


async def test_a_push_whose_page_could_not_be_read_is_no_pull(store: MemoryStore) -> None:
    heard = Heard()
    heard.pushed("t", "ana", DEVICE, answer(None), 5)
    assert await kept(store, heard) == Sighting(device=DEVICE, user="ana", pushed_at_ms=5)


async def test_a_second_keeping_writes_only_what_was_heard_since(store: MemoryStore) -> None:
    heard = Heard()
    heard.pulled("t", "ana", DEVICE, page(7), 6)
    first = await kept(store, heard)
    assert not heard.taken()
    heard.pushed("t", "ana", DEVICE, b"", 9)
    second = await kept(store, heard)
    assert first is not None
    assert second == Sighting(device=DEVICE, user="ana", pushed_at_ms=9, pulled_at_ms=6, pulled_position=7)


async def test_a_cursor_of_another_user_of_the_same_device_tells_no_position(store: MemoryStore) -> None:
    heard = Heard()
    heard.pulled("t", "ana", DEVICE, page(7), 6)
    heard.pushed("t", "ben", DEVICE, b"", 8)
    seen = await kept(store, heard)
    assert seen is not None
    assert (seen.user, seen.pulled_position) == ("ben", None)


async def test_what_a_device_says_of_itself_is_kept_with_what_its_push_settled(store: MemoryStore) -> None:
    heard = Heard()
    heard.pushed("t", "ana", DEVICE, b"", 5, introduction=b"outbox=12; app=3; sdk=0.1.0", answered=10)
    assert await kept(store, heard) == Sighting(
        device=DEVICE, user="ana", pushed_at_ms=5, introduced_at_ms=5, outbox=2, app_version=3, sdk="0.1.0"
    )
    heard.pushed("t", "ana", DEVICE, b"", 6, introduction=b"outbox=2", answered=500)  # the device says what it likes
    heard.pulled("t", "ana", DEVICE, page(7), 7, introduction=b"outbox=1; app=3; sdk=0.1.0")
    seen = await kept(store, heard)
    assert seen is not None
    assert (seen.introduced_at_ms, seen.outbox) == (7, 1)
    heard.refused("t", "ana", DEVICE, "NUMBER_GAP", 8, introduction=b"outbox=400")
    seen = await kept(store, heard)
    assert seen is not None
    assert (seen.introduced_at_ms, seen.outbox, seen.app_version) == (8, 400, None)


@pytest.mark.parametrize("introduction", [b"", b"outbox=1;" + b" " * 1_000, b"\xff", b"; ;="])
async def test_a_device_that_says_nothing_to_the_purpose_is_kept_all_the_same(
    store: MemoryStore, introduction: bytes
) -> None:
    heard = Heard()
    heard.pushed("t", "ana", DEVICE, b"", 5, introduction=introduction)
    assert await kept(store, heard) == Sighting(device=DEVICE, user="ana", pushed_at_ms=5)


async def test_a_device_id_that_is_none_is_not_noted() -> None:
    heard = Heard()
    heard.refused("t", "ana", writer_device("ana", "key"), "MALFORMED", 5)  # nor one kept for others
    heard.refused("t", "ana", "x" * 10_000, "MALFORMED", 5)
    assert not heard.taken()


async def test_what_is_noted_between_two_keepings_is_bounded() -> None:
    heard = Heard(devices_max=2)
    for number in range(5):
        heard.pushed("t", "ana", f"d{number}", b"", number)
    heard.pushed("t", "ana", "d1", b"", 9)
    assert {device: latest.pushed_at for (_, device), latest in heard.taken().items()} == {"d0": 0, "d1": 9}


async def test_many_devices_are_kept_in_several_pieces(store: MemoryStore) -> None:
    heard, many = Heard(), [str(uuid.UUID(int=number)) for number in range(KEPT_AT_ONCE_MAX + 1)]
    for device in many:
        heard.pushed("t", "ana", device, b"", 5)
    await keeper(heard, store).keep()
    assert all([await store.device("t", device) for device in many])


async def test_trouble_is_one_line_and_the_next_keeping_comes_all_the_same() -> None:
    heard, failing, out = Heard(), Failing(), io.BytesIO()
    heard.pushed("t", "ana", DEVICE, b"", 5)
    running = asyncio.create_task(keeper(heard, failing, out, every_s=0.001).run())
    await failing.asked.wait()
    failing.asked.clear()
    heard.pushed("t", "ana", DEVICE, b"", 6)
    await failing.asked.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["event"], line["error"]) for line in lines[:2]] == [("sightings lost", "UNAVAILABLE")] * 2


async def test_what_was_heard_is_kept_once_more_when_the_server_stops(store: MemoryStore) -> None:
    heard = Heard()
    running = asyncio.create_task(keeper(heard, store).run())
    await asyncio.sleep(0)
    heard.pushed("t", "ana", DEVICE, b"", 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    facts = await store.device("t", DEVICE)
    assert facts is not None
    assert facts.sighting == Sighting(device=DEVICE, user="ana", pushed_at_ms=5)
