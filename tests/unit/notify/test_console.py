"""The console's channel writes a line a delivery."""

from __future__ import annotations

from homeport_notify.answer import SENT, Answer
from homeport_notify.channel import Recipient
from homeport_notify.channels.console import ConsoleChannel, line_of
from homeport_notify.message import WAKE, Message

TO = Recipient(target="t1", target_kind="token", platform="ios", delivery="d1")


async def test_each_delivery_is_a_line_and_sent() -> None:
    lines: list[str] = []
    answers: list[tuple[int, Answer]] = []
    channel = ConsoleChannel(lines.append)
    message = Message(title="A task", body="for you", link="app://t/1", data={"task": "7"})
    await channel.send(message, [TO, TO], lambda *each: answers.append(each), until_s=0.0)
    await channel.close()
    assert lines == ["[ios t1] A task — for you → app://t/1 task=7 (delivery d1)"] * 2
    assert answers == [(0, SENT), (1, SENT)]


def test_a_silent_one_says_so_and_a_dry_run_too() -> None:
    assert line_of(WAKE, TO, dry_run=True) == "[ios t1] (silent) hp_wake=1 (dry run d1)"


def test_a_message_cannot_write_lines_or_colours_of_its_own() -> None:
    assert line_of(Message(title="a\nb\x1b[31mc"), TO) == "[ios t1] a b [31mc (delivery d1)"
