"""An entry says what took effect in Python's values, whatever the log holds: edits, old fields, other types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from homeport_sync import App, Rank, field
from homeport_sync.change import Edits, Elements, Fields, Increment, Op, Swap
from homeport_sync.clock import make_stamp
from homeport_sync.entry import Entry, read_entry
from homeport_sync.ports import LogEntry
from homeport_sync.values import PythonValue
from tests.unit.sync.tasks import NOW, STRANGER

STAMP = make_stamp(NOW, 0, "af707d14")


def longest(base: PythonValue, mine: PythonValue, theirs: PythonValue) -> PythonValue:
    return max(str(mine), str(theirs), key=len)


app = App("things")


@app.kind(root=True)
class Thing:
    title: str = ""
    day: date | None = None
    at: datetime | None = None
    of: UUID | None = None
    weight: float = 0
    tags: set[str]
    place: Rank
    cheers: int = field(default=3, merge="counter")
    stock: int = field(default=0, merge="guarded")
    notes: str = field(default="", merge=longest)


THING = app.catalog.kind("Thing")


def read(fields: Edits, before: Mapping[str, object] | None = None, op: Op = "update") -> Entry:
    was: Fields = dict(before or {})  # type: ignore[arg-type]  # wire values, as the tests write them
    return read_entry(
        "acme",
        LogEntry(
            position=7,
            op=op,
            kind="Thing",
            record=STRANGER,
            scope=STRANGER,
            fields=fields,
            before=was,
            stamp=STAMP,
            device="d",
            number=2,
            user="ana",
            outcome="merged",
            request_id="request",
            accepted_at_ms=NOW + 1,
        ),
        THING,
    )


def test_it_says_what_it_is_about_and_who_wrote_it_when() -> None:
    entry = read({})
    assert (entry.tenant, entry.position, entry.op, entry.kind, entry.record, entry.scope) == (
        "acme",
        7,
        "update",
        "Thing",
        STRANGER,
        STRANGER,
    )
    assert (entry.user, entry.device, entry.outcome, entry.request_id) == ("ana", "d", "merged", "request")
    assert entry.accepted_at == datetime.fromtimestamp(NOW / 1_000, UTC).replace(microsecond=1_000)
    assert entry.key == f"acme/7/{STAMP}"


def test_values_are_pythons_before_and_after() -> None:
    entry = read(
        {"day": "2026-11-23", "at": "2026-11-23T08:15:00.000Z", "of": STRANGER, "weight": 2, "title": "b"},
        {"day": "2026-11-22", "at": None, "of": None, "weight": 1.5, "title": "a"},
    )
    assert entry.fields == {
        "day": date(2026, 11, 23),
        "at": datetime(2026, 11, 23, 8, 15, tzinfo=UTC),
        "of": UUID(STRANGER),
        "weight": 2.0,
        "title": "b",
    }
    assert entry.before == {"day": date(2026, 11, 22), "at": None, "of": None, "weight": 1.5, "title": "a"}


def test_a_create_has_no_before_and_an_update_of_what_was_never_written_has_the_default() -> None:
    assert read({"title": "a"}, op="create").before == {}
    assert read({"title": "a"}).before == {"title": ""}
    assert read({"title": "a"}, op="restore").before == {}


def test_a_create_that_meets_its_record_says_what_that_was() -> None:
    assert read({"title": "b"}, {"title": "a"}, op="create").before == {"title": "a"}


def test_edits_are_read_as_what_they_came_to() -> None:
    entry = read(
        {
            "cheers": Increment(by=2),
            "stock": Swap(to=5, was=4),
            "tags": Elements(add={"new": []}, remove={"old": [STAMP]}),
        },
        {"stock": 4, "tags": ["kept", "old"]},
    )
    assert entry.fields == {"cheers": 5, "stock": 5, "tags": {"kept", "new"}}
    assert entry.before == {"cheers": 3, "stock": 4, "tags": {"kept", "old"}}


def test_a_counter_is_read_past_what_a_double_holds() -> None:
    assert read({"cheers": Increment(by=2)}, {"cheers": 2**62}).fields == {"cheers": 2**62 + 2}


def test_what_the_apps_function_made_of_two_is_what_took_effect() -> None:
    assert read({"notes": Swap(to="mine", was="base")}, {"notes": "theirs"}).fields == {"notes": "theirs"}
    assert read({"notes": Swap(to="mine", was="base")}, {"notes": "base"}).fields == {"notes": "mine"}


def test_what_the_app_does_not_declare_any_more_or_as_another_type_is_left_out() -> None:
    entry = read({"gone": "x", "day": "tomorrow", "title": "a"}, {"gone": "y", "day": "today", "title": "b"})
    assert (entry.fields, entry.before) == ({"title": "a"}, {"title": "b"})
