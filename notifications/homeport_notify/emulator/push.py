"""A message as the provider has accepted it, and as a phone gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what the provider called it; `target` whom it is for: a token, a topic, a condition. `title` and `body`
    are what a person sees, both "" when nobody is to. `message` is all of it as it was sent: FCM's `message` without
    its target, or Apple's payload. With `deleted` it is no message: so many that waited were thrown away."""

    provider: Literal["fcm", "apns"]
    name: str
    target: str
    accepted_at_ms: int
    ttl_s: float
    priority: str = "normal"
    collapse_key: str = ""
    title: str = ""
    body: str = ""
    data: Mapping[str, str] = {}
    message: Mapping[str, Any] = {}
    deleted: int = 0

    def lives(self, now_ms: int) -> bool:
        """Whether its time is not over."""
        return now_ms <= self.accepted_at_ms + self.ttl_s * 1_000


def alert_in(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a person sees of a payload of Apple's: `title` and `body`."""
    aps = payload.get("aps")
    alert = aps.get("alert", "") if isinstance(aps, dict) else ""
    return alert if isinstance(alert, dict) else {"body": str(alert)}
