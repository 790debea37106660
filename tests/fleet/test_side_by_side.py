"""A deploy with a migration in it: the old version and the next one serve one database at the same time."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from homeport_client.fleet.live import rows
from homeport_client.fleet.live.homeport import HomeportProcess, ask
from homeport_client.fleet.live.postgres import SUPERUSER
from homeport_client.fleet.live.process import free_port, until
from tests.contract.databases import Databases
from tests.fleet.load import Caller, Follower, Writer, running
from tests.fleet.next_version import COLUMN, NEXT, ROOT, make_next_version

APP = ROOT / "examples/tasks/app.py"
ENOUGH = 150
PATIENCE_S = 60.0


class Site:
    """One database, one data directory, and servers of either version."""

    def __init__(self, databases: Databases, name: str, place: Path) -> None:
        self.databases = databases
        self.name = name
        self.place = place
        self.environ = {"HOMEPORT_DATABASE_URL": databases.url(name), "HOMEPORT_DATA": str(place / "data")}

    def server(self, version: Mapping[str, str], name: str) -> tuple[HomeportProcess, str]:
        """A server process that is not started yet, and its URL."""
        port = free_port()
        server = HomeportProcess(
            ["serve", str(APP), "--port", str(port)],
            ready="listening",
            said=self.place / f"{name}.log",
            environ={**self.environ, **version},
        )
        return server, f"http://127.0.0.1:{port}"

    async def migrate(self, version: Mapping[str, str], *words: str) -> str:
        owner = {"HOMEPORT_DATABASE_URL": self.databases.url(self.name, SUPERUSER)}
        return await ask("migrate", *words, environ={**self.environ, **owner, **version})

    async def written(self, remark: str) -> int:
        """How many records carry the remark."""
        count = f"SELECT count(*) FROM records WHERE {COLUMN} = '{remark}'"  # noqa: S608
        return int((await self.databases.server.query(count, database=self.name))[0][0])


async def more(writers: list[Writer]) -> None:
    """Until each has been acknowledged enough changes more."""
    goal = {writer.device: len(writer.acknowledged) + ENOUGH for writer in writers}
    await until(
        lambda: all(len(writer.acknowledged) >= goal[writer.device] for writer in writers),
        within_s=PATIENCE_S,
        awaited="every writer is served",
    )


@pytest.fixture
async def site(postgres18: Databases, tmp_path: Path) -> Site:
    made = Site(postgres18, await postgres18.fresh(), tmp_path)
    await ask("tenant", "create", "demo", environ=made.environ)
    return made


async def test_the_old_version_and_the_next_serve_one_database_across_a_migration(site: Site) -> None:
    token = await ask("token", "--user", "ana", "--tenant", "demo", environ=site.environ)
    following = make_next_version(site.place / "next")
    (old, old_url), (new, new_url) = site.server({}, "old"), site.server(following, "new")
    await old.start()
    callers = [Caller(url, token) for url in (old_url, old_url, new_url, new_url)]
    early, late = (Writer(callers[0], Random("early")), Writer(callers[2], Random("late")))
    followers = [Follower(callers[1], Random("of the old")), Follower(callers[3], Random("of the new"))]
    try:
        async with running(early, *followers):
            await more([early])
            assert f"{NEXT}" in await site.migrate(following)
            await more([early])
            await new.start()
            async with running(late):
                await more([early, late])
                assert await old.stop() == 0
                await old.start()  # an old server that is restarted meanwhile serves on
                await more([early, late])
        for writer in (early, late):
            await writer.finish()  # or it would land between the two catch-ups
        for follower in followers:
            await follower.catch_up()
        assert await new.stop() == 0
        await check(site, [early, late], followers)
        await site.migrate(following, "--to", str(NEXT - 1), "--lose-data")
        async with running(early):
            await more([early])
    finally:
        await asyncio.gather(old.kill(), new.kill(), *(caller.close() for caller in callers))


async def check(site: Site, writers: list[Writer], followers: list[Follower]) -> None:
    """Against the database itself."""
    log = [rows.entry(row) for row in await site.databases.server.query(rows.log_of("demo"), database=site.name)]
    assert [entry.position for entry in log] == list(range(1, len(log) + 1))
    verdicts = {(entry.device, entry.number): entry.outcome for entry in log}
    for writer in writers:
        for number, outcome in writer.acknowledged.items():
            assert verdicts[writer.device, number] == outcome
    assert followers[0].records == followers[1].records
    assert await site.written("by the next version") > 0
    assert await site.written("") > 0
