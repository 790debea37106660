"""The story that notifications are for, over real sockets: a task is given away offline, and a sleeping phone hears."""

from __future__ import annotations

import asyncio
from pathlib import Path

from homeport_client.fleet.live.tallies import Tallies
from homeport_sync import load_app
from tests.fleet.provided import carried, provided, tallied
from tests.house.tree import ROOT

APP = ROOT / "examples" / "tasks" / "app.py"
WITHIN_S = 60.0


async def test_who_sleeps_is_told_once_wakes_pulls_and_shows_the_task_and_the_same_change_again_tells_nobody(
    tmp_path: Path,
) -> None:
    app = load_app(APP)
    async with provided(APP, tmp_path) as (emulator, server), asyncio.timeout(WITHIN_S):
        ana = await carried(app, server, emulator, "ana")
        ben = await carried(app, server, emulator, "ben")
        chores = await ana.device.create("TaskList", title="Chores")
        await ana.device.invite(chores, "ben")
        bins = await ana.device.create("Task", scope=chores, title="Bins")
        await ana.device.sync()
        await ben.device.sync()
        assert await ben.device.get(bins)

        await ana.device.go_offline()
        await ana.device.update(bins, assignee="ben")
        await ana.device.go_online()
        await ana.device.sync()
        await ben.until_shown(1)
        (told,) = ben.shown
        assert (told.title, told.body) == ("Bins is yours now", "ana gave it to you.")
        assert told.data["task"] == bins
        task = await ben.device.get(bins)
        assert task is not None
        assert task["assignee"] == "ben"

        for message in tuple(ana.transport.pushed):
            await ana.transport.push(message)
        dishes = await ana.device.create("Task", scope=chores, title="Dishes", assignee="ben")
        await ana.device.sync()
        await ben.until_shown(2)
        assert [each.data["task"] for each in ben.shown] == [bins, dishes], "and of what came again nobody is told"

        await ben.device.sync()
        assert await tallied(emulator, server, ana, ben) == Tallies(
            taken=2, gone=0, sent=2, unknown=0, retired=0, delivered=2, received=2
        )
        assert not ana.came
        for phone in (ana, ben):
            await phone.device.close()
