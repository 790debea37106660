"""`homeport quarantine`: what it prints, what it refuses, and that a replay is made once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from homeport_server.app import wall_ms
from homeport_server.cli import main
from homeport_server.data import database_of
from homeport_server.quarantine.case import Readable, case_of
from homeport_server.quarantine.fate import Replayed
from homeport_server.quarantine.replay import Edited, Replay, device_of
from homeport_sync.change import Change, Group, Increment, Op, Outcome, Swap, decode_outcome, encode
from homeport_sync.clock import make_stamp
from homeport_sync.intake import Intake
from homeport_sync.limits import LIMITS
from homeport_sync.load import load_app
from homeport_sync.ports import LogEntry
from homeport_sync.push import Push
from homeport_sync.quarantine import change_name
from homeport_sync.signals import LocalSignals
from homeport_sync.sql.sqlite.store import SqliteStore
from homeport_sync.wire import read_changes

APP = """
from typing import Literal

from homeport_sync import App, Call, field

app = App("tasks")


@app.kind(root=True)
class TaskList:
    title: str


@app.kind(within=TaskList)
class Task:
    title: str
    state: Literal["open", "done"] = "open"
    votes: int = field(default=0, merge="counter")
    tags: set[str]
    stock: int = field(default=0, merge="guarded")


@app.command(scope=TaskList)
def add(call: Call, title: str) -> None:
    call.create(Task, title=title)
"""
NOW = 1_795_000_000_000
DEVICE = "00000000-0000-7000-8000-00000000000a"
HOME = "00000000-0000-7000-8000-000000000001"
MILK = "00000000-0000-7000-8000-000000000002"
BREAD = "00000000-0000-7000-8000-000000000003"
Got = TypeVar("Got")


class Site:
    """A data directory with the tenant demo, into which Ana's phone pushes."""

    def __init__(self, directory: Path) -> None:
        self.app, self.data = directory / "app.py", directory / "data"
        self.app.write_text(APP)
        self.number = 0
        self.tenant = self.run("tenant", "create", "demo").stdout.strip()
        self.push(self.change("create", "TaskList", HOME, title="Home"))

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words), env={"HOMEPORT_DATA": str(self.data)})

    def replay(self, number: int, *words: str, device: str = DEVICE) -> Result:
        return self.run("quarantine", "replay", "demo", device, str(number), "--app", str(self.app), *words)

    def change(self, op: Op, kind: str, id: str, **fields: Any) -> Change:  # noqa: ANN401
        self.number += 1
        stamp = make_stamp(NOW, self.number, DEVICE)
        return Change(number=self.number, op=op, kind=kind, id=id, scope=HOME, stamp=stamp, fields=fields)

    def push(self, *changes: Change, user: str = "ana", device: str = DEVICE) -> list[Outcome]:
        """What the server makes of them."""

        async def push(store: SqliteStore) -> list[Outcome]:
            app = load_app(self.app)
            intake = Intake(store, app.catalog, LocalSignals(), limits=LIMITS, wall_ms=lambda: NOW)
            sent = read_changes([msgspec.Raw(encode(each).encode()) for each in changes], LIMITS)
            decided = await intake.push(
                self.tenant, Push(device=device, user=user, request_id="r", confirmed=0, sent=sent)
            )
            assert not decided.errors
            return [decode_outcome(text) for text in decided.outcomes]

        return self.on_store(push)

    def log(self) -> Sequence[LogEntry]:
        return self.on_store(lambda store: store.read(self.tenant, 0, 1_000))

    def on_store(self, work: Callable[[SqliteStore], Awaitable[Got]]) -> Got:
        async def run() -> Got:
            store = await SqliteStore.open(database_of(self.data))
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(run())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def poisoned(site: Site, id: str = MILK, **fields: Any) -> Change:  # noqa: ANN401
    return site.change("create", "Task", id, **{"title": "Milk", "tags": [], "state": "soured", **fields})


def refused(told: Result) -> str:
    """The sentence on standard error."""
    assert (told.exit_code, told.stdout) == (2, "")
    return told.stderr


def test_nothing_waits_where_nothing_was_rejected(site: Site) -> None:
    for words in (("list",), ("list", "demo"), ("list", "demo", "--all")):
        told = site.run("quarantine", *words)
        assert (told.exit_code, told.stdout, told.stderr) == (0, "", "nothing waits in quarantine\n")


def test_the_list_is_a_line_each_with_the_code_and_chosen_by_user_device_and_record(site: Site) -> None:
    site.push(poisoned(site), site.change("update", "Task", BREAD, title="Rye"))
    first, second = site.run("quarantine", "list").stdout.splitlines()
    assert first == f"2026-11-18T11:06:40Z  demo  ana  {DEVICE}  2  WRONG_TYPE  create Task {MILK}"
    assert second.endswith(f"3  RECORD_GONE  update Task {BREAD}")
    for words, lines in (
        (("--user", "bob"), []),
        (("--record", BREAD), [second]),
        (("--device", DEVICE.upper()), [first, second]),
    ):
        assert site.run("quarantine", "list", "demo", *words).stdout.splitlines() == lines


def test_what_is_shown_is_the_reason_the_fields_what_depends_on_it_and_what_to_do(site: Site) -> None:
    site.push(poisoned(site), site.change("update", "Task", MILK, title="Oat milk"))
    lines = site.run("quarantine", "show", "demo", DEVICE, "2").stdout.splitlines()
    assert lines[0] == f"Change {DEVICE}/2 of ana in the tenant demo, rejected 2026-11-18T11:06:40Z."
    assert lines[1].startswith("WRONG_TYPE: Task.state holds")
    assert lines[2:4] == [
        f"create Task {MILK} in the scope {HOME}",
        'fields: {"title":"Milk","tags":[],"state":"soured"}',
    ]
    assert lines[4:6] == [
        "Depending on it, in the order of writing: 1",
        f"  {DEVICE}/3  DEPENDS_ON_REJECTED  update Task {MILK}",
    ]
    assert lines[6].endswith(f"quarantine replay demo {DEVICE} 2 --app APP --set FIELD=JSON --with-dependents")


def test_what_is_not_there_is_one_sentence(site: Site) -> None:
    for verb in ("show", "replay"):
        words = () if verb == "show" else ("--app", str(site.app))
        assert "`homeport quarantine list`" in refused(site.run("quarantine", verb, "demo", DEVICE, "7", *words))
        assert "`homeport tenant create nope" in refused(site.run("quarantine", verb, "nope", DEVICE, "7", *words))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("title", "expected FIELD=JSON"),
        ("title=Milk", "expected FIELD=JSON"),
        ("=1", "expected FIELD=JSON"),
        ('votes={"edit":"double"}', "expected FIELD=JSON"),
    ],
)
def test_an_edit_that_cannot_be_read_is_one_sentence_and_nothing_is_sent(site: Site, given: str, why: str) -> None:
    site.push(poisoned(site))
    assert why in refused(site.replay(2, "--set", given))
    assert "was replayed" not in site.run("quarantine", "list", "--all").stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--set", "seat=3"), "Task declares no field 'seat'; it has title"),
        (("--set", 'stock="many"'), "Task.stock takes a swap of a whole number"),
        (("--set", 'state="sour"'), "Task.state holds one of 'open', 'done'"),
        (("--drop", "title"), "does not write that field; it writes state"),
        (("--drop", "state"), "Nothing is left for the change to write"),
    ],
)
def test_an_edit_that_cannot_land_is_one_sentence_and_leaves_nothing_behind(
    site: Site, words: Sequence[str], why: str
) -> None:
    site.push(site.change("create", "Task", MILK, title="Milk", tags=[]))
    site.push(site.change("update", "Task", MILK, state="soured"))
    before = site.run("quarantine", "list", "demo", "--all").stdout
    assert why in refused(site.replay(3, *words))
    assert site.run("quarantine", "list", "demo", "--all").stdout == before


def test_a_calls_arguments_are_checked_before_it_is_made_again(site: Site) -> None:
    site.push(site.change("command", "add", HOME, title=3))
    assert "add declares no field 'name'; it has title" in refused(site.replay(2, "--set", 'name="Milk"'))
    assert site.replay(2, "--set", 'title="Milk"').exit_code == 0


def test_another_apps_data_are_left_alone(site: Site) -> None:
    site.push(poisoned(site))
    assert site.replay(2).exit_code == 1
    site.app.write_text(APP.replace('App("tasks")', 'App("chat")'))
    assert "this is the app 'chat'" in refused(site.replay(2))


def test_a_field_is_set_another_dropped_and_the_change_lands_in_the_name_of_its_user(site: Site) -> None:
    site.push(poisoned(site, colour="red"))
    assert "rejected, UNKNOWN_FIELD" in site.replay(2, "--set", 'state="done"').stdout
    told = site.replay(2, "--drop", "colour", "--set", 'state="done"')
    device = device_of(change_name(DEVICE, 2))
    assert told.stdout.splitlines()[1:] == [f"create Task {MILK}: applied (as {device}/2)"]
    entry = site.log()[-1]
    assert (entry.user, entry.device, entry.number, entry.outcome) == ("ana", device, 2, "applied")
    assert entry.fields["state"] == "done"
    assert site.run("quarantine", "list").stdout == ""


def test_a_second_run_writes_nothing_and_says_what_became_of_the_first(site: Site) -> None:
    site.push(poisoned(site))
    first = site.replay(2, "--set", 'state="open"')
    log = site.log()
    again = site.replay(2, "--set", 'state="done"')
    assert (first.exit_code, again.exit_code, site.log()) == (0, 0, log)
    assert "was replayed already, " in again.stdout
    assert again.stdout.endswith(": applied; it is not sent again\n")
    shown = site.run("quarantine", "show", "demo", DEVICE, "2").stdout
    assert f"It was replayed {again.stdout.split('already, ')[1].split(' ')[0]} as " in shown
    assert "Next: " not in shown


def test_what_is_superseded_is_replayed_and_the_exit_code_says_that_it_did_not_land(site: Site) -> None:
    site.push(site.change("create", "Task", MILK, title="Milk", tags=[]))
    site.push(site.change("update", "Task", MILK, state="soured"), site.change("delete", "Task", MILK))
    first, again = (site.replay(3, "--set", 'state="done"') for _ in range(2))
    assert (first.exit_code, again.exit_code) == (1, 1)
    assert f"update Task {MILK}: superseded, without state" in first.stdout
    assert "superseded, without state; it is not sent again" in again.stdout


def test_a_replay_is_stamped_after_what_is_there_and_beside_it_nothing_is_lost(site: Site) -> None:
    site.push(site.change("create", "Task", MILK, title="Milk", tags=["a"], stock=3))
    site.push(site.change("update", "Task", MILK, state="soured", title="Oat milk", stock=Swap(to=4, was=3)))
    ahead = make_stamp(wall_ms() + LIMITS.skew_max_ms // 2, 0, DEVICE)
    site.on_store(lambda store: _stamped(store, site.tenant, ahead))
    told = site.replay(3, "--set", 'state="done"', "--set", 'tags=["b"]', "--set", "stock=7")
    assert told.exit_code == 0
    ((wire,),) = site.on_store(
        lambda store: store._fetch("SELECT wire FROM records WHERE record_id = :id", {"id": MILK})
    )
    fields = msgspec.json.decode(wire)["fields"]
    assert (fields["title"], fields["state"], fields["tags"], fields["stock"]) == ("Oat milk", "done", ["b"], 7)


async def _stamped(store: SqliteStore, tenant: str, stamp: str) -> int:
    """As if a phone whose clock is far ahead had written the title."""
    patch = (
        "UPDATE records SET wire = json_set(wire, '$.stamps.title', :stamp) WHERE tenant_id = :tenant AND kind = 'Task'"
    )
    return await store._write(patch, {"stamp": stamp, "tenant": tenant})


@pytest.mark.parametrize("edit", ['{"edit":"increment","by":2}', "2"])
def test_a_counter_takes_an_increment_and_nothing_else(site: Site, edit: str) -> None:
    site.push(site.change("create", "Task", MILK, title="Milk", tags=[], votes=1))
    site.push(site.change("update", "Task", MILK, votes=Increment(by=1), state="soured"))
    told = site.replay(3, "--drop", "state", "--set", f"votes={edit}")
    assert told.exit_code == (2 if edit == "2" else 0)
    assert ("Task.votes takes an increment" in told.stderr) == (edit == "2")


def test_a_stale_swap_stays_stale_until_somebody_decides_again(site: Site) -> None:
    site.push(site.change("create", "Task", MILK, title="Milk", tags=[], stock=3))
    site.push(site.change("update", "Task", MILK, stock=Swap(to=2, was=9)))
    assert "rejected, STALE" in site.replay(3).stdout
    assert site.replay(3, "--set", "stock=2").exit_code == 0


def test_dependents_follow_a_create_that_was_edited_on_what_it_is_now(site: Site) -> None:
    site.push(
        poisoned(site, stock=3),
        site.change("update", "Task", MILK, stock=Swap(to=4, was=3)),
        site.change("update", "Task", MILK, votes=Increment(by=1)),
        site.change("delete", "Task", MILK),
    )
    told = site.replay(2, "--set", 'state="open"', "--set", "stock=9", "--with-dependents")
    assert (told.exit_code, told.stdout.count(": applied (as ")) == (0, 4)
    assert [each.op for each in site.log()[-4:]] == ["create", "update", "update", "delete"]
    assert site.run("quarantine", "list").stdout == ""


def test_without_its_dependents_a_create_lands_alone_and_they_land_when_it_is_run_again_with_them(site: Site) -> None:
    site.push(poisoned(site), site.change("update", "Task", MILK, title="Oat milk"))
    assert site.replay(2, "--set", 'state="open"').exit_code == 0
    assert len(site.run("quarantine", "list").stdout.splitlines()) == 1
    told = site.replay(2, "--with-dependents")
    assert told.exit_code == 0
    assert [": applied" in line for line in told.stdout.splitlines()] == [True, True]
    assert (site.run("quarantine", "list").stdout, len(site.log())) == ("", 3)
    assert len(site.replay(2, "--with-dependents").stdout.splitlines()) == 1
    assert len(site.log()) == 3


def test_a_group_is_replayed_as_a_group(site: Site) -> None:
    good, bad = site.change("create", "Task", BREAD, title="Rye", tags=[]), poisoned(site)
    changes = [replace(each, group=Group(at=at, of=2)) for at, each in enumerate((good, bad), 1)]
    site.push(*changes)
    refused_again = site.replay(2, "--with-dependents")
    assert (refused_again.exit_code, refused_again.stdout.count("rejected, ")) == (1, 2)
    assert len(site.log()) == 1
    told = site.replay(3, "--with-dependents", "--set", 'state="open"')
    assert (told.exit_code, told.stdout.count(": applied (as ")) == (0, 2)
    assert len(site.log()) == 3


def test_a_replay_that_a_phone_tried_is_replayed_with_its_edits_and_closes_the_first(site: Site) -> None:
    site.push(poisoned(site))
    site.push(replace(poisoned(site, title="Soy milk"), replays=change_name(DEVICE, 2)))
    assert len(site.run("quarantine", "list").stdout.splitlines()) == 1
    last = site.run("quarantine", "list", "--all").stdout.splitlines()[1]
    assert last.endswith(f"a replay of {DEVICE}/2")
    assert site.replay(3, "--set", 'state="open"').exit_code == 0
    assert (site.log()[-1].fields["title"], site.run("quarantine", "list").stdout) == ("Soy milk", "")
    assert "it is not sent again" in site.replay(2).stdout


def test_what_the_phone_made_good_itself_is_not_sent_again(site: Site) -> None:
    site.push(poisoned(site))
    site.push(replace(poisoned(site, state="open"), replays=change_name(DEVICE, 2)))
    told = site.replay(2)
    assert (told.exit_code, len(site.log())) == (0, 2)
    assert f" as {DEVICE}/3; it is not sent again" in told.stdout


def test_whose_grant_has_ended_cannot_be_helped_by_a_replay(site: Site) -> None:
    bob = "00000000-0000-7000-8000-00000000000b"
    change = replace(site.change("create", "Task", MILK, title="Milk", tags=[]), number=1)
    site.push(change, user="bob", device=bob)
    told = site.replay(1, device=bob)
    assert told.exit_code == 1
    assert "rejected, SCOPE_FORBIDDEN" in told.stdout


def test_what_could_not_be_read_is_shown_with_its_reason_and_not_replayed(site: Site) -> None:
    change = poisoned(site)

    async def push(store: SqliteStore) -> None:
        intake = Intake(store, load_app(site.app).catalog, LocalSignals(), limits=LIMITS, wall_ms=lambda: NOW)
        sent = read_changes([msgspec.Raw(encode(change).replace('"create"', '"make"').encode())], LIMITS)
        await intake.push(site.tenant, Push(device=DEVICE, user="ana", request_id="r", confirmed=0, sent=sent))

    site.on_store(push)
    assert site.run("quarantine", "list").stdout.endswith("MALFORMED  what could not be read\n")
    assert "nothing but the reason was kept" in site.run("quarantine", "show", "demo", DEVICE, "2").stdout
    assert "nothing to be replayed" in refused(site.replay(2))


def test_of_two_who_replay_at_once_one_writes_and_the_other_is_told(site: Site) -> None:
    site.push(poisoned(site))
    device = device_of(change_name(DEVICE, 2))

    async def race(store: SqliteStore) -> list[object]:
        held = await store.held(site.tenant, DEVICE, 2)
        assert held is not None
        case = case_of(held)
        assert isinstance(case, Readable)
        clocks = (lambda: NOW, lambda: NOW + 1)
        catalog = load_app(site.app).catalog
        intakes = [Intake(store, catalog, LocalSignals(), limits=LIMITS, wall_ms=clock) for clock in clocks]
        replays = [
            Replay(store, each, site.tenant, catalog, clock) for each, clock in zip(intakes, clocks, strict=True)
        ]
        what = Edited(head=case, units=[[case]], put={"state": "open"})
        return await asyncio.gather(*(each.run(what) for each in replays), return_exceptions=True)

    landed, error = sorted(site.on_store(race), key=lambda each: isinstance(each, Exception))
    assert isinstance(landed, Replayed)
    assert landed.landed
    assert "Somebody else replays it at this moment" in str(getattr(error, "message", ""))
    assert [each.device for each in site.log()].count(device) == 1
