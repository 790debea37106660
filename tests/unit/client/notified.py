"""What the tests of a device's notifications share: what a provider delivers, and what the server was told."""

from __future__ import annotations

import uuid

from homeport_client import DEVICE_LIMITS, Device, DeviceLimits, ServerError
from homeport_client.storage import MEMORY
from homeport_sync.errors import HomeportError
from homeport_sync.telling import RegisterAddress, ReportNotifications
from tests.unit.client.world import Clock, Line, Server, phone, wire_error


def told_of(number: int, **data: str) -> dict[str, str]:
    """What a provider delivers of a notification."""
    return {"hp_delivery": f"{number:032x}", "hp_notification": str(uuid.UUID(int=number)), **data}


async def ann_with(
    line: Line, *, clock: Clock | None = None, path: str = MEMORY, limits: DeviceLimits = DEVICE_LIMITS
) -> Device:
    return await phone(line, clock=clock, path=path, limits=limits)


async def a_line() -> Line:
    return Line(await Server().begin(), "ann")


def refusal(code: str) -> HomeportError:
    return ServerError(wire_error(code, retryable=False))


def registrations(line: Line) -> list[str]:
    return [each.target for each in line.told if isinstance(each, RegisterAddress)]


def reported(line: Line) -> list[tuple[int, bool]]:
    """The notifications the server was told of, each with whether it was opened."""
    reports = [each for each in line.told if isinstance(each, ReportNotifications)]
    receipts = [receipt for report in reports for receipt in report.receipts]
    return [(uuid.UUID(each.notification).int, each.opened_at_ms is not None) for each in receipts]
