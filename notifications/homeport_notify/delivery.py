"""A delivery: one notification to one address. Its state is one byte in its chunk, so that each of ten million is
accounted for at the price of a byte."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

ID_BYTES: Final = 16


class DeliveryState(IntEnum):
    """For ever the same numbers: they lie in databases."""

    WAITING = 0
    STARTED = 1  # it was about to be sent; without more word after a crash: perhaps it was
    SENT = 2  # the provider has it
    GONE = 3  # nobody is there any more
    FAILED = 4  # given up; it lies among the dead letters
    UNKNOWN = 5  # perhaps sent, and not sent again: the notification is at-most-once
    DEFERRED = 6  # it goes on in another chunk, later
    MUTED = 7  # the user does not want it
    SEEN = 8  # the device had pulled what it tells, or made it
    EXPIRED = 9  # its time was over
    CANCELLED = 10  # the notification was
    RETIRED = 11  # the address was retired before its turn


OPEN: Final = frozenset({DeliveryState.WAITING, DeliveryState.STARTED})
# Of a notification that was cancelled or stopped: what waited is never sent; what nobody holds any more is not known.
_CANCELLED: Final = bytes.maketrans(bytes([DeliveryState.WAITING]), bytes([DeliveryState.CANCELLED]))
_LEFT: Final = bytes.maketrans(
    bytes([DeliveryState.WAITING, DeliveryState.STARTED]), bytes([DeliveryState.CANCELLED, DeliveryState.UNKNOWN])
)


def delivery_ids(notification: str, packed: bytes) -> list[str]:
    """The names of the deliveries to these packed addresses, the same however often they are tried: 32 hex digits."""
    of = hashlib.blake2b(uuid.UUID(notification).bytes, digest_size=ID_BYTES)
    names = []
    for at in range(0, len(packed), ID_BYTES):
        name = of.copy()
        name.update(packed[at : at + ID_BYTES])
        names.append(name.hexdigest())
    return names


def counts(states: bytes) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state. What is deferred is counted in its next chunk."""
    return {DeliveryState(state): count for state, count in Counter(states).items()}


def tally(many: Iterable[bytes]) -> Mapping[DeliveryState, int]:
    """How many deliveries are in each state, over the states of many chunks; what is deferred counts where it waits."""
    found: Counter[DeliveryState] = Counter()
    for states in many:
        for state in DeliveryState:
            found[state] += states.count(state)
    return {state: count for state, count in found.items() if count and state is not DeliveryState.DEFERRED}


def has_open(states: bytes | bytearray) -> bool:
    """Whether anything is left to do in a chunk."""
    return any(state in states for state in OPEN)


def as_ended(states: bytes, *, held: bool) -> bytes:
    """The states of a chunk whose notification was cancelled or stopped; `held`: a worker may still write of it."""
    return states.translate(_CANCELLED if held else _LEFT)


def moved(states: bytes, packed: bytes, addresses: Iterable[str]) -> bytes:
    """The states of a chunk once the deliveries to these of its addresses that failed go on in another chunk."""
    going = set(addresses)
    pairs = zip(unpack(packed), states, strict=True)
    return bytes(
        DeliveryState.DEFERRED if state == DeliveryState.FAILED and each in going else state for each, state in pairs
    )


def pack(addresses: list[str]) -> bytes:
    """The ids as bytes, `ID_BYTES` each."""
    return b"".join(uuid.UUID(each).bytes for each in addresses)


def unpack(packed: bytes) -> list[str]:
    """The ids of `pack`. Written as UUIDs are, at a quarter of what `uuid` takes for it."""
    digits = packed.hex()
    return [
        f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-{digits[at + 12 : at + 16]}-{digits[at + 16 : at + 20]}"
        f"-{digits[at + 20 : at + 32]}"
        for at in range(0, len(digits), 2 * ID_BYTES)
    ]
