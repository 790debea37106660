"""The proxy where two things meet: an answer and the rest of its request, a gap and a hand, an incident and a limit."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from homeport_client.fleet.live.process import until
from homeport_client.fleet.networks import Gaps
from homeport_client.fleet.proxy.address import Address, trusted
from tests.fleet.between import BODY, INSTANT, Clock, dial, proxied, request
from tests.fleet.far_end import LONG_S, FarEnd

EARLY = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nwho?\n"


async def test_an_answer_that_comes_before_the_request_is_through_is_heard() -> None:
    async def answer_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EARLY)
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    server = await asyncio.start_server(answer_at_once, "127.0.0.1", 0)
    async with server, proxied(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy:
        reader, writer = await dial(proxy)
        writer.write(request(BODY * 1_000))  # more than all buffers on the way hold
        assert (await reader.read()).endswith(b"who?\n")
        writer.close()
        gone.set()


@pytest.mark.parametrize("turns", [3, 4, 5])  # before that it is asyncio's own
async def test_who_is_just_coming_in_when_it_closes_is_sent_away(far: FarEnd, turns: int) -> None:
    async with proxied(far.url) as proxy:
        with socket.create_connection(("127.0.0.1", urlsplit(proxy.url).port or 0)) as phone:
            for _ in range(turns):  # of the loop: with each it has come in a little further
                await asyncio.sleep(0)
            await proxy.close()
            phone.setblocking(False)
            async with asyncio.timeout(LONG_S):
                with suppress(ConnectionResetError):
                    assert await asyncio.get_running_loop().sock_recv(phone, 1) == b""


async def test_a_gap_that_ends_leaves_a_network_away_that_somebody_has_cut(far: FarEnd) -> None:
    clock = Clock(holds_s=10.0)
    network = replace(INSTANT, gaps=Gaps(every_s=(100.0, 200.0), for_s=(10.0, 20.0)))
    async with proxied(far.url, network, clock=clock) as proxy:
        await clock.ring()
        await until(lambda: not proxy.connected, within_s=LONG_S, awaited="the gap is there")
        proxy.disconnect()
        slept = len(clock.slept)
        await clock.ring()
        await until(lambda: len(clock.slept) > slept, within_s=LONG_S, awaited="the gap is over")
        assert not proxy.connected
        proxy.connect()
        assert proxy.connected


async def test_a_request_that_is_too_large_suffers_nothing_else(far: FarEnd) -> None:
    async with proxied(far.url, replace(INSTANT, rates={"double": 1.0}, body_bytes_max=100)) as proxy:
        reader, writer = await dial(proxy)
        writer.write(request(BODY))
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()
        assert proxy.tally.incidents == {"too_large": 1}


@pytest.mark.parametrize("more", ["/api", "?a=1", "/?", "#there", "/#"])
def test_an_address_is_a_host_and_a_port_and_no_more(more: str) -> None:
    with pytest.raises(ValueError, match="without a path"):
        Address.of(f"http://127.0.0.1:8000{more}")


def test_an_address_with_a_password_is_refused_without_saying_it() -> None:
    with pytest.raises(ValueError, match="expected a URL") as refused:
        Address.of("http://me:hush@127.0.0.1:8000")
    assert "hush" not in str(refused.value)


def test_what_python_trusts_is_read_once() -> None:
    assert trusted() is trusted()
