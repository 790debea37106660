"""Nouns of notifications with as little said as a test needs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from homeport_notify.address import Address, make_address
from homeport_notify.audience import Audience, ToEveryone
from homeport_notify.chunk import ChunkWrites, LeasedChunk
from homeport_notify.delivery import DeliveryState, unpack
from homeport_notify.message import Message
from homeport_notify.notification import Lane, Notification
from homeport_notify.ports import NotifyStore

TENANT = "acme"
OTHER = "other"
NOW = 1_795_000_000_000
LONG_MS = 600_000
OVER_MS = 0  # a lease that has run out when it begins
ALL = 10_000
W, S = DeliveryState.WAITING, DeliveryState.SENT


def notification_id(number: int) -> str:
    """UUIDv7-like: a higher number is a later id."""
    return str(uuid.UUID(int=(number << 80) | (7 << 76) | (2 << 62)))


def notification(
    number: int = 1,
    *,
    audience: Audience | None = None,
    title: str = "Hello",
    key: str = "",
    lane: Lane = "bulk",
    tenant: str = TENANT,
    due_at_ms: int = NOW,
) -> Notification:
    return Notification(
        id=notification_id(number),
        tenant=tenant,
        key=key or f"key {number}",
        audience=audience or ToEveryone(),
        message=Message(title=title, data={"ä": "🎈"}),
        lane=lane,
        due_at_ms=due_at_ms,
        expires_at_ms=due_at_ms + 60_000,
        created_at_ms=NOW,
    )


def phone(user: str = "ann", device: str = "", *, target: str = "", seen_at_ms: int = NOW) -> Address:
    device = device or f"phone of {user}"
    return make_address(
        user=user,
        device=device,
        channel="fcm",
        target=target or f"token-{device}".replace(" ", "-"),
        platform="android",
        locale="it-IT",
        timezone="Europe/Rome",
        seen_at_ms=seen_at_ms,
    )


async def registered(notify: NotifyStore, *users: str, tenant: str = TENANT) -> list[Address]:
    """One phone for each of these users."""
    phones = [phone(user) for user in users]
    for each in phones:
        await notify.register(tenant, each, NOW)
    return phones


async def crowd(notify: NotifyStore, count: int, tenant: str = TENANT) -> list[Address]:
    return await registered(notify, *(f"user {number:05}" for number in range(count)), tenant=tenant)


async def expanded(notify: NotifyStore, *, lane: Lane = "bulk", limit: int = ALL, tenant: str = TENANT) -> int:
    """Expand all of the lane that is due; how many pages it took."""
    pages = 0
    while (expanding := await notify.expanding(tenant, lane, NOW)) is not None:
        await notify.expand(expanding, limit)
        pages += 1
    return pages


async def submitted(notify: NotifyStore, told: Notification | None = None, *, limit: int = ALL) -> Notification:
    """Submit it and expand all of it."""
    kept, _ = await notify.submit(told or notification())
    await expanded(notify, lane=kept.lane, limit=limit, tenant=kept.tenant)
    return kept


async def leased(
    notify: NotifyStore, holder: str = "one", ttl_ms: int = LONG_MS, *, now_ms: int = NOW, lane: Lane = "bulk"
) -> LeasedChunk:
    found = await notify.lease(TENANT, lane, holder, ttl_ms, now_ms)
    assert found is not None, "there was nothing to lease"
    return found


async def written(
    notify: NotifyStore, chunk: LeasedChunk, state: DeliveryState = S, *, ttl_ms: int = LONG_MS
) -> LeasedChunk:
    """Writes that put all of its deliveries into one state."""
    return await notify.commit(chunk, ChunkWrites(states=bytes([state]) * len(chunk.chunk.states)), ttl_ms)


async def counted(notify: NotifyStore, told: Notification) -> Mapping[DeliveryState, int]:
    return (await notify.progress(told.tenant, told.id)).counts


async def told_to(notify: NotifyStore, told: Notification) -> list[str]:
    """The addresses in its chunks, chunk by chunk."""
    chunks = await notify.chunks(told.tenant, told.id, -1, 1_000)
    return [each for chunk in chunks for each in unpack(chunk.addresses)]


def ids(addresses: Sequence[Address]) -> list[str]:
    return [each.id for each in addresses]
