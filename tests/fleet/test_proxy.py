"""What the proxy does to real bytes: each incident as the client sees it and as the server does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_client.fleet.live.process import until
from homeport_client.fleet.networks import INCIDENTS, NETWORKS
from homeport_client.fleet.proxy.fate import Armed, Fates
from homeport_client.fleet.proxy.incidents import HAPPEN
from homeport_client.fleet.proxy.limits import ProxyLimits
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.seed import Seed
from tests.fleet.between import BODY, INSTANT, Clock, answered, dial, proxied, request
from tests.fleet.far_end import LONG_S, FarEnd, far_end, heard

PATIENCE_S = 0.05
NO_ANSWER = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)


@pytest.fixture
async def proxy(far: FarEnd) -> AsyncIterator[Proxy]:
    async with proxied(far.url) as between:
        yield between


@pytest.fixture
async def phone(proxy: Proxy) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=proxy.url, timeout=LONG_S) as client:
        yield client


def bodies() -> st.SearchStrategy[tuple[bytes, int]]:
    """Bytes of any length and kind, and the size of their chunks (0: none)."""
    long = st.integers(0, 300_000).map(lambda size: Random(size).randbytes(size))
    return st.tuples(st.binary(max_size=200) | long, st.sampled_from([0, 1_000, 70_000]))


@given(sent=st.lists(bodies(), min_size=1, max_size=4), ahead=st.booleans())
@settings(max_examples=25, deadline=None)
def test_over_a_perfect_network_any_bodies_pass_byte_for_byte(sent: list[tuple[bytes, int]], ahead: bool) -> None:
    async def story() -> None:
        async with far_end() as far, proxied(far.url) as proxy:
            reader, writer = await dial(proxy)
            whole = [request(body, chunk) for body, chunk in sent]
            writer.write(b"".join(whole) if ahead else whole[0])
            for index, (body, _) in enumerate(sent):
                assert await answered(reader) == body
                if not ahead and index + 1 < len(sent):
                    writer.write(whole[index + 1])
            writer.close()
            assert [each.body for each in far.heard] == [body for body, _ in sent]
            assert far.connections == 1

    asyncio.run(story())


def test_every_incident_of_a_network_has_its_function() -> None:
    assert tuple(HAPPEN) == INCIDENTS


async def test_a_lost_request_never_arrives_and_nobody_says_so(
    far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient
) -> None:
    proxy.arm("lose_request")
    with pytest.raises(httpx2.ReadTimeout):
        await phone.post("/lost", content=BODY, timeout=PATIENCE_S)
    assert (await phone.post("/next", content=BODY)).content == BODY
    assert far.targets() == ["/next"]
    assert proxy.tally.incidents == {"lose_request": 1}


async def test_a_request_whose_answer_is_lost_is_served(far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient) -> None:
    proxy.arm("lose_answer")
    with pytest.raises(httpx2.ReadTimeout):
        await phone.post("/served", content=BODY, timeout=PATIENCE_S)
    assert far.targets() == ["/served"]
    assert (await phone.post("/next")).status_code == 200


async def test_of_a_cut_request_half_the_body_arrives(far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient) -> None:
    proxy.arm("cut_request")
    with pytest.raises(NO_ANSWER):
        await phone.post("/cut", content=BODY)
    await until(lambda: bool(far.broken), within_s=LONG_S, awaited="half of it has come")
    assert far.heard == []
    assert far.broken[0].endswith(b"\r\n\r\n" + BODY[: len(BODY) // 2])


async def test_of_a_cut_request_without_a_body_half_the_head_arrives(
    far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient
) -> None:
    proxy.arm("cut_request")
    with pytest.raises(NO_ANSWER):
        await phone.get("/cut")
    await until(lambda: bool(far.broken), within_s=LONG_S, awaited="half of it has come")
    assert far.heard == []
    assert b"GET /cut" in far.broken[0]
    assert b"\r\n\r\n" not in far.broken[0]


async def test_a_cut_answer_ends_with_a_reset_in_its_middle(far: FarEnd, proxy: Proxy) -> None:
    proxy.arm("cut_answer")
    reader, writer = await dial(proxy)
    writer.write(request(BODY))
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()
    assert [each.body for each in far.heard] == [BODY]
    assert len(BODY) // 2 < proxy.tally.bytes_down < len(BODY)


async def test_a_doubled_request_arrives_twice_on_two_connections(
    far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient
) -> None:
    proxy.arm("double")
    assert (await phone.post("/twice", content=BODY)).content == BODY
    await heard(far, 2)
    assert [each.body for each in far.heard] == [BODY, BODY]
    assert far.connections == 2


async def test_a_late_request_arrives_after_what_was_sent_later(far: FarEnd) -> None:
    clock = Clock(holds_s=1.0)
    network = replace(INSTANT, late_s=1e9)
    async with proxied(far.url, network, clock=clock) as proxy, httpx2.AsyncClient(base_url=proxy.url) as phone:
        proxy.arm("late")
        with pytest.raises(httpx2.RemoteProtocolError):
            await phone.post("/early", content=BODY)
        assert (await phone.post("/later", content=BODY)).status_code == 200
        assert proxy.busy
        await clock.ring()
        await heard(far, 2)
    assert far.targets() == ["/later", "/early"]


async def test_a_slow_answer_drips_in_for_as_long_as_the_network_says(far: FarEnd) -> None:
    clock = Clock()
    async with proxied(far.url, clock=clock) as proxy, httpx2.AsyncClient(base_url=proxy.url) as phone:
        proxy.arm("slow")
        assert (await phone.post("/slow", content=BODY)).content == BODY
    assert sum(clock.slept) == pytest.approx(proxy.network.late_s)
    assert sum(seconds > 0 for seconds in clock.slept) > 10


@pytest.mark.parametrize(("incident", "status"), [("portal", 200), ("bad_gateway", 502), ("too_large", 413)])
async def test_what_stands_in_between_answers_with_its_own_page_and_nothing_arrives(
    far: FarEnd, proxy: Proxy, phone: httpx2.AsyncClient, incident: str, status: int
) -> None:
    proxy.arm(incident)
    answer = await phone.post("/stopped", content=BODY * 1_000)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert far.heard == []
    assert (await phone.post("/next")).status_code == 200
    assert far.targets() == ["/next"]


@pytest.mark.parametrize("chunk", [0, 1_000])
async def test_a_body_over_the_networks_limit_is_refused_and_one_within_it_passes(far: FarEnd, chunk: int) -> None:
    async with proxied(far.url, replace(INSTANT, body_bytes_max=len(BODY))) as proxy:
        for body, fits in ((BODY, True), (BODY + b"x", False)):
            reader, writer = await dial(proxy)
            writer.write(request(body, chunk))
            if fits:
                assert await answered(reader) == BODY
            else:
                assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
            writer.close()
        assert [each.body for each in far.heard] == [BODY]
        assert proxy.tally.incidents == {"too_large": 1}


async def test_an_armed_incident_must_be_one(proxy: Proxy) -> None:
    with pytest.raises(ValueError, match=r"expected one of lose_request, .*, lose_poke"):
        proxy.arm("flood")


async def test_a_message_too_large_to_be_held_ends_its_connection(far: FarEnd) -> None:
    async with (
        proxied(far.url, limits=ProxyLimits(held_bytes_max=1_000)) as proxy,
        httpx2.AsyncClient(base_url=proxy.url) as phone,
    ):
        proxy.arm("double")
        with pytest.raises(NO_ANSWER):
            await phone.post("/large", content=BODY)
        assert (await phone.post("/large", content=BODY)).content == BODY  # one that nothing happens to is not held
    assert len(far.heard) == 1


async def test_the_same_seed_gives_the_same_incidents_at_their_rates(far: FarEnd) -> None:
    network = replace(NETWORKS["rough"], delay_s=(0.0, 0.0), late_s=0.0, rates={"portal": 0.3, "bad_gateway": 0.2})

    async def statuses() -> list[int]:
        async with proxied(far.url, network) as proxy, httpx2.AsyncClient(base_url=proxy.url) as phone:
            return [(await phone.post("/x")).status_code for _ in range(60)]

    once = await statuses()
    assert await statuses() == once
    assert {200, 502} == set(once)
    assert 3 < once.count(502) < 25


def test_each_incident_happens_to_its_share_of_the_requests() -> None:
    rough, armed = NETWORKS["rough"], Armed()
    drawn = [Fates(Seed(1).stream(number), armed).draw(rough, upgrade=False) for number in range(10_000)]
    counts = Counter(fate.incident for fate in drawn)
    for name, rate in rough.rates.items():
        assert counts[name] / len(drawn) == pytest.approx(rate, rel=0.3)
    assert all(0 <= fate.later_s <= rough.late_s for fate in drawn)
