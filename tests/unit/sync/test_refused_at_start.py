"""What a newcomer writes by mistake is one sentence at start, with its line: rules, roles, commands and schedules."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport_sync.errors import BadDeclaration
from homeport_sync.load import load_app

ABOVE = """\
from datetime import timedelta
from homeport_sync import App, Call, field
app = App("clubs")
@app.kind(root=True)
class Club:
    title: str
@app.kind(within=Club)
class Seat:
    row: int
@app.kind(root=True)
class Shop:
    title: str
@app.kind(within=Shop)
class Tool:
    name: str
"""
COMMAND = "@app.command(scope=Club{more})\ndef sit(call: Call{args}) -> None: ...\n"
KIND = "@app.kind(within=Club)\nclass Row:\n    x: {field}\n    z: set[str] = field(max_length=9)\n"

# What is declared, the line of it that is wrong (counted from 1), and what the refusal says.
WRONG: dict[str, tuple[str, int, str]] = {
    "a rule without parentheses": ("@app.allow\ndef never(write): ...\n", 1, "say which kinds: @app.allow(Task)"),
    "a rule about a list": ("@app.allow([Seat])\ndef never(write): ...\n", 1, "say which kinds: @app.allow(Task)"),
    "a rule that takes nothing": ("@app.allow(Tool)\ndef noarg(): ...\n", 1, "noarg() is called with write"),
    "a rule that takes two": ("@app.allow(Tool)\ndef two(a, b): ...\n", 1, "two(a, b) is called with write"),
    "a rule that waits": ("@app.allow(Tool)\nasync def rule(write): ...\n", 1, "rule is async"),
    "a kind without parentheses": ("@app.kind\nclass Row:\n    x: int\n", 1, "write @app.kind(root=True)"),
    "a command without parentheses": ("@app.command\ndef sit(call): ...\n", 1, "write @app.command(scope="),
    "a command without a scope": ("@app.command()\ndef sit(call): ...\n", 1, "say where sit runs"),
    "a command in something": (COMMAND.format(more="", args="").replace("Club", "3"), 1, "3 is no kind of this app"),
    "a command that reads no list": (COMMAND.format(more=", reads=Seat", args=""), 1, "reads=Seat; it is a list"),
    "a command that reads something": (COMMAND.format(more=", reads=[3]", args=""), 1, "3 is no kind of this app"),
    "a command that reads elsewhere": (
        COMMAND.format(more=", reads=[Seat, Tool]", args=""),
        1,
        "sit runs within Club, and Tool, which it reads, lives within Shop",
    ),
    "a command that reads another root": (
        COMMAND.format(more=", reads=[Shop]", args=""),
        1,
        "Shop, which it reads, is a scope of its own",
    ),
    "an argument without a type": (COMMAND.format(more="", args=", row"), 1, "row has no type: write row: <type>"),
    "a schedule without parentheses": ("@app.schedule\nasync def daily(moment): ...\n", 1, "say how often"),
    "a schedule that says nothing": ("@app.schedule()\nasync def daily(moment): ...\n", 1, "say how often"),
    "a role that writes no list": ('app.role("guest", writes=Seat)\n', 1, "writes=Seat; it is a list of kinds"),
    "a role that writes a name": ('app.role("guest", writes=["Seat"])\n', 1, "not its name"),
    "a role that is a number": ("app.role(3)\n", 1, "a role's name is a text, not 3"),
    "a merge of two": (
        "def most(a, b): ...\n" + KIND.format(field="int = field(merge=most)"),
        4,
        "most(a, b) is called with base, mine, theirs",
    ),
    "a merge that waits": (
        "async def most(a, b, c): ...\n" + KIND.format(field="int = field(merge=most)"),
        4,
        "most is async",
    ),
    "a length of a number": (KIND.format(field="int = field(max_length=3)"), 3, "only a text and a set have"),
    "a version that is a text": ('other = App("a", version="1")\n', 1, "version='1'; it is a whole number"),
}


@pytest.mark.parametrize(("body", "line", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_work_is_refused_at_start_with_its_line(tmp_path: Path, body: str, line: int, says: str) -> None:
    path = tmp_path / "app.py"
    path.write_text(ABOVE + body, encoding="utf-8")
    with pytest.raises(BadDeclaration) as refused:
        load_app(path)
    assert refused.value.message.startswith(f"{path}:{ABOVE.count(chr(10)) + line}: ")
    assert says in refused.value.message


def test_what_looks_like_a_mistake_and_is_none_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    field = "int = field(merge=max)\n    y: str | None = field(default=None, max_length=3)"
    more = ", reads=(Club, Seat, 'Member')"
    path.write_text(ABOVE + KIND.format(field=field) + COMMAND.format(more=more, args=""), encoding="utf-8")
    assert load_app(path).catalog.commands["sit"].reads == ("Club", "Seat", "Member")
