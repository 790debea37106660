"""PostgreSQL or NATS is gone for a while: the server says so, does not grow, and recovers by itself.

Meanwhile devices push as hard as they can, and give up early enough that they push again while the server still
holds what they pushed before. Short here; `make soak` lets them be gone for a minute.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx2
import pytest

from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.process import memory_bytes
from tests.fleet.load import Caller, Writer, running

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
WRITERS = 16
NOTES = "n" * 9_000
SEEN_S = 30.0
GROWTH_BYTES_MAX = 96 * 1_048_576
SETTINGS = {"HOMEPORT_TENANT_REQUESTS_IN_HAND_MAX": "32"}
ATTEMPTS = 200
LONG_S = 60.0


@asynccontextmanager
async def one_server(directory: Path, *, nats: bool = False) -> AsyncIterator[tuple[Cluster, list[Writer]]]:
    """A cluster of one server, and writers for it."""
    async with Cluster(APP, directory / "site", servers=1, workers=0, nats=nats, settings=SETTINGS) as cluster:
        await cluster.make_tenant("demo")
        token = await cluster.token("ana", "demo")
        await cluster.start()
        callers = [Caller(cluster.url, token, timeout_s=0.5) for _ in range(WRITERS)]
        yield cluster, [Writer(caller, Random(number), notes=NOTES) for number, caller in enumerate(callers)]
        for caller in callers:
            await caller.close()


async def told(cluster: Cluster, wanted: Callable[[int, dict[str, list[str]]], bool]) -> None:
    """Until /readyz tells what is wanted, by its status and its words."""
    async with httpx2.AsyncClient(timeout=SEEN_S) as http, asyncio.timeout(SEEN_S):
        while True:
            answer = await http.get(f"{cluster.server_urls[0]}/readyz")
            if wanted(answer.status_code, answer.json()):
                return


async def acknowledged_anew(writers: list[Writer]) -> None:
    """Until each writer has been answered once more."""
    before = [len(writer.acknowledged) for writer in writers]
    async with asyncio.timeout(SEEN_S):
        for writer, count in zip(writers, before, strict=True):
            while len(writer.acknowledged) == count:  # noqa: ASYNC110  # a writer is all work and no events
                await asyncio.sleep(0.02)


async def attempted(writers: list[Writer], times: int) -> None:
    """Until that many pushes more have come to nothing."""

    def in_vain() -> int:
        return sum(writer.caller.told_to_wait + writer.caller.unanswered for writer in writers)

    enough = in_vain() + times
    while in_vain() < enough:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.02)


async def check(cluster: Cluster, writers: list[Writer]) -> None:
    """Every acknowledged change stands in the log once, each device's in order, without a gap."""
    log = await cluster.log("demo")
    assert [entry.position for entry in log] == list(range(1, len(log) + 1))
    verdicts = {(entry.device, entry.number): entry.outcome for entry in log}
    assert len(verdicts) == len(log), "a change is twice in the log"
    for writer in writers:
        for number, outcome in writer.acknowledged.items():
            assert verdicts[writer.device, number] == outcome


async def killed(cluster: Cluster) -> None:
    await cluster.postgres.kill()


async def frozen(cluster: Cluster) -> None:
    await cluster.postgres.freeze()


async def restarted(cluster: Cluster) -> None:
    await cluster.postgres.start()


async def thawed(cluster: Cluster) -> None:
    cluster.postgres.thaw()


OUTAGES = {"killed": (killed, restarted), "frozen": (frozen, thawed)}


async def suffer(directory: Path, kind: str, for_s: float) -> None:
    begin, end = OUTAGES[kind]
    async with one_server(directory) as (cluster, writers):
        async with running(*writers):
            await acknowledged_anew(writers)
            before = memory_bytes(cluster.servers[0].pid)
            await begin(cluster)
            await told(
                cluster, lambda status, words: status == 503 and any("store" in each for each in words["reasons"])
            )
            await attempted(writers, ATTEMPTS)
            await asyncio.sleep(for_s)
            grown = memory_bytes(cluster.servers[0].pid) - before
            await end(cluster)
            await told(cluster, lambda status, _: status == 200)
            await acknowledged_anew(writers)
        assert cluster.servers[0].lives == 1, "it recovered by itself"
        await check(cluster, writers)
    assert grown < GROWTH_BYTES_MAX, f"the server grew by {grown / 1_048_576:.0f} MiB"


@pytest.mark.parametrize("kind", OUTAGES)
async def test_a_server_without_postgresql_says_so_and_does_not_grow_and_recovers(directory: Path, kind: str) -> None:
    await suffer(directory, kind, 0)


@pytest.mark.soak
@pytest.mark.parametrize("kind", OUTAGES)
async def test_postgresql_may_be_gone_for_a_minute(directory: Path, kind: str) -> None:
    await suffer(directory, kind, LONG_S)


async def do_without_nats(directory: Path, for_s: float) -> None:
    async with one_server(directory, nats=True) as (cluster, writers):
        assert cluster.nats
        await told(cluster, lambda status, words: status == 200 and not words["warnings"])
        async with running(*writers):
            before = memory_bytes(cluster.servers[0].pid)
            await cluster.nats.kill()
            await told(cluster, lambda status, words: status == 200 and bool(words["warnings"]))
            await acknowledged_anew(writers)
            await asyncio.sleep(for_s)
            grown = memory_bytes(cluster.servers[0].pid) - before
            await cluster.nats.start()
            await told(cluster, lambda status, words: status == 200 and not words["warnings"])
        await check(cluster, writers)
    assert grown < GROWTH_BYTES_MAX, f"the server grew by {grown / 1_048_576:.0f} MiB"


async def test_a_server_without_nats_warns_and_serves_on_and_finds_it_again(directory: Path) -> None:
    await do_without_nats(directory, 0)


@pytest.mark.soak
async def test_nats_may_be_gone_for_a_minute(directory: Path) -> None:
    await do_without_nats(directory, LONG_S)
