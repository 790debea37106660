"""What tests of channels have in common with real sockets: recipients, and what each was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeport_notify.address import Platform, TargetKind
from homeport_notify.answer import Answer, Fate
from homeport_notify.channel import Channel, Recipient
from homeport_notify.message import Message

NEWS = Message(title="News", body="There is some", data={"task": "7"}, ttl_s=3_600)
SOON_S = 20.0  # longer than any test takes


def to(
    target: str,
    *,
    kind: TargetKind = "token",
    platform: Platform = "android",
    number: int = 1,
    collapse_id: str = "",
) -> Recipient:
    return Recipient(
        target=target, target_kind=kind, platform=platform, delivery=f"{number:032x}", collapse_id=collapse_id
    )


async def answers(
    channel: Channel,
    recipients: Sequence[Recipient],
    message: Message = NEWS,
    *,
    dry_run: bool = False,
    within_s: float = SOON_S,
) -> list[Answer]:
    """What each was answered, in their order; exactly once each."""
    found: dict[int, Answer] = {}

    def answered(index: int, answer: Answer) -> None:
        assert index not in found, f"Recipient {index} was answered twice."
        found[index] = answer

    until_s = asyncio.get_running_loop().time() + within_s
    await channel.send(message, recipients, answered, until_s=until_s, dry_run=dry_run)
    return [found[index] for index in range(len(recipients))]


async def fates(channel: Channel, recipients: Sequence[Recipient], message: Message = NEWS) -> list[Fate]:
    return [answer.fate for answer in await answers(channel, recipients, message)]
