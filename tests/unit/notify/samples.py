"""Notifications and addresses of tests, each with what it is about and nothing else."""

from __future__ import annotations

from homeport_notify.address import Address, make_address
from homeport_notify.audience import Audience, ToEveryone
from homeport_notify.chunk import Chunk, LeasedChunk, Reachable
from homeport_notify.delivery import DeliveryState, pack
from homeport_notify.message import Message
from homeport_notify.notification import About, Lane, Notification, State
from homeport_notify.preferences import Preferences, QuietHours

TENANT = "018f0000-0000-7000-8000-000000000001"
NOW_MS = 1_795_900_000_000  # a day in November 2026
HOUR_MS = 3_600_000


def a_notification(
    number: int = 1,
    *,
    message: Message | None = None,
    audience: Audience | None = None,
    lane: Lane = "bulk",
    topic: str = "",
    at_least_once: bool = False,
    urgent: bool = False,
    local_time: str = "",
    due_at_ms: int = NOW_MS,
    expires_at_ms: int = NOW_MS + 24 * HOUR_MS,
    about: About | None = None,
    state: State = "running",
    key: str = "",
) -> Notification:
    id = f"01a0{number:04x}-0000-7000-8000-000000000000"
    return Notification(
        id=id,
        tenant=TENANT,
        key=key or id,
        audience=audience or ToEveryone(),
        message=message or Message(title="News", body="There is some"),
        lane=lane,
        topic=topic,
        at_least_once=at_least_once,
        urgent=urgent,
        local_time=local_time,
        due_at_ms=due_at_ms,
        expires_at_ms=expires_at_ms,
        about=about,
        created_at_ms=NOW_MS,
        state=state,
    )


def an_address(number: int = 1, *, user: str = "ben", timezone: str = "", channel: str = "fcm") -> Address:
    device = f"0192{number:04x}-0000-7000-8000-000000000000"
    assert channel in {"fcm", "apns"}
    return make_address(
        user=user,
        device=device,
        channel="fcm" if channel == "fcm" else "apns",
        target=f"token-{number}" if channel == "fcm" else f"{number:064x}",
        platform="android" if channel == "fcm" else "ios",
        timezone=timezone,
        seen_at_ms=NOW_MS,
    )


def reachable(
    address: Address, *, timezone: str = "", quiet: tuple[int, int] | None = None, muted: tuple[str, ...] = ()
) -> Reachable:
    return Reachable(
        address=address,
        preferences=Preferences(timezone=timezone, quiet=QuietHours(*quiet) if quiet else None, muted=frozenset(muted)),
    )


def leased(
    notification: Notification, addresses: list[Address], *, attempt: int = 0, first_at_ms: int = 0
) -> LeasedChunk:
    return LeasedChunk(
        tenant=TENANT,
        notification=notification,
        chunk=Chunk(
            notification=notification.id,
            number=1,
            addresses=pack([each.id for each in addresses]),
            states=bytes([DeliveryState.WAITING] * len(addresses)),
            due_at_ms=NOW_MS,
            attempt=attempt,
            first_at_ms=first_at_ms,
        ),
        holder="a worker",
        fence=1,
        until_ms=NOW_MS + 15_000,
    )
