"""npm graphql-ws as a client of our sockets: what its documentation says of each close code, and of coming back."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from homeport_client.fleet.live.real import RealServer
from homeport_server.app import make_tokens
from homeport_server.secret import open_secret
from homeport_server.settings import Settings
from tests.clients.conftest import APP, Address
from tests.clients.node import command, told_by

pytestmark = [pytest.mark.clients, pytest.mark.asyncio(loop_scope="module")]
HASTY = {"HOMEPORT_TOKEN_LEEWAY_S": "0", "HOMEPORT_SOCKET_INIT_S": "1", "HOMEPORT_DRAIN_S": "1"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Address]:
    """A server that waits for nobody, with a tenant in place of a token: each scenario has its own."""
    async with RealServer(APP, tmp_path_factory.mktemp("hasty"), settings=HASTY) as server:
        await server.start()
        tenant = await server.make_tenant("demo")
        yield Address(server, tenant)


def _given(hasty: Address, scenario: str) -> dict[str, Any]:
    data = hasty.server._data
    tokens = make_tokens(Settings(data=data), open_secret(data))
    lives = {"good": 600.0, "brief": 2.0, "expired": -60.0}
    issued = {name: tokens.issue(user="ana", tenant=hasty.token, ttl_s=ttl_s) for name, ttl_s in lives.items()}
    return {"scenario": scenario, "url": hasty.socket, "tokens": issued}


async def _told(hasty: Address, scenario: str) -> Any:  # noqa: ANN401
    return await told_by("sockets.mjs", **_given(hasty, scenario))


async def test_it_subscribes_completes_asks_and_writes_over_one_socket(hasty: Address) -> None:
    poke = {"data": {"poke": True}}
    assert await _told(hasty, "operations") == {
        "begun": poke,
        "made": {"data": {"createTaskList": {"taskList": {"title": "Milk"}}}},
        "poked": poke,
        "read": {"data": {"taskLists": {"nodes": [{"title": "Milk"}]}}},
        "invalid": "GRAPHQL_INVALID",
        "completed": "complete",
        "again": poke,
        "events": ["connected", 1000],
    }


async def test_its_pings_are_answered(hasty: Address) -> None:
    assert await _told(hasty, "pings") == ["connected", "ping", "pong"]


async def test_each_close_code_is_the_one_that_the_protocol_names(hasty: Address) -> None:
    assert await _told(hasty, "codes") == {
        "late init": 4408,
        "duplicate id": 4409,
        "second init": 4429,
        "no token": 4401,
        "wrong token": 4401,
        "expired token": 4403,
        "subscribe before the ack": 4401,
        "unknown message": 4400,
        "no message": 4400,
        "no protocol": 4406,
        "another protocol": "Server sent no subprotocol",
    }


async def test_a_token_that_expires_closes_with_4403_and_the_client_comes_back_with_another(hasty: Address) -> None:
    assert await _told(hasty, "expiry") == ["connected", 4403, "connected", 1000]


async def test_a_client_that_does_not_read_delays_nobody_and_misses_nothing(hasty: Address) -> None:
    assert await _told(hasty, "slow") == {"late": {"data": {"poke": True}}}


async def test_it_comes_back_by_itself_after_a_restart_which_closes_with_1012(hasty: Address) -> None:
    running = await asyncio.create_subprocess_exec(
        *command("sockets.mjs", _given(hasty, "restart")), stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout
    try:
        async with asyncio.timeout(60):
            assert json.loads(await running.stdout.readline()) == "listening"
            await hasty.server._process.stop()
            await hasty.server.start()
            events = json.loads(await running.stdout.read())
            await running.wait()
    finally:
        if running.returncode is None:
            running.kill()
    assert events[:4] == ["connected", "pinged", "ponged", 1012]  # the ping says to who understands it: go away soon
    assert events[-2:] == ["connected", 1000]
