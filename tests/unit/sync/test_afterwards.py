"""Followers and schedules are declared above their functions; what cannot work is refused at start, with its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from homeport_sync.declaration import App
from homeport_sync.entry import Entry
from homeport_sync.errors import BadDeclaration
from homeport_sync.load import load_app
from homeport_sync.watching import AFTERWARDS_MAX

HEADER = """\
from datetime import timedelta
from homeport_sync import App, Entry, Moment
app = App("tasks")
@app.kind(root=True)
class TaskList:
    title: str
@app.kind(within=TaskList)
class Task:
    title: str
"""
GOOD = """
@app.follower
async def tell_all(entry: Entry) -> None: ...

@app.follower(kinds=[Task, "Member"], ops=["create"], name="tell-some", from_start=True, give_up_after=5)
async def tell(entry: Entry) -> None: ...

@app.schedule(every=timedelta(hours=1))
async def hourly(moment: Moment) -> None: ...
"""
TELL = "async def tell(entry): ...\n"
RUN = "async def run(moment): ...\n"

# What is declared, the line of it that is wrong (counted from 1), and what the refusal says.
BAD: dict[str, tuple[str, int, str]] = {
    "not async": ("@app.follower\ndef tell(entry): ...\n", 1, "tell is not async: write async def tell(…)"),
    "no parameter": ("@app.follower\nasync def tell(): ...\n", 1, "tell() is called with one argument"),
    "two parameters": ("@app.follower\nasync def tell(a, b): ...\n", 1, "tell(a, b) is called with one argument"),
    "a parameter by name": ("@app.follower\nasync def tell(*, a): ...\n", 1, "is called with one argument"),
    "a name taken": (
        f"@app.follower\n{TELL}@app.follower\n{TELL}",
        3,
        "there is a follower, schedule or notification tell",
    ),
    "a name taken by a schedule": (
        f"@app.schedule(every=timedelta(hours=1), name='tell')\n{RUN}@app.follower\n{TELL}",
        3,
        "there is a follower, schedule or notification tell already",
    ),
    "no name": (f"@app.follower(name='a b')\n{TELL}", 1, "the name 'a b' is not one"),
    "a name too long": (f"@app.follower(name='a' * 101)\n{TELL}", 1, "is not one: at most 100"),
    "a kind that is none": (f"@app.follower(kinds=[int])\n{TELL}", 1, "'int' is no kind declared above"),
    "a kind that stands alone": (f"@app.follower(kinds=Task)\n{TELL}", 1, "it is a list of kinds"),
    "no kinds": (f"@app.follower(kinds=[])\n{TELL}", 1, "it is a list of kinds"),
    "an op that is none": (f"@app.follower(ops=['insert'])\n{TELL}", 1, "some of create, update, delete, restore"),
    "an op that stands alone": (f"@app.follower(ops='create')\n{TELL}", 1, "some of create, update, delete, restore"),
    "no ops": (f"@app.follower(ops=[])\n{TELL}", 1, "some of create, update, delete, restore"),
    "no tries": (f"@app.follower(give_up_after=0)\n{TELL}", 1, "it is a number of tries, 1 or more"),
    "tries that are no number": (f"@app.follower(give_up_after='x')\n{TELL}", 1, "it is a number of tries, 1 or more"),
    "too often": (f"@app.schedule(every=timedelta(seconds=59))\n{RUN}", 1, "a timedelta of 1 minute to 366 days"),
    "too seldom": (f"@app.schedule(every=timedelta(days=367))\n{RUN}", 1, "a timedelta of 1 minute to 366 days"),
    "parts of a millisecond": (
        f"@app.schedule(every=timedelta(minutes=1, microseconds=1))\n{RUN}",
        1,
        "in whole milliseconds",
    ),
    "no interval": (f"@app.schedule(every=3600)\n{RUN}", 1, "a timedelta of 1 minute to 366 days"),
    "a schedule that is not async": ("@app.schedule(every=timedelta(hours=1))\ndef run(moment): ...\n", 1, "not async"),
    "a schedule without a parameter": (
        "@app.schedule(every=timedelta(hours=1))\nasync def run(): ...\n",
        1,
        "is called with one argument",
    ),
}


def app_of(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "app.py"
    path.write_text(HEADER + body, encoding="utf-8")
    return path


def test_followers_and_schedules_are_read_as_they_were_declared(tmp_path: Path) -> None:
    app = load_app(app_of(tmp_path, GOOD))
    every, some = app.followers
    assert (every.name, every.kinds, every.ops, every.from_start, every.give_up_after) == (
        "tell_all",
        None,
        None,
        False,
        None,
    )
    assert (some.name, some.kinds, some.ops, some.from_start, some.give_up_after) == (
        "tell-some",
        frozenset({"Task", "Member"}),
        frozenset({"create"}),
        True,
        5,
    )
    (hourly,) = app.schedules
    assert (hourly.name, hourly.every) == ("hourly", timedelta(hours=1))


def test_the_places_of_an_app_are_under_names_that_homeport_does_not_use_itself(tmp_path: Path) -> None:
    app = load_app(app_of(tmp_path, GOOD.replace("tell_all", "usage")))
    assert [each.place_name for each in app.followers] == ["app:usage", "app:tell-some"]
    assert [each.place_name for each in app.schedules] == ["schedule:hourly"]


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_work_is_refused_with_its_file_and_line(tmp_path: Path, name: str) -> None:
    body, line, says = BAD[name]
    path = app_of(tmp_path, body)
    with pytest.raises(BadDeclaration) as refused:
        load_app(path)
    wrong_line = HEADER.count("\n") + line
    assert refused.value.message.startswith(f"{path}:{wrong_line}: ")
    assert refused.value.values["line"] == wrong_line
    assert says in refused.value.message


def test_what_is_no_function_is_refused_too() -> None:
    with pytest.raises(BadDeclaration, match="is not async"):
        App("tasks").follower("tell")  # type: ignore[call-overload]  # that is what is refused


def test_an_app_has_no_more_followers_than_a_worker_can_ask_for() -> None:
    app = App("tasks")

    async def tell(_entry: Entry) -> None: ...

    for number in range(AFTERWARDS_MAX):
        app.follower(name=f"tell_{number}")(tell)
    with pytest.raises(BadDeclaration, match="at most 100 followers, schedules and notifications"):
        app.follower(tell)
