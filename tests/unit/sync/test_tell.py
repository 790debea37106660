"""Notification rules: declared above the function that says whom to tell, refused at start when they cannot work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from homeport_sync import App, Entry, Tell
from homeport_sync.afterwards import Afterwards
from homeport_sync.change import Record
from homeport_sync.clock import make_stamp
from homeport_sync.entry import read_entry, read_fields
from homeport_sync.errors import BadDeclaration, BadTell
from homeport_sync.load import load_app
from homeport_sync.tell import TELLS_MAX, TRIES_MAX, Rule, Told
from homeport_sync.values import PythonValue
from tests.house.tree import ROOT
from tests.unit.sync.afterwards import logged
from tests.unit.sync.tasks import NOW, STRANGER
from tests.unit.sync.test_afterwards import HEADER

RULE = "def tell(entry, task): ...\n"
TASK = "@app.notification(kinds=[Task])\n"

# What is declared, the line of it that is wrong (counted from 1), and what the refusal says.
BAD: dict[str, tuple[str, int, str]] = {
    "without parentheses": (f"@app.notification\n{RULE}", 1, "say which kinds"),
    "without kinds": (f"@app.notification()\n{RULE}", 1, "say which kinds"),
    "async": (f"{TASK}async def tell(entry, task): ...\n", 1, "tell is async; what it says is asked for at once"),
    "a generator": (f"{TASK}def tell(entry, task):\n    yield\n", 1, "tell yields; it returns a Tell"),
    "one parameter": (f"{TASK}def tell(entry): ...\n", 1, "tell(entry) is called with 2 arguments"),
    "a kind that is none": (f"@app.notification(kinds=[int])\n{RULE}", 1, "'int' is no kind declared above"),
    "an op that is none": (f"@app.notification(kinds=[Task], ops=['put'])\n{RULE}", 1, "some of create, update"),
    "no name": (f"@app.notification(kinds=[Task], name='a b')\n{RULE}", 1, "the name 'a b' is not one"),
    "a name taken": (f"{TASK}{RULE}@app.follower\nasync def tell(entry): ...\n", 3, "notification tell already"),
    "no tries": (f"@app.notification(kinds=[Task], give_up_after=0)\n{RULE}", 1, "it is a number of tries"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_rule_that_cannot_work_is_refused_with_its_file_and_line(tmp_path: Path, name: str) -> None:
    body, line, says = BAD[name]
    path = tmp_path / "app.py"
    path.write_text(HEADER + body, encoding="utf-8")
    with pytest.raises(BadDeclaration) as refused:
        load_app(path)
    assert refused.value.message.startswith(f"{path}:{HEADER.count(chr(10)) + line}: ")
    assert says in refused.value.message


def test_a_rule_is_read_as_it_was_declared_under_a_place_that_no_follower_has() -> None:
    (rule,) = tasks().notifications
    assert (rule.name, rule.place_name, rule.kinds) == ("assigned", "notify:assigned", frozenset({"Task"}))
    assert (rule.ops, rule.give_up_after) == (frozenset({"create", "update"}), TRIES_MAX)
    assert not rule.wants(logged(1, kind="TaskList"))
    assert rule.wants(logged(1))


def test_what_is_no_function_is_refused_too() -> None:
    with pytest.raises(BadDeclaration, match="'tell' is no function"):
        App("tasks").notification(kinds=["Member"])("tell")  # type: ignore[type-var]  # that is what is refused


@pytest.mark.parametrize(
    "given", [{}, {"users": "ben", "scope": True}, {"users": ["ben"], "topic": "news"}, {"users": []}, {"users": ""}]
)
def test_a_tell_says_in_one_way_whom_to_tell(given: dict[str, object]) -> None:
    with pytest.raises(BadTell, match="say one of them"):
        Tell(title="Hello", **given)  # type: ignore[arg-type]  # what a developer may write


def test_the_scope_of_a_tell_is_the_changes_own() -> None:
    with pytest.raises(BadTell, match="True or False"):
        Tell(title="Hello", scope="0192f0c1-a2b3-7000-8000-000000000000")  # type: ignore[arg-type]


def test_a_user_who_is_named_twice_is_told_once() -> None:
    assert Tell(users=["ben", "ana", "ben"], title="Hello").named == ("ben", "ana")


@pytest.mark.parametrize("told", ["ben", 1, {"users": "ben"}, ["ben"], iter(())])
def test_what_is_no_tell_is_an_error(told: object) -> None:
    with pytest.raises(BadTell, match="return a Tell, a list of them, or None"):
        rule(told).tells(entry(), None)


def test_of_one_change_a_rule_tells_a_few_things_at_most() -> None:
    one = Tell(users="ben", title="Hello")
    assert len(rule([one] * TELLS_MAX).tells(entry(), None)) == TELLS_MAX
    with pytest.raises(BadTell, match="20 at most"):
        rule([one] * (TELLS_MAX + 1)).tells(entry(), None)


def test_a_record_is_shown_with_its_defaults_and_a_deleted_one_not_at_all() -> None:
    kind = tasks().catalog.kinds["Task"]
    stamp = make_stamp(NOW, 1, "0" * 8)
    record = Record(id=STRANGER, kind="Task", scope=STRANGER, stamp=stamp, fields={"title": "Milk"})
    shown = read_fields(record, kind)
    assert shown is not None
    assert (shown["title"], shown["done"], shown["assignee"]) == ("Milk", False, None)
    gone = Record(id=STRANGER, kind="Task", scope=STRANGER, stamp=stamp, deleted=stamp)
    assert read_fields(gone, kind) is None
    assert read_fields(None, kind) is None


def test_in_the_example_an_assignee_is_told_once_the_task_is_theirs() -> None:
    (assigned,) = tasks().notifications
    task: Mapping[str, PythonValue] = {"title": "Milk", "assignee": "ben"}
    given = entry(fields={"assignee": "ben"})
    (told,) = assigned.tells(given, task)
    assert (told.named, told.title) == (("ben",), "Milk is yours now")
    assert told.data == {"list": STRANGER, "task": STRANGER}
    assert not assigned.tells(given, None)
    assert not assigned.tells(entry(fields={"title": "Cream"}), task)
    assert not assigned.tells(entry(fields={"assignee": None}), task)
    assert not assigned.tells(entry(fields={"assignee": "ben"}, before={"assignee": "ben"}), task)


def tasks() -> Afterwards:
    return load_app(ROOT / "examples" / "tasks" / "app.py")


def rule(told: object) -> Rule:
    def says(_entry: Entry, _record: Mapping[str, PythonValue] | None) -> Told:
        return told  # type: ignore[return-value]  # what a developer may write

    return Rule(name="says", function=says)


def entry(*, fields: Mapping[str, PythonValue] | None = None, before: Mapping[str, PythonValue] | None = None) -> Entry:
    read = read_entry("acme", logged(1), tasks().catalog.kinds["Task"])
    return replace(read, fields=fields or {}, before=before or {})
