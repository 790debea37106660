"""Pokes over real sockets: who gets one, who gets none, and how a socket ends."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect

from homeport_sync.wire import POKE, POKE_OF_ALL, PUSH
from tests.edge.world import (
    DEVICE,
    SETTINGS,
    World,
    listening,
    make_world,
    poke,
    receive,
    send,
    served,
    socket,
)

STOCK = "subscription { poke }"
STOCK_OF_OTHERS = "subscription Others($device: ID) { poke(device: $device) }"
OTHER_DEVICE = "00000000-0000-4000-8000-00000000000b"
BOS_DEVICE = "00000000-0000-4000-8000-00000000000c"


async def _quiet(connection: Any) -> bool:  # noqa: ANN401
    """Whether nothing came before the answer to a ping that is sent now."""
    await send(connection, type="ping")
    return bool(await receive(connection) == {"type": "pong"})


def _renamed(world: World, device: str, made: dict[str, object]) -> dict[str, object]:
    """A change of that list."""
    return world.change(
        device, op="update", kind="ShoppingList", id=made["id"], scope=made["id"], fields={"title": "Bread"}
    )


async def _closed(connection: Any) -> tuple[int, str]:  # noqa: ANN401
    """The code and the reason with which the server closes."""
    async with asyncio.timeout(5):
        await connection.wait_closed()
    return int(connection.close_code), str(connection.close_reason)


@pytest.mark.promise("I8")
@pytest.mark.parametrize("query", [POKE, POKE_OF_ALL, STOCK, STOCK_OF_OTHERS])
async def test_a_commit_pokes_everyone_with_a_grant_and_nobody_else(served_world: World, url: str, query: str) -> None:
    world = served_world
    async with (
        listening(url, world.token("ana"), query) as ana,
        listening(url, world.token("ana"), query) as anas_tablet,
        listening(url, world.token("eve"), query) as eve,
    ):
        await world.push(world.new_list(DEVICE))
        assert await receive(ana) == poke("1")
        assert await receive(anas_tablet) == poke("1")
        assert await _quiet(eve)


@pytest.mark.parametrize("query", [POKE, STOCK])
async def test_an_invitation_pokes_the_invited_and_the_grant_holds_from_then_on(
    served_world: World, url: str, query: str
) -> None:
    world = served_world
    made = world.new_list(DEVICE)
    async with listening(url, world.token("bo"), query) as bo:
        await world.push(made)
        assert await _quiet(bo)
        await world.push(invited := world.invitation(DEVICE, made["id"], "bo"))
        assert await receive(bo) == poke("1")
        await world.push(rename := _renamed(world, DEVICE, made))
        assert await receive(bo) == poke("1")
        removal = world.change(
            DEVICE, op="update", kind="Member", id=invited["id"], scope=made["id"], fields={"user": "bo", "role": None}
        )
        await world.push(removal)
        assert await receive(bo) == poke("1")
        await world.push({**rename, **world.change(DEVICE)})
        assert await _quiet(bo)


@pytest.mark.parametrize("query", [POKE, STOCK_OF_OTHERS])
async def test_a_device_is_poked_for_what_others_change_and_not_for_its_own(
    served_world: World, url: str, query: str
) -> None:
    world = served_world
    made = world.new_list(DEVICE)
    async with (
        listening(url, world.token("ana"), query, device=DEVICE) as phone,
        listening(url, world.token("ana"), query, device=OTHER_DEVICE) as tablet,
        listening(url, world.token("bo"), query, device=BOS_DEVICE) as bo,
    ):
        await world.push(made, world.invitation(DEVICE, made["id"], "bo"))
        assert await receive(tablet) == poke("1")
        assert await receive(bo) == poke("1")
        assert await _quiet(phone)
        await world.push(world.new_list(OTHER_DEVICE), device=OTHER_DEVICE)
        assert await receive(phone) == poke("1")
        assert await _quiet(tablet)
        await world.push(_renamed(world, BOS_DEVICE, made), user="bo", device=BOS_DEVICE)
        assert await receive(phone) == poke("1")
        assert await receive(tablet) == poke("1")
        assert await _quiet(bo)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (POKE_OF_ALL, {}),
        (POKE_OF_ALL, {"device": DEVICE}),
        (POKE, {}),
        (POKE, {"device": None}),
        (STOCK_OF_OTHERS, {}),
        (STOCK_OF_OTHERS, {"device": None}),
    ],
)
async def test_who_does_not_say_which_device_it_is_is_poked_for_everything(
    served_world: World, url: str, query: str, variables: dict[str, Any]
) -> None:
    world = served_world
    async with listening(url, world.token(), query, **variables) as ana:
        await world.push(world.new_list(DEVICE))
        assert await receive(ana) == poke("1")


@pytest.mark.parametrize("query", [POKE, STOCK_OF_OTHERS])
@pytest.mark.parametrize("device", ["", "nope", DEVICE.upper(), 5, [DEVICE], {"id": DEVICE}])
async def test_a_device_id_that_is_none_is_refused_and_the_socket_goes_on(
    served_world: World, url: str, query: str, device: object
) -> None:
    world = served_world
    async with listening(url, world.token(), POKE) as ana:
        await send(ana, type="subscribe", id="2", payload={"query": query, "variables": {"device": device}})
        told = await receive(ana)
        assert told["id"] == "2"
        errors = told["payload"] if told["type"] == "error" else told["payload"]["errors"]
        assert errors[0]["extensions"]["code"] in {"MALFORMED", "GRAPHQL_INVALID"}
        if told["type"] == "next":
            assert await receive(ana) == {"id": "2", "type": "complete"}
        await world.push(world.new_list(DEVICE))
        assert await receive(ana) == poke("1")


@pytest.mark.promise("I8")
async def test_another_tenants_commit_pokes_nobody(served_world: World, url: str) -> None:
    world = served_world
    other = await world.store.create("other", id="other", epoch="e", now_ms=1)
    async with listening(url, world.token("ana"), POKE) as ana:
        world.tenant, mine = other.id, world.tenant
        await world.push(world.new_list(OTHER_DEVICE), device=OTHER_DEVICE)
        world.tenant = mine
        assert await _quiet(ana)


@pytest.mark.promise("I13")
async def test_the_poll_finds_what_a_lost_signal_would_have_told() -> None:
    world = await make_world(replace(SETTINGS, poke_poll_s=0.01))
    world.signals.publish = lambda tenant, position: None  # type: ignore[method-assign]  # every signal is lost
    async with served(world) as url, listening(url, world.token(), POKE) as ana:
        await world.push(world.new_list(DEVICE))
        assert await receive(ana) == poke("1")


async def test_a_completed_subscription_is_not_poked_and_its_id_is_free(served_world: World, url: str) -> None:
    world = served_world
    async with listening(url, world.token(), POKE) as ana:
        await send(ana, type="complete", id="1")
        assert await _quiet(ana)
        await world.push(world.new_list(DEVICE))
        assert await _quiet(ana)
        await send(ana, type="subscribe", id="1", payload={"query": POKE})
        assert await receive(ana) == poke("1")


@pytest.mark.parametrize("query", [POKE, STOCK])
async def test_a_socket_closes_with_4403_when_its_token_expires(served_world: World, url: str, query: str) -> None:
    world = served_world
    async with listening(url, world.token(ttl_s=0.02), query) as ana:
        world.clock.now_ms += 20
        code, reason = await _closed(ana)
    assert code == 4403
    assert reason.startswith("TOKEN_EXPIRED: ")


async def test_nothing_is_done_for_a_socket_whose_token_has_expired(served_world: World, url: str) -> None:
    world = served_world
    async with listening(url, world.token(ttl_s=60), POKE) as ana:
        variables = {"device": DEVICE, "changes": [world.new_list(DEVICE)]}
        world.clock.now_ms += 60_000
        await send(ana, type="subscribe", id="2", payload={"query": PUSH, "variables": variables})
        await send(ana, type="subscribe", id="3", payload={"query": PUSH, "variables": variables})
        assert (await _closed(ana))[0] == 4403
    assert await world.store.read(world.tenant, 0, 10) == []


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "UNAUTHENTICATED: There is no token: connection_init carries"),
        ("garbage", "TOKEN_MALFORMED"),
        ("a.b.c", "TOKEN_MALFORMED"),
    ],
)
async def test_a_socket_whose_token_was_never_valid_closes_with_4401(url: str, token: str | None, code: str) -> None:
    async with socket(url, token) as connection:
        assert (closed := await _closed(connection))[0] == 4401
        assert closed[1].startswith(code)


async def test_a_socket_opened_with_an_expired_token_closes_with_4403(served_world: World, url: str) -> None:
    token = served_world.token(ttl_s=1)
    served_world.clock.now_ms += 1_000
    async with socket(url, token) as connection:
        assert (await _closed(connection))[0] == 4403


async def test_a_socket_that_never_says_who_it_is_is_closed() -> None:
    world = await make_world(replace(SETTINGS, socket_init_s=0.01))
    async with (
        served(world) as url,
        connect(url, subprotocols=["graphql-transport-ws"]) as connection,  # type: ignore[list-item]
    ):
        assert (await _closed(connection))[0] == 4408


async def test_a_subscription_before_the_socket_is_open_closes_it_with_4401(url: str) -> None:
    async with connect(url, subprotocols=["graphql-transport-ws"]) as connection:  # type: ignore[list-item]
        await send(connection, type="subscribe", id="1", payload={"query": POKE})
        assert (await _closed(connection))[0] == 4401


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[" * 5_000 + "]" * 5_000,
        "[]",
        "5",
        '{"id": "1"}',
        '{"type": "nope"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "connection_init", "payload": "x"}',
        b"binary",
    ],
)
async def test_a_frame_that_is_no_message_closes_the_socket_with_4400(
    served_world: World, url: str, frame: str | bytes
) -> None:
    async with socket(url, served_world.token()) as connection:
        await receive(connection)
        await connection.send(frame)
        assert (await _closed(connection))[0] == 4400


async def test_saying_who_one_is_twice_closes_the_socket(served_world: World, url: str) -> None:
    async with socket(url, served_world.token()) as connection:
        await send(connection, type="connection_init", payload={})
        assert (await _closed(connection))[0] == 4429


async def test_using_an_id_twice_closes_the_socket(served_world: World, url: str) -> None:
    async with listening(url, served_world.token(), POKE) as connection:
        await send(connection, type="subscribe", id="1", payload={"query": POKE})
        assert (await _closed(connection))[0] == 4409


@pytest.mark.parametrize("query", ["subscription { nope }", "subscription {", "", "{ pull(device: 5, limit: 0) }"])
async def test_a_wrong_operation_ends_alone_with_a_code_and_the_socket_goes_on(
    served_world: World, url: str, query: str
) -> None:
    async with listening(url, served_world.token(), POKE) as ana:
        await send(ana, type="subscribe", id="2", payload={"query": query})
        told = await receive(ana)
        assert told["id"] == "2"
        errors = told["payload"] if told["type"] == "error" else told["payload"]["errors"]
        assert errors[0]["extensions"]["code"] in {"GRAPHQL_INVALID", "MALFORMED"}
        if told["type"] == "next":
            assert await receive(ana) == {"id": "2", "type": "complete"}
        await served_world.push(served_world.new_list(DEVICE))
        assert await receive(ana) == poke("1")


async def test_pushes_run_over_a_socket_too(served_world: World, url: str) -> None:
    world = served_world
    async with socket(url, world.token()) as ana:
        await receive(ana)
        variables = {"device": DEVICE, "changes": [world.new_list(DEVICE)]}
        await send(ana, type="subscribe", id="7", payload={"query": PUSH, "variables": variables})
        told = await receive(ana)
        assert told["payload"]["data"]["push"]["outcomes"] == [{"number": 1, "outcome": "applied"}]


async def test_a_user_may_have_so_many_sockets_and_each_that_closes_makes_room() -> None:
    world = await make_world(replace(SETTINGS, sockets_per_user_max=1))
    async with served(world) as url:
        async with listening(url, world.token(), POKE), socket(url, world.token()) as second:
            code, reason = await _closed(second)
            assert (code, reason.partition(":")[0]) == (1013, "TOO_MANY_SOCKETS")
            async with listening(url, world.token("bo"), POKE):
                pass
        async with listening(url, world.token(), POKE):
            pass


async def test_a_socket_may_have_so_many_subscriptions() -> None:
    world = await make_world(replace(SETTINGS, subscriptions_per_socket_max=1))
    async with served(world) as url, listening(url, world.token(), POKE) as ana:
        for query in (POKE, STOCK):
            await send(ana, type="subscribe", id="2", payload={"query": query})
            told = await receive(ana)
            assert (told["id"], told["type"]) == ("2", "error")
            (error,) = told["payload"]
            assert (error["extensions"]["code"], error["extensions"]["limit"]) == ("TOO_MANY_SUBSCRIPTIONS", 1)


async def test_a_store_that_fails_is_told_as_such_and_the_socket_goes_on(served_world: World, url: str) -> None:
    world = served_world
    async with socket(url, world.token("ana")) as ana:
        await receive(ana)
        tenant = world.store._logs.pop(world.tenant)
        await send(ana, type="subscribe", id="1", payload={"query": POKE})
        told = await receive(ana)
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")
        world.store._logs[world.tenant] = tenant
        await send(ana, type="subscribe", id="1", payload={"query": POKE})
        assert await receive(ana) == poke("1")


async def test_a_page_of_another_site_cannot_open_a_socket(url: str) -> None:
    with pytest.raises(Exception, match="403"):
        async with connect(url, subprotocols=["graphql-transport-ws"], origin="https://evil.example"):  # type: ignore[list-item,arg-type]
            pass


async def test_another_protocol_than_ours_is_closed_with_4406(url: str) -> None:
    async with connect(url, subprotocols=["graphql-ws"]) as connection:  # type: ignore[list-item]
        assert (await _closed(connection))[0] == 4406


async def test_a_stop_closes_sockets_with_1012_so_that_clients_come_back(served_world: World) -> None:
    async with served(served_world) as url:
        connection = await connect(url, subprotocols=["graphql-transport-ws"])  # type: ignore[list-item]
        await send(connection, type="connection_init", payload={"authorization": f"bearer {served_world.token()}"})
        await receive(connection)
    assert (await _closed(connection))[0] == 1012


async def test_no_token_of_a_socket_is_ever_logged(served_world: World, url: str) -> None:
    async with listening(url, served_world.token(), POKE):
        pass
    async with socket(url, "canary.canary.canary") as connection:
        await _closed(connection)
    logged = served_world.out.getvalue().decode()
    assert served_world.token() not in logged
    assert "canary" not in json.dumps(logged)
