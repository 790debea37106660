"""Who is up to date and who listens: exact for what this process has heard, as kept for all others."""

from __future__ import annotations

import io

import pytest

from homeport_notify.ports import Presence
from homeport_server.listening import CONNECTED_MS, RENEW_MS, Listening
from homeport_server.notify.presences import LOOK_AGAIN_MS, KeptPresences, LivePresences
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.pokes import PokeHub
from homeport_server.sightings import Heard, Keeper
from homeport_sync.memory import MemoryStore
from homeport_sync.sightings import Sighting
from homeport_sync.signals import LocalSignals
from tests.unit.server.test_pokes import Ear
from tests.unit.server.test_sightings import DEVICE, SEAL, page

OTHER = "00000000-0000-4000-8000-00000000000b"


class House:
    """One process beside a store."""

    def __init__(self, store: MemoryStore) -> None:
        self.now_ms = 1_000_000
        self.store = store
        self.heard = Heard()
        self.listening = Listening(self.clock)
        self.live = LivePresences(store, self.heard, self.listening, SEAL, self.clock)
        log = make_log("info", io.BytesIO())
        self.keeper = Keeper(self.heard, store, SEAL, log, wall_ms=self.clock, every_s=1, listening=self.listening)
        self.hub = PokeHub(
            store,
            LocalSignals(),
            log,
            poll_s=1,
            metrics=Metrics(),
            wall_ms=self.clock,
            listening=self.listening,
        )

    def clock(self) -> int:
        return self.now_ms

    async def here(self, device: str = DEVICE) -> Presence | None:
        return (await self.live.presences("t", [device])).get(device)

    async def elsewhere(self, device: str = DEVICE) -> Presence | None:
        """As another process knows it."""
        return (await KeptPresences(self.store).presences("t", [device])).get(device)


@pytest.fixture
async def house() -> House:
    store = MemoryStore()
    await store.create("demo", id="t", epoch="e", now_ms=1)
    return House(store)


async def test_a_device_that_nobody_heard_of_is_absent(house: House) -> None:
    assert await house.here() is None
    assert await house.elsewhere() is None


async def test_a_pull_is_known_here_at_once_and_elsewhere_when_it_was_kept(house: House) -> None:
    house.heard.pulled("t", "ana", DEVICE, page(7), house.now_ms)
    assert await house.here() == Presence(pulled_position=7)
    assert await house.elsewhere() is None
    await house.keeper.keep()
    assert await house.elsewhere() == Presence(pulled_position=7)
    house.heard.pulled("t", "ana", DEVICE, page(9), house.now_ms + 1)
    assert await house.here() == Presence(pulled_position=9)
    assert await house.elsewhere() == Presence(pulled_position=7)


async def test_what_is_on_its_way_into_the_store_is_not_forgotten_meanwhile(house: House) -> None:
    house.heard.pulled("t", "ana", DEVICE, page(7), house.now_ms)
    house.heard.taken()
    assert await house.here() == Presence(pulled_position=7)


async def test_a_socket_is_known_here_at_once_as_long_as_it_is_open(house: House) -> None:
    one, two = Ear(), Ear()
    await house.hub.join("t", "ana", one, DEVICE)
    await house.hub.join("t", "ana", two, DEVICE)
    assert await house.here() == Presence(listens_until_ms=house.now_ms + LOOK_AGAIN_MS)
    house.hub.leave("t", "ana", one)
    assert await house.here() == Presence(listens_until_ms=house.now_ms + LOOK_AGAIN_MS)
    house.hub.leave("t", "ana", two)
    house.hub.leave("t", "ana", two)
    assert await house.here() is None


async def test_another_process_is_told_when_it_comes_and_leaves_and_once_a_minute(house: House) -> None:
    ear = Ear()
    await house.hub.join("t", "ana", ear, DEVICE)
    await house.keeper.keep()
    began_ms = house.now_ms
    assert await house.elsewhere() == Presence(listens_until_ms=began_ms + CONNECTED_MS)
    house.now_ms += RENEW_MS - 1
    assert list(house.listening.news()) == []
    house.now_ms += 1
    await house.keeper.keep()
    assert await house.elsewhere() == Presence(listens_until_ms=began_ms + RENEW_MS + CONNECTED_MS)
    house.now_ms += 1
    house.hub.leave("t", "ana", ear)
    await house.keeper.keep()
    assert await house.elsewhere() == Presence()


async def test_one_that_has_come_back_before_anybody_was_told_has_not_left(house: House) -> None:
    first, second = Ear(), Ear()
    await house.hub.join("t", "ana", first, DEVICE)
    await house.keeper.keep()
    house.hub.leave("t", "ana", first)
    await house.hub.join("t", "ana", second, DEVICE)
    await house.keeper.keep()
    presence = await house.elsewhere()
    assert presence is not None
    assert presence.listens_until_ms > house.now_ms


async def test_one_that_has_gone_to_another_process_is_still_connected_when_this_one_says_that_it_left(
    house: House,
) -> None:
    ear = Ear()
    await house.hub.join("t", "ana", ear, DEVICE)
    await house.keeper.keep()
    house.now_ms += 5
    house.hub.leave("t", "ana", ear)
    later = Sighting(device=DEVICE, user="ana", connected_at_ms=house.now_ms + 1, connected=True)
    await house.store.keep_sightings("t", [later], house.now_ms)
    await house.keeper.keep()
    assert await house.elsewhere() == Presence(listens_until_ms=house.now_ms + 1 + CONNECTED_MS)


async def test_who_listens_without_saying_which_device_it_is_counts_for_none(house: House) -> None:
    ear = Ear()
    await house.hub.join("t", "ana", ear)
    assert list(house.listening.news()) == []
    house.hub.leave("t", "ana", ear)
    assert await house.here(OTHER) is None
