"""The port of a channel: one way to reach people, whoever provides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec

from homeport_notify.address import ChannelName, Platform, TargetKind
from homeport_notify.answer import Answer
from homeport_notify.message import Message


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One address as a channel needs it. `delivery` names this delivery, the same however often it is sent, so that
    devices tell repetitions apart. `collapse_id` (at most 64 bytes), unless it is "", makes a device that gets it
    twice show it once."""

    target: str
    target_kind: TargetKind
    platform: Platform
    delivery: str
    collapse_id: str = ""


# Called for each recipient, by its place in the sequence, once, as soon as its answer is known.
Answered: TypeAlias = Callable[[int, Answer], None]


class Channel(Protocol):
    """A channel's own trouble is an `Answer`; what it raises is a bug. It never tries again by itself."""

    name: ChannelName

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """Send the message to each of them, at most `WINDOW_MAX`, as many at once as the provider takes; return when
        each has its answer. What is not on its way at `until_s` (the loop's clock) is `NOT_SENT` with the code
        `NO_TIME`; what is on its way then is waited for as long as an answer may take. A `dry_run` shows nothing to
        anybody: the provider only checks it, if it can. Cancelled, it sends nothing more: what is not on its way then
        is `NO_TIME` as well, as far as it knows, so that another worker sends it."""

    async def close(self) -> None:
        """Let go of all connections."""
