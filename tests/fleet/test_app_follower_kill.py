"""A real server whose app follows its log is killed at random moments: the app is told of every change, in order.

The moments come from `HOMEPORT_SEED` (1 if it is not set); what happens in them is the machine's own doing.
"""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from homeport_client.fleet.live.real import RealServer
from tests.fleet.load import Caller, Writer, running
from tests.house.tree import ROOT

KILLS = 5
ALIVE_MAX_S = 0.4
LONG_S = 60.0
SEED = int(os.environ.get("HOMEPORT_SEED", "1"))
FOLLOWS = """

import asyncio
from pathlib import Path

from homeport_sync import Entry


@app.follower
async def write_down(entry: Entry) -> None:
    with Path(__file__).with_name("told").open("a") as told:
        told.write(f"{entry.position} {entry.key}\\n")
    await asyncio.sleep(0)
"""


@pytest.mark.promise("I13")
async def test_an_app_is_told_of_every_change_in_order_though_its_server_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    app, random = tmp_path / "app.py", Random(SEED)
    app.write_text((ROOT / "examples" / "tasks" / "app.py").read_text() + FOLLOWS)
    async with RealServer(app, tmp_path / "data") as server:
        await server.make_tenant("demo")
        writer = Writer(Caller(server.url, await server.token("ana", "demo")), Random(SEED))
        await server.start()
        async with running(writer):
            for _ in range(KILLS):
                await asyncio.sleep(random.uniform(0, ALIVE_MAX_S))
                await server.kill()
                await server.start()
        await server.kill()  # with whatever was still under way, so that nothing is committed behind what is read now
        await server.start()
        await writer.caller.close()
        log = await server.log("demo")
        effective = [each.position for each in log if each.outcome != "superseded"]
        async with asyncio.timeout(LONG_S):
            while last(tmp_path) < effective[-1]:  # noqa: ASYNC110  # another process writes it
                await asyncio.sleep(0.05)
    told = [line.split() for line in (tmp_path / "told").read_text().splitlines()]
    assert list(dict.fromkeys(int(position) for position, _ in told)) == effective, "in order, and none skipped"
    assert len({key for _, key in told}) == len(effective), "who comes again has the same key"
    assert len(writer.acknowledged) > KILLS


def last(directory: Path) -> int:
    """The highest position that the app was told of."""
    told = directory / "told"
    return max((int(line.split()[0]) for line in told.read_text().splitlines()), default=0) if told.exists() else 0
