"""Every limit of the client room, together and with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLimits:
    """What is too long, too much or too often for a device.

    `poll_s` is the longest a live device goes without asking for news, pokes or not (I13). A failed attempt waits
    up to `retry_first_ms`, each further one up to twice as long, never more than `retry_max_ms`. A device that is
    told to wait waits as long as it is told, of which `retry_after_max_ms` is believed, and up to `told_jitter_ms`
    more. After `repairs_max` adjustments in a row (new device id, pull from the start) without catching up, it waits
    as after a failure. `connect_s` bounds reaching the server, `answer_s` each part of an answer, `handshake_s` the
    start of a poke socket. A request whose kept connection turns out to be closed is sent again at once, `resends_max`
    times at most. `answer_bytes_max` and `poke_bytes_max` bound what is read; `envelope_bytes` is kept free in a push
    for what surrounds the changes, `change_growth_bytes` in a change for what it is given after it was written: a place
    in a group, or a longer number. `outcomes_max` bounds the history of outcomes, but for what was rejected and waits:
    like the outbox, that is the user's work, and is kept until it is decided. `query_limit_max` bounds one query. How
    far the clock is off may move by `offset_drift_ms` before that alone is worth a write. Of what providers deliver the
    last `deliveries_max` are known again, for `delivery_keep_ms`.
    """

    poll_s: float = 30.0
    retry_first_ms: int = 500
    retry_max_ms: int = 60_000
    retry_after_max_ms: int = 3_600_000
    told_jitter_ms: int = 250
    repairs_max: int = 3
    connect_s: float = 10.0
    answer_s: float = 30.0
    handshake_s: float = 10.0
    resends_max: int = 3
    answer_bytes_max: int = 16_777_216
    poke_bytes_max: int = 65_536
    envelope_bytes: int = 4_096
    change_growth_bytes: int = 64
    outcomes_max: int = 1_000
    query_limit_max: int = 1_000
    offset_drift_ms: int = 250
    deliveries_max: int = 1_000
    delivery_keep_ms: int = 30 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkLimits:
    """`connections_max` is how many requests are under way at once, `kept_max` how many connections wait for more."""

    connections_max: int = 100
    kept_max: int = 20


DEVICE_LIMITS = DeviceLimits()
UPLINK_LIMITS = UplinkLimits()
ALONE = UplinkLimits(kept_max=1)  # a device asks one thing at a time: so when what it kept fails, the next is fresh
