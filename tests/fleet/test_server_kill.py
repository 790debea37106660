"""A real server, killed with SIGKILL at random moments under load, loses nothing it has acknowledged.

The moments come from `HOMEPORT_SEED` (1 if it is not set); what happens in them is the machine's own doing.
"""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from homeport_client.fleet.live.real import RealServer
from tests.fleet.load import Caller, Follower, Writer, running

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
WRITERS = 6
ALIVE_MAX_S = 0.2
LONG_S = 60.0
SEED = int(os.environ.get("HOMEPORT_SEED", "1"))


@pytest.mark.promise("I1")
@pytest.mark.promise("I4")
@pytest.mark.parametrize("kills", [20, pytest.param(50, marks=pytest.mark.soak)])
async def test_a_server_killed_again_and_again_under_load_keeps_every_acknowledged_change(
    tmp_path: Path, kills: int
) -> None:
    random = Random(SEED)
    async with RealServer(APP, tmp_path) as server:
        await server.make_tenant("demo")
        token = await server.token("ana", "demo")
        await server.start()
        callers = [Caller(server.url, token) for _ in range(WRITERS + 1)]
        writers = [Writer(caller, Random(f"{SEED}/{index}")) for index, caller in enumerate(callers[1:])]
        follower = Follower(callers[0], random)
        async with running(follower, *writers):
            for _ in range(kills):
                await asyncio.sleep(random.uniform(0, ALIVE_MAX_S))
                await server.kill()
                await server.start()
        await server.kill()  # with whatever was still under way, so that nothing is committed behind the last pull
        await server.start()
        await follower.catch_up()
        for caller in callers:
            assert not caller.told_to_wait
            await caller.close()
    check(tmp_path, writers, follower)
    assert sum(len(writer.acknowledged) for writer in writers) > kills


async def test_a_killed_server_does_not_wait_for_the_leases_of_its_former_life(tmp_path: Path) -> None:
    async with RealServer(APP, tmp_path, settings={"HOMEPORT_LEASE_S": "3600"}) as server:
        await server.make_tenant("demo")
        writer = Writer(Caller(server.url, await server.token("ana", "demo")), Random(SEED))
        await server.start()
        async with running(writer), asyncio.timeout(LONG_S):
            await counted(server, 1)
            await server.kill()
            await server.start()
            await counted(server, await server.head("demo") + 1)
        await writer.caller.close()


async def counted(server: RealServer, position: int) -> None:
    """Wait until the usage follower has come there, having counted each position once."""
    place = 0
    while place < position:
        await asyncio.sleep(0.02)
        [follower] = await server.followed("demo")
        place = follower.place
        assert follower.counted == place


def check(data: Path, writers: list[Writer], follower: Follower) -> None:
    """Against the database itself, read with nothing of ours."""
    with closing(sqlite3.connect(f"file:{data / 'homeport.sqlite3'}?mode=ro", uri=True)) as database:
        log = database.execute("SELECT position, device_id, number, outcome FROM log ORDER BY position").fetchall()
        records = dict(database.execute("SELECT record_id, position FROM records"))
        wires = [json.loads(wire) for (wire,) in database.execute("SELECT wire FROM records")]
    assert [row[0] for row in log] == list(range(1, len(log) + 1)), "the log has gaps"
    numbers: dict[str, list[int]] = {}
    for _, device, number, _ in log:
        numbers.setdefault(device, []).append(number)
    verdicts = {(device, number): outcome for _, device, number, outcome in log}
    for writer in writers:
        written = numbers[writer.device]
        assert written == list(range(1, len(written) + 1)), "a change is missing, twice in the log, or out of order"
        for number, outcome in writer.acknowledged.items():
            assert verdicts[writer.device, number] == outcome, "an acknowledged change is missing"
    assert follower.records == records, "the follower has other records than the server"
    assert all(wire["position"] == records[wire["id"]] for wire in wires)
