"""What a gate lets through, and what becomes of it when it is closed or opened. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from homeport_notify.ports import Gate

SECOND_MS: Final = 1_000
BEHIND_S: Final = 5  # clocks of workers differ by less; one that jumped back further is followed


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How much was `taken` of the `second` since 1970."""

    second: int = 0
    taken: int = 0


def closed(gate: Gate, until_ms: int, reason: str) -> Gate:
    """The gate closed until then, unless it is closed for longer already. It will have opened then."""
    if until_ms <= gate.closed_until_ms:
        return gate
    return Gate(closed_until_ms=until_ms, opened_at_ms=until_ms, reason=reason)


def opened(gate: Gate, now_ms: int) -> Gate:
    """The gate opened by somebody; one that is open stays as it is."""
    return gate if gate.closed_until_ms <= now_ms else Gate(opened_at_ms=now_ms)


def taken(gate: Gate, share: Share, wanted: int, a_second: int, now_ms: int) -> tuple[int, Share]:
    """What may be had of this second, and what is gone of it then. The second is that of the worker whose clock is
    furthest ahead, so that one behind does not begin it anew."""
    second = now_ms // SECOND_MS
    if second > share.second or second < share.second - BEHIND_S:
        share = Share(second=second)
    if now_ms < gate.closed_until_ms:
        return 0, share
    had = max(0, min(wanted, a_second - share.taken))
    return had, Share(second=share.second, taken=share.taken + had)
