"""Places in lists as they stand in addresses: where a page of a list begins. What is none is said to be none."""

from __future__ import annotations

import re
from typing import Final

from homeport_server.edge.console.instead import Instead
from homeport_sync.annals import NEWEST
from homeport_sync.clock import is_uuid
from homeport_sync.quarantine import QUARANTINE_START, QuarantinePlace
from homeport_sync.sightings import DEVICES_START, DevicePlace

_whole = re.compile(r"[0-9]{1,19}").fullmatch
_LARGEST: Final = 2**63 - 1


def position_before(text: str) -> int:
    """Before which position of the log to read; "" is its end."""
    return whole(text) if text else NEWEST


def device_place(text: str) -> DevicePlace:
    """After which place in the list of devices to go on."""
    if not text:
        return DEVICES_START
    at, _, device = text.partition(".")
    return whole(at), _id(device)


def device_place_text(place: DevicePlace) -> str:
    """As `device_place` reads it."""
    return f"{place[0]}.{place[1]}"


def quarantine_place(text: str) -> QuarantinePlace:
    """After which place in the quarantine to go on."""
    if not text:
        return QUARANTINE_START
    at, device, number = [*text.split("."), "", ""][:3]
    return whole(at), _id(device), whole(number)


def quarantine_place_text(place: QuarantinePlace) -> str:
    """As `quarantine_place` reads it."""
    return ".".join(map(str, place))


def id_before(text: str) -> str:
    """Before which id to go on; "" is the newest."""
    return _id(text) if text else ""


def whole(text: str) -> int:
    """A whole number of 0 or more. Raises `Instead`."""
    if not _whole(text) or int(text) > _LARGEST:
        raise _no_place(text)
    return int(text)


def _id(text: str) -> str:
    if not is_uuid(text):
        raise _no_place(text)
    return text


def _no_place(text: str) -> Instead:
    return Instead(
        "There is no such page of the list",
        f"The address asks to go on after {text[:60]!r}, which is no place in this list.",
        status=400,
        then="Begin again at its first page; its links lead on from there.",
    )
