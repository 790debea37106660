"""Very many addresses in a store, put there quickly; and a campaign to all of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from random import Random
from typing import Final

from homeport_notify.address import Address, make_address
from homeport_notify.audience import Audience, ToEveryone
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.sql.addresses import PUT
from homeport_notify.sql.door import Door, Values
from homeport_notify.sql.rows import target_digest
from homeport_sync.clock import uuid7

AT_ONCE: Final = 10_000
DAY_MS: Final = 86_400_000
MESSAGE: Final = Message(title="News", body="There is some, and more to read", data={"page": "news"})
_random = Random(6)


def wall_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def crowd(count: int, *, user: str = "user") -> Iterator[Address]:
    """Phones of as many users, with tokens as long as Google's."""
    now_ms = wall_ms()
    for number in range(count):
        yield make_address(
            user=f"{user}-{number:08}",
            device=str(uuid.UUID(int=_random.getrandbits(128), version=4)),
            channel="fcm",
            target=f"c{number:021}:APA91b{'t' * 134}",
            platform="android",
            seen_at_ms=now_ms,
        )


async def gather(door: Door, tenant: str, addresses: Iterator[Address]) -> None:
    """Put them all into the store, many in a transaction."""
    batch: list[Values] = []
    for address in addresses:
        batch.append(_row(tenant, address))
        if len(batch) == AT_ONCE:
            await _put(door, tenant, batch)
            batch = []
    await _put(door, tenant, batch)


def campaign(
    tenant: str, *, audience: Audience | None = None, lane: Lane = "bulk", message: Message = MESSAGE
) -> Notification:
    """A notification to everybody, due now."""
    now_ms = wall_ms()
    id = uuid7(now_ms, _random)
    return Notification(
        id=id,
        tenant=tenant,
        key=id,
        audience=audience or ToEveryone(),
        message=message,
        lane=lane,
        due_at_ms=now_ms,
        expires_at_ms=now_ms + DAY_MS,
        created_at_ms=now_ms,
    )


def _row(tenant: str, address: Address) -> Values:
    return PUT.values(
        tenant=tenant,
        id=address.id,
        user=address.user,
        device=address.device,
        channel=address.channel,
        target=address.target,
        digest=target_digest(address.channel, address.target),
        kind=address.target_kind,
        platform=address.platform,
        locale=address.locale,
        timezone=address.timezone,
        seen=address.seen_at_ms,
        now=address.seen_at_ms,
    )


async def _put(door: Door, tenant: str, rows: list[Values]) -> None:
    async with door.transaction(tenant) as transaction:
        await transaction.execute_many(PUT.text[door.dialect], rows)
