"""What the provider does today: how slow it is, what it refuses, what breaks. All of it can be changed while it runs.

A trouble strikes a request before the provider looks at it. Those called *untaken* and all refusals leave nothing
behind; `reset` and `silent` are the treacherous two: the message was taken, and its sender is not told.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from homeport_notify.errors import BadEmulation

Trouble: TypeAlias = Literal[
    "unavailable",  # 503
    "internal",  # 500
    "throttled",  # 429
    "bad_gateway",  # 502, an HTML page of somebody in between
    "reset",  # the message is taken, then the connection breaks in mid-answer
    "reset_untaken",  # the connection breaks, nothing was taken
    "silent",  # the message is taken, an answer never comes
    "silent_untaken",  # nothing was taken, an answer never comes
]
TROUBLES: Final[tuple[Trouble, ...]] = get_args(Trouble)
TAKEN: Final[frozenset[Trouble]] = frozenset({"reset", "silent"})


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each trouble has its share of the requests, 0 to 1; an `outage` is one that strikes them all.

    `latency_ms` is the median, `latency_p99_ms` what one of a hundred exceeds (0: all take the same). The quotas count
    requests in windows of a minute that begin with the first request; 0 is none. `retry_after_s` is what a refusal asks
    for (0: what a quota has left of its minute, nothing otherwise), as `retry_after` writes it. `quota_says` picks
    which of Google's two answers a spent quota gives: FCM's own, or that of the servers in front of it. A `key` that is
    `expired` is refused whenever it is shown, a `revoked` one gets no token either. `strangers` are phones that never
    registered here.
    """

    latency_ms: float = 0.0
    latency_p99_ms: float = 0.0
    quota_a_minute: int = 0
    device_quota_a_minute: int = 0
    retry_after_s: int = 0
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    quota_says: Literal["fcm", "front"] = "fcm"
    unavailable: float = 0.0
    internal: float = 0.0
    throttled: float = 0.0
    bad_gateway: float = 0.0
    reset: float = 0.0
    reset_untaken: float = 0.0
    silent: float = 0.0
    silent_untaken: float = 0.0
    outage: Trouble | Literal["none"] = "none"
    key: Literal["good", "expired", "revoked"] = "good"
    tokens_given: Literal["yes", "no", "silent"] = "yes"
    strangers: Literal["accepted", "gone"] = "accepted"


def shares(behaviour: Behaviour) -> list[tuple[Trouble, float]]:
    """The troubles that strike by chance, with their shares."""
    return [(each, share) for each in TROUBLES if (share := getattr(behaviour, each)) > 0]


def behaviour_of(fields: object, *, beside: Behaviour | None = None) -> Behaviour:
    """The behaviour that the fields name; what they leave out is as in `beside`. Raises `BadEmulation`."""
    try:
        if not isinstance(fields, dict):
            raise msgspec.ValidationError("Expected an object of settings")
        known = msgspec.to_builtins(beside or Behaviour())
        behaviour = msgspec.convert({**known, **fields}, Behaviour)
    except msgspec.ValidationError as error:
        raise BadEmulation(f"{error}: name settings such as latency_ms or outage, with values of theirs.") from None
    check_behaviour(behaviour)
    return behaviour


def check_behaviour(behaviour: Behaviour) -> None:
    """Raises `BadEmulation`, saying what is expected."""
    parts = [getattr(behaviour, each) for each in TROUBLES]
    if not all(0 <= share <= 1 for share in parts) or sum(parts) > 1 + 1e-9:
        raise BadEmulation("The shares of the troubles go from 0 to 1, and together to 1 at most: 0.05 is one in 20.")
    numbers = (behaviour.latency_ms, behaviour.latency_p99_ms, behaviour.quota_a_minute)
    more = (behaviour.device_quota_a_minute, behaviour.retry_after_s)
    if not all(0 <= number < 2**31 for number in (*numbers, *more)):
        raise BadEmulation("Latencies, quotas and retry_after_s are 0 or more.")
    if behaviour.latency_p99_ms and not 0 < behaviour.latency_ms <= behaviour.latency_p99_ms:
        raise BadEmulation("latency_p99_ms belongs to a latency_ms that is above 0 and not above it.")
