"""Time and identity that are given, never taken: stamps, the hybrid clock, UUIDv7.

A **stamp** is the hybrid logical time of a change, as 24 lowercase hexadecimal digits: 12 of milliseconds since
1970, 4 of a counter within the millisecond, 8 of the device that wrote. Comparing two stamps as text compares
them as times; the device's digits only make ties rare (see `merge.py` for what happens to the rest).
The scheme is that of Kulkarni et al., "Logical Physical Clocks" (2014).

Nothing here reads a clock or a random source: both come in as arguments, so that a seed replays a whole fleet.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from random import Random
from typing import NewType

Stamp = NewType("Stamp", str)

NEVER = Stamp("")
LAST = Stamp("f" * 24)
NOBODY = "00000000"  # a device whose stamps come before those of any other in the same instant
_COUNTER_MAX = 0xFFFF
STAMP_PATTERN = r"\A[0-9a-f]{24}\Z"
UUID_PATTERN = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
_is_uuid = re.compile(UUID_PATTERN).match
_is_stamp = re.compile(STAMP_PATTERN).match


def make_stamp(ms: int, counter: int, device: str) -> Stamp:
    """The stamp of `ms` milliseconds and `counter` (0 to 65,535), written by `device` (a UUID as text)."""
    return Stamp(f"{ms:012x}{counter:04x}{device[-8:]}")


def is_by(stamp: Stamp, device: str) -> bool:
    """Whether the stamp can be one that the device made: another one's, a former id's too, has other digits."""
    return stamp[16:] == device[-8:]


def stamp_ms(stamp: Stamp) -> int:
    """The milliseconds since 1970 that the stamp tells."""
    return int(stamp[:12], 16)


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its one canonical form (lowercase, with hyphens)."""
    return _is_uuid(text) is not None


def is_stamp(text: str) -> bool:
    """Whether `text` is a stamp."""
    return _is_stamp(text) is not None


def next_stamp(last: Stamp, now_ms: int, device: str) -> Stamp:
    """The smallest stamp of `device` that is after `last` and not before `now_ms`."""
    if not last or now_ms > (last_ms := stamp_ms(last)):
        return make_stamp(now_ms, 0, device)
    counter = int(last[12:16], 16) + 1
    if counter > _COUNTER_MAX:
        return make_stamp(last_ms + 1, 0, device)
    return make_stamp(last_ms, counter, device)


class HybridClock:
    """A device's clock: always after what it has said or seen, close to the wall clock where that is right.

    `wall_ms` reads the device's own clock, in milliseconds; it may be wrong and may jump. `offset_ms` is what
    the server's answers taught us to add to it. `last` is the newest stamp made or seen: keep it with the
    replica, or a restarted device could stamp before itself.
    """

    def __init__(self, wall_ms: Callable[[], int], *, offset_ms: int = 0, last: Stamp = NEVER) -> None:
        self._wall_ms = wall_ms
        self.offset_ms = offset_ms
        self.last = last

    def now_ms(self) -> int:
        """The best known time: the wall clock, corrected by what the server told."""
        return self._wall_ms() + self.offset_ms

    def stamp(self, device: str) -> Stamp:
        """A stamp after every one this clock has given or seen."""
        self.last = next_stamp(self.last, max(self.now_ms(), 0), device)
        return self.last

    def see(self, stamp: Stamp) -> None:
        """Learn of a stamp from elsewhere, so that what is written after it is also stamped after it."""
        self.last = max(self.last, stamp)

    def learn(self, server_ms: int, *, sent_ms: int, received_ms: int) -> None:
        """Learn the offset from an answer: `server_ms` was read about halfway between the two wall times."""
        self.offset_ms = server_ms - (sent_ms + received_ms) // 2


def uuid7(now_ms: int, random: Random) -> str:
    """A UUIDv7 (RFC 9562, 5.7) as text: 48 bits of milliseconds, then 74 random bits."""
    value = (now_ms & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | random.getrandbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | random.getrandbits(62)))


def uuid_ms(id: str) -> int:
    """The milliseconds since 1970 that a UUIDv7 tells."""
    return int(id[:8] + id[9:13], 16)
