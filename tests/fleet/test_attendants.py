"""Whoever kills a part of the site, nobody is accused of it, and it lives again once."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest

from homeport_client.fleet.live import attendants, trouble
from homeport_client.fleet.live.attendants import Attendants
from homeport_client.fleet.live.homeport import ask
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.live.site import Site
from homeport_client.fleet.live.trouble import killing


class FakeServer:
    """A `Part` that takes a while to be ready."""

    fallen = ""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.running = True
        self.ready = True
        self.lives = 1

    async def start(self) -> None:
        if self.running:
            raise ProcessFailed("The server is running already.")
        self.running, self.ready = True, False
        await asyncio.sleep(0.05)
        if not self.running:
            raise ProcessFailed("The server was ended before it was ready.")
        self.ready = True
        self.lives += 1

    async def kill(self) -> None:
        self.running = False


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "DOWN_S", 0.02)
    monkeypatch.setattr(attendants, "DOWN_S", 0.02)


async def test_a_story_and_a_trouble_may_kill_the_same_server() -> None:
    server = FakeServer()
    attending = Attendants(cast(Site, SimpleNamespace(parts={"server": server})), killing("server"))
    suffering = asyncio.create_task(attending.suffer(0.02))
    attending.crash()
    await suffering
    await attending.raise_parts()
    assert attending.fallen == []
    assert server.ready
    assert server.lives == 2


async def test_a_server_that_is_about_to_be_ready_is_not_killed_on_the_way_there() -> None:
    server = FakeServer()
    attending = Attendants(cast(Site, SimpleNamespace(parts={"server": server})), killing("server"))
    attending.crash()
    await attending.suffer(0.1)  # it is killed while it starts again
    await attending.raise_parts()
    assert attending.fallen == []
    assert server.lives == 3


async def test_what_an_interpreter_complains_of_is_no_part_of_the_answer(directory: Path) -> None:
    environ = {"HOMEPORT_DATA": str(directory / "data"), "PYTHONVERBOSE": "1"}
    tenant = await ask("tenant", "create", "fleet", environ=environ)
    assert len(tenant.split()) == 1


async def test_a_verb_that_fails_is_told_with_what_it_complains_of() -> None:
    with pytest.raises(ProcessFailed, match=r"homeport no-such-verb failed: (?s:.)*No such command"):
        await ask("no-such-verb")


class FakeTelling:
    """A `Site` that has so much to tell still."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def to_tell(self, tenant: str) -> int:
        assert tenant == "fleet"
        self.left -= 1
        return self.left


@pytest.mark.parametrize(("left", "within_s", "rest"), [(3, 60, 0), (1_000_000, 0.01, 1)])
async def test_all_is_told_before_anybody_judges_but_for_what_has_to_wait(
    left: int, within_s: float, rest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendants, "RETRY_S", 0)
    site = FakeTelling(left)
    attending = Attendants(cast(Site, site), killing("server"))
    attending.tenant = "fleet"
    await attending.all_told(within_s)
    assert min(site.left, 1) == rest


async def test_a_provider_at_rest_takes_nothing_that_no_phone_would_be_brought(directory: Path) -> None:
    async with LiveProvider(directory) as provider:
        url = provider.settings["HOMEPORT_FCM_URL"]
        async with httpx2.AsyncClient(base_url=url) as http:
            assert (await http.get("/emulator/counts")).status_code == 200
            await provider.rest()
            with pytest.raises(httpx2.TransportError):
                await http.get("/emulator/counts")
