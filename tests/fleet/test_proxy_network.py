"""The network of a proxy as a whole: gone and back, as slow as it is, for many clients, before any server."""

import ssl
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from homeport_client.fleet.live.process import free_port, until
from homeport_client.fleet.networks import Gaps
from homeport_client.fleet.proxy.limits import ProxyLimits
from tests.fleet.between import BODY, INSTANT, Clock, answered, dial, proxied, request
from tests.fleet.far_end import LONG_S, FarEnd, far_end, heard

MANY = 200
# Of localhost, for a hundred years, signed by itself; the key opens nothing else.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgk43VwaViDpckN5ZY
XIJvNQmMhr3WTRyTl2Gc3G1JZuuhRANCAAS2C2rMdYY3X/i59C9PP6cCnbHgi8ol
j74QMeWcevfqgDMyJgEYKQLHcSVXyp83nGjuyr+OokgXLphuU8u0xqvD
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUT0htZjSYfSJVweX+TZ3eHRLycwcwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE3MDEzNVoYDzIxMjYxMDMx
MTcwMTM1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS2C2rMdYY3X/i59C9PP6cCnbHgi8olj74QMeWcevfqgDMyJgEYKQLH
cSVXyp83nGjuyr+OokgXLphuU8u0xqvDo2kwZzAdBgNVHQ4EFgQU5p2l2jq2chxs
jcmPGw4HIOlfLeIwHwYDVR0jBBgwFoAU5p2l2jq2chxsjcmPGw4HIOlfLeIwFAYD
VR0RBA0wC4IJbG9jYWxob3N0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
RwAwRAIgbhbyvbLfh7hucmDHTRNNuz7OGhF0rgid2ICJ6dgJSwMCIB/sokJfDZDG
3QgGHcquLSZVClwFm+290lc5vZbpGVRu
-----END CERTIFICATE-----
"""


async def test_without_a_network_connections_are_reset_or_fall_silent_and_end(far: FarEnd) -> None:
    clock = Clock(holds_s=1.0)
    async with proxied(far.url, clock=clock) as proxy:
        reader, writer = await dial(proxy)
        writer.write(request(BODY))
        assert await answered(reader) == BODY
        proxy.disconnect()
        assert not proxy.connected
        writer.write(request(BODY, target="/silent"))
        other, to_other = await dial(proxy)
        with pytest.raises(ConnectionResetError):
            await other.read()
        await clock.ring()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        proxy.connect()
        reader, again = await dial(proxy)
        again.write(request(BODY, target="/again"))
        assert await answered(reader) == BODY
        for each in (writer, to_other, again):
            each.close()
    assert far.targets() == ["/x", "/again"]


async def test_what_was_silent_for_a_moment_goes_on(far: FarEnd) -> None:
    async with proxied(far.url, clock=Clock(holds_s=1.0)) as proxy:
        reader, writer = await dial(proxy)
        proxy.disconnect()
        writer.write(request(BODY))
        await until(lambda: proxy.tally.requests == 1, within_s=LONG_S, awaited="the proxy has heard it")
        assert far.heard == []
        proxy.connect()
        assert await answered(reader) == BODY
        writer.close()


async def test_the_gaps_of_a_network_come_and_go_by_themselves(far: FarEnd) -> None:
    clock = Clock(holds_s=10.0)
    network = replace(INSTANT, gaps=Gaps(every_s=(100.0, 200.0), for_s=(10.0, 20.0)))
    async with proxied(far.url, network, clock=clock) as proxy:
        for _ in range(2):
            await clock.ring()
            await until(lambda: not proxy.connected, within_s=LONG_S, awaited="the network is gone")
            await clock.ring()
            await until(lambda: proxy.connected, within_s=LONG_S, awaited="the network is back")
        assert proxy.tally.incidents == {"gap": 2}
        await clock.ring()
        proxy.network = INSTANT
        await until(lambda: proxy.connected, within_s=LONG_S, awaited="the other network is there")


async def test_bytes_take_their_time_both_ways(far: FarEnd) -> None:
    clock = Clock()
    network = replace(INSTANT, bytes_per_s=1_000.0)
    async with proxied(far.url, network, clock=clock) as proxy, httpx2.AsyncClient(base_url=proxy.url) as phone:
        assert (await phone.post("/x", content=BODY)).content == BODY
        tally = proxy.tally
        assert sum(clock.slept) == pytest.approx((tally.bytes_down + tally.servers.went) / 1_000)
        assert tally.bytes_up > len(BODY) < tally.bytes_down


async def test_a_throttled_answer_is_not_read_faster_than_it_is_passed_on(far: FarEnd) -> None:
    clock = Clock(holds_s=0.01)
    limits = ProxyLimits(read_bytes=2_000)
    far.answers.clear()
    async with proxied(far.url, limits=limits, clock=clock) as proxy:
        _, writer = await dial(proxy)
        writer.write(request(BODY * 200))
        await heard(far, 1)
        proxy.network = replace(INSTANT, bytes_per_s=1_000.0)
        far.answers.set()
        for _ in range(10):
            await clock.ring()
        assert 0 < proxy.tally.bytes_down <= proxy.tally.servers.came <= limits.read_bytes
        writer.transport.abort()


async def test_many_connections_stay_open_at_once_and_one_too_many_is_reset(far: FarEnd) -> None:
    async with proxied(far.url, limits=ProxyLimits(connections_max=MANY)) as proxy:
        lines = [await dial(proxy) for _ in range(MANY)]
        for _ in range(2):
            for reader, writer in lines:
                writer.write(request(b"x"))
                assert await answered(reader) == b"x"
        assert (far.connections, far.open, len(far.heard)) == (MANY, MANY, 2 * MANY)
        reader, writer = await dial(proxy)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        for _, each in [*lines, (reader, writer)]:
            each.close()
        await until(lambda: far.open == 0, within_s=LONG_S, awaited="the server's connections have ended too")


async def test_a_client_that_gives_up_takes_its_connection_to_the_server_with_it(far: FarEnd) -> None:
    far.answers.clear()
    async with proxied(far.url) as proxy:
        _, writer = await dial(proxy)
        writer.write(request(BODY))
        await heard(far, 1)
        writer.close()
        far.answers.set()
        await until(lambda: far.open == 0, within_s=LONG_S, awaited="the server's connection has ended")


async def test_a_client_that_waits_to_go_ahead_is_told_so_by_the_server(far: FarEnd) -> None:
    async with proxied(far.url) as proxy:
        reader, writer = await dial(proxy)
        head, _, body = request(BODY, more=b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(body)
        assert await answered(reader) == BODY
        writer.close()


async def test_what_is_no_http_is_answered_400(far: FarEnd) -> None:
    async with proxied(far.url) as proxy:
        reader, writer = await dial(proxy)
        writer.write(b"HELO there\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        writer.close()
    assert far.connections == 0


async def test_before_a_server_that_is_not_there_a_connection_ends_and_that_is_told() -> None:
    async with proxied(f"http://127.0.0.1:{free_port()}") as proxy:
        reader, writer = await dial(proxy)
        writer.write(request(BODY))
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        assert proxy.tally.incidents == {"unreachable": 1}


async def test_a_server_over_tls_is_asked_by_its_own_name(tmp_path: Path) -> None:
    pem = tmp_path / "localhost.pem"
    pem.write_text(CERTIFICATE)
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(pem)
    trusts = ssl.create_default_context(cafile=str(pem))
    async with far_end(serves) as far, proxied(far.url, tls=trusts) as proxy:
        reader, writer = await dial(proxy)
        for _ in range(2):
            writer.write(request(BODY))
            assert await answered(reader) == BODY
        writer.close()
        name = far.url.removeprefix("https://").encode()
        assert [b"\r\nHost: " + name + b"\r\n" in each.head for each in far.heard] == [True, True]
