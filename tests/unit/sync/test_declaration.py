"""An app is read from a module that looks like dataclasses; what cannot work is refused at start, with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from homeport_sync.errors import BadDeclaration
from homeport_sync.fields import FIELDS_MAX
from homeport_sync.load import load_app

HEADER = """\
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from homeport_sync import App, field
app = App("tasks", version=3)
"""
GOOD = """
@app.kind(root=True)
class TaskList:
    title: str = field(max_length=20)
    colour: Literal["red", "blue"] | None = "red"

@app.kind(within=TaskList)
class Task:
    title: str
    done: bool = False
    effort: float = field(default=1, indexed=True)
    due: datetime | None = None
    day: date | None = None
    of: UUID | None = None
"""
ROOT = "\n@app.kind(root=True)\nclass TaskList:\n    title: str\n\n"
TASK = f"{ROOT}@app.kind(within=TaskList)\nclass Task:\n"

# What is declared, the line of it that is wrong (counted from 1), and what the refusal says.
BAD: dict[str, tuple[str, int, str]] = {
    "neither root nor within": ("@app.kind()\nclass A:\n    x: str\n", 1, "say either root=True or within="),
    "both root and within": (
        f"{ROOT}@app.kind(root=True, within=TaskList)\nclass A:\n    x: str\n",
        6,
        "say either root=True or within=",
    ),
    "public within a root": (
        f"{ROOT}@app.kind(within=TaskList, public=True)\nclass A:\n    x: str\n",
        6,
        "A is public, and only a root kind can be",
    ),
    "within a class that is no kind": (
        "class B:\n    x: str\n@app.kind(within=B)\nclass A:\n    x: str\n",
        3,
        "A is within B, which is not a root kind of this app",
    ),
    "within a kind that is no root": (
        f"{ROOT}@app.kind(within=TaskList)\nclass B:\n    x: str\n@app.kind(within=B)\nclass A:\n    x: str\n",
        9,
        "A is within B, which is not a root kind of this app",
    ),
    "the name of a built-in kind": ("@app.kind(root=True)\nclass Member:\n    x: str\n", 1, "it is built in"),
    "no fields": ("@app.kind(root=True)\nclass A:\n    __annotations__ = {}\n", 1, "A has 0 fields; a kind has 1 to"),
    "too many fields": (
        "@app.kind(root=True)\nclass A:\n" + "".join(f"    f{i}: str\n" for i in range(FIELDS_MAX + 1)),
        1,
        "A has 101 fields; a kind has 1 to 100",
    ),
    "a type that travels nowhere": ("@app.kind(root=True)\nclass A:\n    x: str\n    y: bytes\n", 4, "A.y is declared"),
    "a union of two types": ("@app.kind(root=True)\nclass A:\n    x: str | int\n", 3, "A.x is declared"),
    "a literal of numbers": ("@app.kind(root=True)\nclass A:\n    x: Literal[1, 2]\n", 3, "A.x is declared"),
    "a type that is not there": ("@app.kind(root=True)\nclass A:\n    x: 'Nothing'\n", 1, "cannot be read"),
    "a default of another type": ("@app.kind(root=True)\nclass A:\n    x: int = 'one'\n", 3, "has the default 'one'"),
    "a default out of its limits": (
        "@app.kind(root=True)\nclass A:\n    x: str = field(default='abcd', max_length=3)\n",
        3,
        "it holds text of at most 3 characters",
    ),
    "a rule that is not there": (
        "@app.kind(root=True)\nclass A:\n    x: int = field(merge='sum')\n",
        3,
        "the rules are",
    ),
    "a parent by its name": ('@app.kind(within="A")\nclass B:\n    x: str\n', 1, "name the class itself"),
    "a length that is none": (
        "@app.kind(root=True)\nclass A:\n    x: str = field(max_length=0)\n",
        3,
        "A.x has max_length=0",
    ),
    "a field without a type": (
        "@app.kind(root=True)\nclass A:\n    x: str\n    y = field(max_length=3)\n",
        4,
        "write y: <type> = field(...)",
    ),
    "a role that is there": (f'{ROOT}app.role("owner")\n', 6, "there is a role 'owner' already"),
    "a role without a name": (f'{ROOT}app.role("")\n', 6, "a role's name has 1 to 40 characters"),
    "a role about no kind": (
        f'{ROOT}app.role(\n    "author", writes=[str])\n',
        6,
        "str is no kind of this app: declare it before",
    ),
    "a rule about nothing": (f"{ROOT}@app.allow()\ndef never(write):\n    return False\n", 6, "which kinds the rule"),
    "a rule about no kind": (
        f'{ROOT}@app.allow("Task")\ndef never(write):\n    return False\n',
        6,
        "Task is no kind of this app",
    ),
    "a rule that waits": (
        f"{ROOT}@app.allow(TaskList)\nasync def never(write):\n    return False\n",
        6,
        "never is async",
    ),
    "a unique counter": (
        f"{TASK}    x: int = field(default=0, merge='counter', unique=True)\n",
        8,
        "Task.x is a counter",
    ),
    "a unique set": (f"{TASK}    x: set[str] = field(unique=True)\n", 8, "Task.x is a set and cannot be unique"),
    "a unique field with a default": (
        f"{TASK}    x: str = field(default='a', unique=True)\n",
        8,
        "has the default 'a'",
    ),
    "a unique field of a root": ("@app.kind(root=True)\nclass A:\n    x: str = field(unique=True)\n", 3, "a root kind"),
    "a reference that is no UUID": (
        f"{TASK}    x: str = field(refers_to='Task')\n",
        8,
        "declare it UUID or UUID | None",
    ),
    "a reference to nothing": (f"{TASK}    x: UUID = field(refers_to='Nothing')\n", 8, "which is no kind of this app"),
    "a reference to a member": (f"{TASK}    x: UUID = field(refers_to='Member')\n", 8, "refers to Member"),
    "a reference into another root": (
        f"@app.kind(root=True)\nclass A:\n    x: str\n\n{TASK}    y: UUID = field(refers_to=A)\n",
        12,
        "does not live within a TaskList",
    ),
    "a fate that is none": (
        f"{TASK}    x: UUID = field(refers_to='Task', on_delete='drop')\n",
        8,
        "it is one of keep, cascade, restrict",
    ),
    "a fate of nothing": (f"{TASK}    x: UUID = field(on_delete='keep')\n", 8, "not what it refers_to"),
    "a reserved name": ("@app.kind(root=True)\nclass A:\n    id: str\n", 3, "A.id cannot be a field's name"),
    "a name that a device has for something else": (
        "@app.kind(root=True)\nclass A:\n    dependents: str\n",
        3,
        "A.dependents cannot be a field's name: it must be none of id, kind, scope, dependents",
    ),
    "what is reserved": (
        "from homeport_sync import Blob\n@app.kind(root=True)\nclass A:\n    x: Blob\n",
        4,
        "A.x is a Blob, which is reserved and not there yet",
    ),
    "a private name": ("@app.kind(root=True)\nclass A:\n    _x: str\n", 3, "A._x cannot be a field's name"),
}

Declare = Callable[[str], Path]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Writes a module that declares an app."""

    def write(body: str) -> Path:
        path = tmp_path / "app.py"
        path.write_text(HEADER + body, encoding="utf-8")
        return path

    return write


def test_a_declared_app_is_read_into_its_catalog(declare: Declare) -> None:
    catalog = load_app(declare(GOOD)).catalog
    assert (catalog.app, catalog.version) == ("tasks", 3)
    assert list(catalog.kinds) == ["Member", "TaskList", "Task"]
    assert catalog.kind("TaskList").is_root
    assert catalog.kind("Task").within == "TaskList"
    task = catalog.kind("Task").fields
    assert [name for name, each in task.items() if each.required] == ["title"]
    assert [name for name, each in task.items() if each.indexed] == ["effort"]
    assert task["effort"].default == 1
    assert catalog.kind("TaskList").fields["colour"].default == "red"
    assert not catalog.kind("TaskList").fields["title"].type.fits("x" * 21)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_declaration_is_refused_with_its_file_and_line(declare: Declare, name: str) -> None:
    body, line, says = BAD[name]
    path = declare(body)
    with pytest.raises(BadDeclaration) as refused:
        load_app(path)
    wrong_line = HEADER.count("\n") + line
    assert refused.value.message.startswith(f"{path}:{wrong_line}: ")
    assert refused.value.values["line"] == wrong_line
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\n", "found 0 apps"),
        (HEADER + 'other = App("second")\n', "found 2 apps"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("def broken(:\n", "SyntaxError"),
        ("x = 1\nraise SystemExit(3)\n", ":2: SystemExit"),
        (HEADER.replace("app = ", "app = 1 / 0 or "), ":5: ZeroDivisionError"),
        (HEADER, "declares no kind"),
    ],
)
def test_a_module_that_declares_no_one_app_is_refused_with_its_path(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "app.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadDeclaration, match=re.escape(str(path))) as refused:
        load_app(path)
    assert says in refused.value.message


def test_a_missing_file_and_one_that_is_no_module_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDeclaration, match="no such file"):
        load_app(tmp_path / "app.py")
    text = tmp_path / "app.txt"
    text.write_text(HEADER, encoding="utf-8")
    with pytest.raises(BadDeclaration, match=r"ends in \.py"):
        load_app(text)


def test_a_field_may_have_the_name_of_another_kinds_field(declare: Declare) -> None:
    catalog = load_app(declare(GOOD)).catalog
    assert catalog.kind("TaskList").fields["title"] != catalog.kind("Task").fields["title"]


def test_a_name_taken_by_another_kind_is_refused_at_one_of_the_two(declare: Declare) -> None:
    path = declare(f"{ROOT}@app.kind(root=True)\nclass TaskList:\n    x: str\n")
    with pytest.raises(BadDeclaration, match="there is a kind TaskList already: choose another name") as refused:
        load_app(path)
    assert refused.value.values["line"] in {HEADER.count("\n") + 2, HEADER.count("\n") + 6}
