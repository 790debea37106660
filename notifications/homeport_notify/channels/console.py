"""The console: a line for each delivery, for development. Nobody is told anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from homeport_notify.address import ChannelName
from homeport_notify.answer import SENT
from homeport_notify.channel import Answered, Recipient
from homeport_notify.message import Message


class ConsoleChannel:
    """`Channel` that writes. `write` is given whole lines, without their end."""

    name: ChannelName = "console"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    async def send(
        self, message: Message, to: Sequence[Recipient], answered: Answered, *, until_s: float, dry_run: bool = False
    ) -> None:
        """As `Channel` says."""
        del until_s  # it takes no time
        for index, each in enumerate(to):
            self._write(line_of(message, each, dry_run=dry_run))
            answered(index, SENT)

    async def close(self) -> None:
        """As `Channel` says."""


def line_of(message: Message, to: Recipient, *, dry_run: bool = False) -> str:
    """Whom it goes to, its words, what travels with them, and the delivery."""
    words = " — ".join(text for text in (message.title, message.body) if text) or "(silent)"
    more = "".join(f" {key}={value}" for key, value in message.data.items())
    link = f" → {message.link}" if message.link else ""
    kind = "dry run" if dry_run else "delivery"
    line = f"[{to.platform} {to.target}] {words}{link}{more} ({kind} {to.delivery})"
    return "".join(each if each.isprintable() else " " for each in line)
