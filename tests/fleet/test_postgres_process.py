"""PostgreSQL as a process: it starts, answers, dies, freezes, and lives again on the same data."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from homeport_client.fleet.live.postgres import VERSIONS, RealPostgres
from homeport_client.fleet.live.process import ProcessFailed, alive, family


@pytest.fixture(params=sorted(VERSIONS))
async def own(request: pytest.FixtureRequest) -> AsyncIterator[RealPostgres]:
    async with RealPostgres(version=request.param) as server:
        yield server


async def test_it_starts_and_answers_as_the_version_it_was_asked_for(own: RealPostgres) -> None:
    [[version]] = await own.query("SHOW server_version_num")
    assert int(version) // 10_000 in VERSIONS
    assert own.running
    assert own.cpu_s() > 0


async def test_what_was_committed_survives_sigkill_and_a_new_life_begins_at_once(own: RealPostgres) -> None:
    await own.query("CREATE TABLE kept (word text)")
    for _ in range(3):
        await own.query("INSERT INTO kept SELECT 'life ' || count(*) + 1 FROM kept")
        processes = family(own.pid)
        await own.kill()
        assert not own.running
        assert not any(alive(each) for each in processes), "a child outlived its parent"
        await own.start()
    assert await own.query("SELECT * FROM kept ORDER BY word") == [["life 1"], ["life 2"], ["life 3"]]
    assert own.lives == 4


async def test_it_stops_in_order_and_starts_again(own: RealPostgres) -> None:
    await own.query("CREATE TABLE kept (word text)")
    await own.stop()
    with pytest.raises(ProcessFailed, match="psql failed"):
        await own.query("SELECT 1")
    await own.start()
    assert await own.query("SELECT count(*) FROM kept") == [["0"]]


async def test_frozen_it_answers_nobody_and_thawed_it_answers_those_who_waited() -> None:
    async with RealPostgres() as own:
        await own.freeze()
        asked = asyncio.create_task(own.query("SELECT 'late'"))
        await asyncio.sleep(0)
        own_time_s = own.cpu_s()
        assert not asked.done()
        assert own.cpu_s() == own_time_s, "somebody works"
        own.thaw()
        assert await asked == [["late"]]


async def test_it_freezes_though_a_child_ends_just_then() -> None:
    async with RealPostgres() as own:
        for _ in range(5):
            asked = [asyncio.create_task(own.query("SELECT 1")) for _ in range(4)]
            await asked[0]
            await own.freeze()
            own.thaw()
            assert await asyncio.gather(*asked) == [[["1"]]] * 4


async def test_a_frozen_one_can_be_killed_and_lives_again() -> None:
    async with RealPostgres() as own:
        await own.freeze()
        await own.kill()
        await own.start()
        assert await own.query("SELECT 1") == [["1"]]


async def test_a_query_gives_rows_of_text_whatever_they_hold(postgres: RealPostgres) -> None:
    rows = await postgres.query("""SELECT 'a,"b"' || chr(10) || 'c', 7; SELECT ''; SELECT NULL, true""")
    assert rows == [['a,"b"\nc', "7"], [""], ["", "t"]]


async def test_a_query_that_fails_says_why(postgres: RealPostgres) -> None:
    with pytest.raises(ProcessFailed, match='relation "nowhere" does not exist'):
        await postgres.query("SELECT * FROM nowhere; SELECT 1")


async def test_nothing_is_left_behind() -> None:
    async with RealPostgres() as own:
        directory, processes = own.data.parent, family(own.pid)
    assert not directory.exists()
    assert not any(alive(each) for each in processes)
