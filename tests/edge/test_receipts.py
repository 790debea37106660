"""Receipts over HTTP: by the precompiled operation, by any other document, and by a device that lost a list."""

from __future__ import annotations

from typing import Any

import pytest

from homeport_client import Device, HttpTransport
from homeport_sync.wire import PULL, PUSH, PUSH_RECEIPTS
from tests.edge.world import DEVICE, World, app, ask, served

BEN = "00000000-0000-4000-8000-00000000000b"


async def removed(world: World) -> str:
    """The list from which Ben was removed, at position 4."""
    home = world.new_list(DEVICE)
    await world.push(home, world.invitation(DEVICE, home["id"], "ben"))
    async with world.client("ben") as client:
        await ask(client, PUSH, device=BEN, changes=[world.new_list(BEN)])
    put_out = world.invitation(DEVICE, home["id"], "ben")
    await world.push({**put_out, "fields": {"user": "ben", "role": None}})
    return str(home["id"])


async def answered(world: World) -> dict[str, bool]:
    """The devices that are known to have held what a grant gave that has ended, and whether each has answered."""
    (ended,) = await world.store.ended_grants(world.tenant, ("", ""), 10)
    holders = await world.store.holders(world.tenant, ended, "", 10)
    return {each.device: each.received_at_ms is not None for each in holders}


@pytest.mark.parametrize("document", [PUSH_RECEIPTS, PUSH_RECEIPTS + " "])
async def test_a_receipt_is_kept_and_acknowledged_whichever_way_it_comes(world: World, document: str) -> None:
    home = await removed(world)
    assert await answered(world) == {}
    async with world.client("ben") as client:
        page: Any = (await ask(client, PULL, device=BEN)).json()["data"]["pull"]
        ending = {"scope": home, "position": 4}
        assert page["endings"] == [ending]
        receipt = {**ending, "droppedMs": 1}
        answer = (await ask(client, document, device=BEN, changes=[], receipts=[receipt])).json()["data"]["push"]
        assert answer["receipts"] == [ending]
    assert await answered(world) == {BEN: True}


async def test_what_a_document_does_not_declare_is_not_seen(world: World) -> None:
    home = await removed(world)
    receipt = {"scope": home, "position": 4, "droppedMs": 1}
    async with world.client("ben") as client:
        answer = (await ask(client, PUSH, device=BEN, changes=[], receipts=[receipt])).json()["data"]["push"]
    assert "receipts" not in answer
    assert await answered(world) == {}


async def test_what_is_no_receipt_is_malformed(world: World) -> None:
    async with world.client() as client:
        told = (await ask(client, PUSH_RECEIPTS, device=DEVICE, changes=[], receipts=[{"scope": "x"}])).json()
    assert told["errors"][0]["extensions"]["code"] == "MALFORMED"
    assert "See Receipt in PROTOCOL.md" in told["errors"][0]["message"]


@pytest.mark.promise("I8")
async def test_a_device_that_lost_a_list_has_answered_as_soon_as_it_has_synced(world: World) -> None:
    async with served(world) as url:
        server = url.replace("ws", "http", 1).removesuffix("/api/v1/graphql")
        ways = [HttpTransport(server, world.token(user)) for user in ("ana", "ben")]
        async with (
            await Device.open(app=app, transport=ways[0], wall_ms=world.clock) as ana,
            await Device.open(app=app, transport=ways[1], wall_ms=world.clock) as ben,
        ):
            home = await ana.create("ShoppingList", title="Milk")
            await ana.invite(home, "ben")
            await ana.sync()
            await ben.sync()
            assert await ben.get(home) is not None
            await ana.remove(home, "ben")
            await ana.sync()
            await ben.sync()
            assert await ben.get(home) is None
            assert await answered(world) == {ben.id: True}
