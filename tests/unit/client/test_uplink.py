"""One uplink for many devices: they take turns on its connections, and nothing passes from one to another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from homeport_client import HttpTransport, Unreachable, Uplink, UplinkLimits
from tests.unit.client.test_http import LIMITS, PAGE, PULL, Web
from tests.unit.client.world import until

FEW = UplinkLimits(connections_max=2, kept_max=2)


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    made = Web()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        made.says({"data": {"pull": PAGE}})
        yield made


async def test_many_devices_take_turns_on_few_connections_and_each_sends_its_own_token(web: Web) -> None:
    async with Uplink(FEW) as uplink:
        many = [HttpTransport(web.url, f"token-{number}", LIMITS, uplink=uplink) for number in range(20)]
        pages = await asyncio.gather(*(each.pull(PULL) for each in many))
    assert [page.cursor for page in pages] == ["c2"] * 20
    assert web.connections == 2
    tokens = {line for head, _ in web.requests for line in head.split(b"\r\n") if line.startswith(b"authorization")}
    assert tokens == {f"authorization: bearer token-{number}".encode() for number in range(20)}


async def test_a_cookie_for_one_device_is_not_sent_by_another(web: Web) -> None:
    assert web.answer
    web.answer = web.answer.replace(b"200 OK\r\n", b"200 OK\r\nset-cookie: who=ann; path=/\r\n")
    async with Uplink(FEW) as uplink:
        for token in ("ann", "bob"):
            await HttpTransport(web.url, token, LIMITS, uplink=uplink).pull(PULL)
    assert [b"cookie" in head for head, _ in web.requests] == [False, False]


async def test_a_device_that_is_closed_leaves_the_uplink_to_the_others(web: Web) -> None:
    async with Uplink(FEW) as uplink:
        ann, bob = (HttpTransport(web.url, token, LIMITS, uplink=uplink) for token in ("ann", "bob"))
        await ann.pull(PULL)
        await ann.close()
        await bob.pull(PULL)
    assert web.connections == 1


async def test_who_gets_no_turn_in_time_is_told_that_the_server_is_out_of_reach(web: Web) -> None:
    web.answer = None
    patient, impatient = (replace(LIMITS, answer_s=seconds) for seconds in (5.0, 0.1))
    async with Uplink(UplinkLimits(connections_max=1)) as uplink:
        first = asyncio.create_task(HttpTransport(web.url, "ann", patient, uplink=uplink).pull(PULL))
        await until(lambda: bool(web.requests))
        with pytest.raises(Unreachable, match="TimeoutError"):
            await HttpTransport(web.url, "bob", impatient, uplink=uplink).pull(PULL)
        web.says({"data": {"pull": PAGE}})
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert (await HttpTransport(web.url, "bob", impatient, uplink=uplink).pull(PULL)).cursor == "c2"


@pytest.mark.promise("I2")
async def test_when_every_kept_connection_is_closed_under_them_all_devices_go_on_at_once() -> None:
    """The server answers once on each of the first connections, and closes it as the next request comes."""
    closing = Closing(connections=2)
    async with await asyncio.start_server(closing.serve, "127.0.0.1", 0) as server, Uplink(FEW) as uplink:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        pair = [HttpTransport(url, token, LIMITS, uplink=uplink) for token in ("ann", "bob")]
        await asyncio.gather(*(each.pull(PULL) for each in pair))
        pages = await asyncio.gather(*(each.pull(PULL) for each in pair))
    assert [page.cursor for page in pages] == ["c2", "c2"]
    assert closing.connections == 4


class Closing(Web):
    """Closes the first so many connections at their second request."""

    def __init__(self, *, connections: int) -> None:
        super().__init__()
        self._closing = connections
        self.says({"data": {"pull": PAGE}})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.connections >= self._closing:
            await super().serve(reader, writer)
            return
        self.connections += 1
        assert self.answer
        for answer in (self.answer, b""):
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(answer)
        writer.close()
