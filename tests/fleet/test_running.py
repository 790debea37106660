"""A server that runs already: a fleet asks before it plays there, leaves others alone, and reads the log by itself."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_client import Device
from homeport_client.fleet.errors import InProduction, ServerUnusable
from homeport_client.fleet.hurried import hurried
from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.mark import must_be_playable
from homeport_client.fleet.live.process import free_port
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.running import RunningSite
from homeport_sync import App, load_app
from tests.fleet.far_end import FarEnd

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
SCRIPT = replace(hurried(load_app(APP), devices=6, duration_s=3), crashes=1)


@pytest.fixture
async def server(directory: Path) -> AsyncIterator[RealServer]:
    async with RealServer(APP, directory / "data") as real:
        await real.start()
        yield real


async def test_a_fleet_plays_on_it_in_a_tenant_of_its_own_beside_others(
    app: App, server: RealServer, directory: Path
) -> None:
    await server.make_tenant("others")
    async with await Device.open(app=app, server=server.url, token=await server.token("ana", "others")) as phone:
        await phone.create("TaskList", title="not the fleet's")
        await phone.sync()
        site = RunningSite(server.url, directory / "data")
        fleet = LiveFleet(app, site, 1, script=SCRIPT)
        played = await fleet.run()
    assert played.kept, played.verdict
    assert played.evidence
    assert played.evidence.followed, "the server follows the log"
    assert await site.head(fleet.tenant) == len(played.evidence.log) > 1
    assert len(await site.log(await site.make_tenant("others"))) == 1


async def test_it_plays_on_postgresql_as_the_role_that_owns_nothing(app: App, directory: Path) -> None:
    async with Cluster(APP, directory / "site", servers=1, workers=0) as cluster:
        await cluster.start()
        await cluster.make_tenant("others")
        site = RunningSite(cluster.url, directory / "site", database_url=cluster.postgres.url(user="homeport_app"))
        played = await LiveFleet(app, site, 1, script=SCRIPT).run()
    assert played.kept, played.verdict
    assert played.evidence
    assert played.evidence.log


async def test_a_server_that_is_marked_for_production_is_left_alone(app: App, directory: Path) -> None:
    async with RealServer(APP, directory / "data", settings={"HOMEPORT_PRODUCTION": "true"}) as server:
        await server.start()
        site = RunningSite(server.url, directory / "data")
        with pytest.raises(InProduction, match=rf"{server.url} is marked .* take another one"):
            await LiveFleet(app, site, 1, script=SCRIPT).run()
        assert not await server.log("fleet")


async def test_a_server_that_does_not_answer_is_told_with_the_next_step(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(ServerUnusable, match=rf"{url} does not answer .ConnectError.: start the server"):
        await RunningSite(url, tmp_path).start()
    with pytest.raises(ServerUnusable, match="no server at all does not answer"):
        await must_be_playable("no server at all")


async def test_whatever_else_answers_is_no_server_of_ours(far: FarEnd) -> None:
    with pytest.raises(ServerUnusable, match="does not say whether it is in production"):
        await must_be_playable(far.url)


async def test_the_data_must_be_those_of_the_server(app: App, server: RealServer, directory: Path) -> None:
    with pytest.raises(ServerUnusable, match=r"has no file homeport.sqlite3: give the data directory of the server"):
        await RunningSite(server.url, directory / "elsewhere").start()
    async with RealServer(APP, directory / "other") as other:
        await other.make_tenant("others")
        await other.start()
        with pytest.raises(ServerUnusable, match=r"does not take the tokens of .*other"):
            await LiveFleet(app, RunningSite(server.url, directory / "other"), 1, script=SCRIPT).run()
