"""Ids of those who write without a device: each write has a device of its own, whose id follows from user and key.

So the numbers of the log tell whether a write came before (I2), in whatever process, and nothing is kept but what is
kept of every device. The ids begin alike, that they can be told from those of phones, and found to be forgotten.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import Final

import msgspec

from homeport_sync.clock import Stamp, make_stamp, uuid7

WRITERS: Final = "77726974"  # how their ids begin; a phone that claims such a one is refused
AFTER_WRITERS: Final = "77726975"  # the first id behind all of theirs
_json = msgspec.json.Encoder().encode


def writer_device(user: str, key: str) -> str:
    """The device of a write of this user under this idempotency key: a UUID of version 8 (RFC 9562, 5.8)."""
    drawn = blake2b(_json([user, key]), digest_size=12).hexdigest()
    return f"{WRITERS}-{drawn[:4]}-8{drawn[4:7]}-{'89ab'[int(drawn[7], 16) % 4]}{drawn[8:11]}-{drawn[11:23]}"


def is_writer(device: str) -> bool:
    """Whether the device is one of theirs."""
    return device.startswith(WRITERS)


def began(ms: int, device: str) -> Stamp:
    """The stamp of the first change of a write in that millisecond; it names the write's outcomes, too."""
    return make_stamp(ms, 0, device)


def made_id(device: str, number: int, ms: int) -> str:
    """The id of what the change of that number makes, or of the call, if it was given none."""
    seed = blake2b(f"{device}/{number}".encode(), digest_size=8).digest()
    return uuid7(ms, Random(seed))
