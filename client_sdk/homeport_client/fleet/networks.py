"""The networks phones live in, each a plain value: how slow, how often gone, and what goes wrong on the way.

The simulated world draws from them, and so does the proxy that stands between real clients and a real server. The
**incidents** are what can happen to one request and its answer; a network says how often each of them does.

| incident | what happens |
|---|---|
| `lose_request` | it never arrives, and nobody says so |
| `lose_answer` | it is served, and the answer never comes |
| `cut_request` | the connection ends in the middle of the request |
| `cut_answer` | it is served, and the connection ends in the middle of the answer |
| `double` | it arrives twice, the second time up to `late_s` later |
| `late` | the phone has given up when it arrives, after what was sent later |
| `slow` | the answer drips in, over `late_s` |
| `portal` | a captive portal answers 200 with its own HTML |
| `bad_gateway` | a proxy answers 502 with HTML, and the request has not arrived |
| `too_large` | a proxy answers 413 with HTML, and the request has not arrived |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeport_client.fleet.sound import above_zero, known, not_negative, ranges, shares

Range = tuple[float, float]

INCIDENTS = (
    "lose_request",
    "lose_answer",
    "cut_request",
    "cut_answer",
    "double",
    "late",
    "slow",
    "portal",
    "bad_gateway",
    "too_large",
)


LOSE_POKE = "lose_poke"  # befalls a poke, no request
# These befall what a provider of notifications brings: a wake never comes, something comes twice, or minutes late.
LOSE_WAKE, BRING_TWICE, BRING_LATE = "lose_wake", "bring_twice", "bring_late"
OF_DELIVERIES = (LOSE_WAKE, BRING_TWICE, BRING_LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """When there is no network at all: `every_s` seconds between two gaps, each `for_s` long, both drawn evenly."""

    every_s: Range
    for_s: Range

    def __post_init__(self) -> None:
        ranges("A network's gaps", every_s=self.every_s, for_s=self.for_s)
        above_zero("A network's gaps", **{"every_s or for_s": self.every_s[1] + self.for_s[1]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One kind of network.

    `delay_s` is the time of one way, `bytes_per_s` what passes in a second (0: as much as you like). `rates` gives the
    share (0 to 1) of requests to which an incident happens, `lose_poke` the share of pokes that get lost. Without
    `sockets` a proxy on the way lets no WebSocket through; it refuses bodies over `body_bytes_max` (0: none) with
    `too_large`. A simulated phone waits `patience_s` for an answer that never comes.
    """

    name: str
    delay_s: Range = (0.0, 0.05)
    bytes_per_s: float = 0.0
    gaps: Gaps | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    lose_poke: float = 0.0
    sockets: bool = True
    body_bytes_max: int = 0
    late_s: float = 20.0
    patience_s: float = 5.0

    def __post_init__(self) -> None:
        owner = f"The network {self.name!r}"
        known(owner, "incident", self.rates, INCIDENTS)
        shares(owner, **self.rates, lose_poke=self.lose_poke)
        ranges(owner, delay_s=self.delay_s)
        not_negative(owner, bytes_per_s=self.bytes_per_s, body_bytes_max=self.body_bytes_max, late_s=self.late_s)
        above_zero(owner, patience_s=self.patience_s)


_MINUTE_S, _HOUR_S = 60.0, 3_600.0

PERFECT = Network(name="perfect")
ROUGH = Network(
    name="rough",
    rates={
        "lose_request": 0.05,
        "lose_answer": 0.08,
        "cut_request": 0.03,
        "cut_answer": 0.05,
        "double": 0.08,
        "late": 0.05,
        "slow": 0.02,
        "portal": 0.02,
        "bad_gateway": 0.02,
        "too_large": 0.01,
    },
    lose_poke=0.3,
)

NETWORKS: Mapping[str, Network] = {
    each.name: each
    for each in (
        PERFECT,
        ROUGH,
        Network(name="wifi", delay_s=(0.005, 0.03), rates={"lose_answer": 0.002, "cut_answer": 0.001}),
        Network(
            name="mobile",
            delay_s=(0.03, 0.15),
            bytes_per_s=500_000,
            gaps=Gaps(every_s=(10 * _MINUTE_S, _HOUR_S), for_s=(5, 40)),
            rates={"lose_request": 0.01, "lose_answer": 0.01, "cut_answer": 0.01},
            lose_poke=0.02,
        ),
        Network(
            name="tunnel",
            delay_s=(0.03, 0.15),
            bytes_per_s=500_000,
            gaps=Gaps(every_s=(3 * _MINUTE_S, 15 * _MINUTE_S), for_s=(20, 120)),
            rates={"cut_request": 0.02, "cut_answer": 0.03},
            lose_poke=0.05,
        ),
        Network(
            name="subway",
            delay_s=(0.05, 0.6),
            bytes_per_s=100_000,
            gaps=Gaps(every_s=(20, 60), for_s=(45, 150)),
            rates={"lose_request": 0.06, "lose_answer": 0.06, "cut_request": 0.05, "cut_answer": 0.05, "late": 0.02},
            lose_poke=0.2,
        ),
        Network(
            name="lift",
            delay_s=(0.02, 0.1),
            gaps=Gaps(every_s=(5 * _MINUTE_S, 30 * _MINUTE_S), for_s=(15, 60)),
            rates={"lose_answer": 0.01},
            lose_poke=0.02,
        ),
        Network(
            name="flight",
            delay_s=(0.02, 0.1),
            gaps=Gaps(every_s=(_HOUR_S, 4 * _HOUR_S), for_s=(_HOUR_S, 8 * _HOUR_S)),
            rates={"portal": 0.02},
        ),
        Network(
            name="rural",
            delay_s=(0.2, 1.5),
            bytes_per_s=15_000,
            gaps=Gaps(every_s=(2 * _MINUTE_S, 20 * _MINUTE_S), for_s=(30, 5 * _MINUTE_S)),
            rates={"lose_request": 0.08, "lose_answer": 0.08, "cut_answer": 0.06, "slow": 0.1},
            lose_poke=0.2,
        ),
        Network(
            name="stadium",
            delay_s=(0.3, 4.0),
            bytes_per_s=30_000,
            rates={"lose_request": 0.25, "lose_answer": 0.15, "slow": 0.2, "bad_gateway": 0.05},
            lose_poke=0.5,
        ),
        Network(
            name="hotel",
            delay_s=(0.02, 0.2),
            gaps=Gaps(every_s=(10 * _MINUTE_S, _HOUR_S), for_s=(5, 60)),
            rates={"portal": 0.15, "double": 0.02},
            lose_poke=0.05,
        ),
        Network(
            name="office",
            delay_s=(0.01, 0.08),
            rates={"bad_gateway": 0.03, "too_large": 0.01},
            sockets=False,
            body_bytes_max=65_536,
        ),
    )
}
