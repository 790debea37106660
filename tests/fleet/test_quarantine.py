"""A real server, a real phone and the real command line: what was refused is found, edited, and lands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from homeport_client import Device, View
from homeport_client.fleet.live.homeport import surroundings
from homeport_client.fleet.live.real import RealServer
from homeport_sync.load import load_app

DECLARED = """
from typing import Literal

from homeport_sync import App, field

app = App("tasks")


@app.kind(root=True)
class TaskList:
    title: str


@app.kind(within=TaskList)
class Task:
    title: str
    state: STATE = "open"
    votes: int = field(default=0, merge="counter")
"""
SERVED = DECLARED.replace("STATE", 'Literal["open", "done"]')
NEWER = DECLARED.replace("STATE", "str")


class Site(NamedTuple):
    """A server that runs, a phone whose app lets people write more than it takes, and the data directory."""

    phone: Device
    app: Path
    data: Path

    def homeport(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a verb of `homeport quarantine`."""
        return subprocess.run(
            [sys.executable, "-m", "homeport_server", "quarantine", *words],
            capture_output=True,
            text=True,
            check=False,
            env=surroundings({"HOMEPORT_DATA": str(self.data)}),
        )

    def replay(self, number: int, *words: str) -> subprocess.CompletedProcess[str]:
        """Replay a change of the phone."""
        return self.homeport("replay", "demo", self.phone.id, str(number), "--app", str(self.app), *words)


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Site]:
    app, newer, data = directory / "app.py", directory / "newer.py", directory / "data"
    app.write_text(SERVED)
    newer.write_text(NEWER)
    async with RealServer(app, data) as server:
        await server.make_tenant("demo")
        token = await server.token("ana", "demo")
        await server.start()
        path = str(directory / "phone.sqlite3")
        async with await Device.open(path, app=load_app(newer), server=server.url, token=token) as phone:
            yield Site(phone, app, data)


async def outcomes(phone: Device) -> list[str]:
    return [each.outcome for each in await phone.outcomes(limit=1_000)]


async def seen(phone: Device, id: str) -> View | None:
    await phone.sync()
    return await phone.get(id)


def lines(told: subprocess.CompletedProcess[str]) -> Sequence[str]:
    assert told.stderr == ""
    return told.stdout.splitlines()


@pytest.mark.promise("I7")
async def test_of_a_hundred_changes_one_is_poisoned_and_ninety_nine_apply_and_it_lands_when_edited_and_replayed(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as site:
        phone = site.phone
        home = await phone.create("TaskList", title="Home")
        for number in range(2, 50):
            await phone.create("Task", scope=home, title=str(number))
        poisoned = await phone.create("Task", scope=home, title="Milk", state="soured")
        for number in range(51, 101):
            await phone.create("Task", scope=home, title=str(number))
        await phone.sync()
        told = await outcomes(phone)
        assert (told.count("applied"), told.count("rejected"), len(told)) == (99, 1, 100)
        (line,) = lines(site.homeport("list", "demo"))
        assert f"demo  ana  {phone.id}  50  WRONG_TYPE  create Task {poisoned}" in line
        shown = lines(site.homeport("show", "demo", phone.id, "50"))
        assert shown[-1] == f"Next: homeport quarantine replay demo {phone.id} 50 --app APP --set FIELD=JSON"

        refused = site.replay(50)
        assert (refused.returncode, await seen(phone, poisoned)) == (1, None)
        assert "rejected, WRONG_TYPE: Task.state holds" in refused.stdout
        assert len(lines(site.homeport("list", "demo"))) == 1

        landed = site.replay(50, "--set", 'state="done"')
        before, now = lines(landed)
        assert (landed.returncode, before.split(": ")[1]) == (0, "rejected, WRONG_TYPE")
        assert now.startswith(f"create Task {poisoned}: applied (as ")
        task = await seen(phone, poisoned)
        assert task is not None
        assert (task["title"], task["state"]) == ("Milk", "done")
        again = site.replay(50, "--set", 'state="open"')
        assert again.returncode == 0
        assert "was replayed already" in lines(again)[0]
        assert ": applied; it is not sent again" in lines(again)[0]
        assert len(await phone.query("Task", scope=home, limit=1_000)) == 99
        assert site.homeport("list", "demo").stdout == ""


@pytest.mark.promise("I7")
async def test_a_rejected_create_and_nine_edits_are_replayed_by_the_command_line_as_they_were_written(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as site:
        phone = site.phone
        home = await phone.create("TaskList", title="Home")
        bad = await phone.create("Task", scope=home, title="Milk", state="soured")
        for number in range(9):
            await phone.update(bad, title=f"Milk {number}")
        await phone.update(home, title="House")
        await phone.sync()
        assert [each.code for each in await phone.quarantine()] == ["WRONG_TYPE", *["DEPENDS_ON_REJECTED"] * 9]
        assert (await outcomes(phone)).count("applied") == 2
        assert "Depending on it, in the order of writing: 9" in lines(site.homeport("show", "demo", phone.id, "2"))

        landed = site.replay(2, "--set", 'state="open"', "--with-dependents")
        assert (landed.returncode, landed.stdout.count(": applied (as ")) == (0, 10)
        task = await seen(phone, bad)
        assert task is not None
        assert (task["title"], task["state"]) == ("Milk 8", "open")
        again = site.replay(2, "--set", 'state="done"', "--with-dependents")
        assert (again.returncode, len(lines(again))) == (0, 1)
        assert len(lines(site.homeport("list", "demo", "--all"))) == 10
