"""Summaries as fleets leave them behind: a green one, a failing one, a partial one and an empty one, from one seed."""

from collections.abc import Mapping
from random import Random

import msgspec

from homeport_client.fleet.report.summary import (
    Check,
    Contested,
    LaneState,
    Mark,
    Reached,
    Sample,
    Summary,
    Threshold,
    Trend,
    Wall,
)
from homeport_client.state import TABLE
from tests.unit.client import fleet_report_lives as lives
from tests.unit.client.fleet_report_lives import DAY_S, HEALED_S

CRASHES_S = (27_400.0, 61_300.0)

CHECKS = {
    "lost": "a change that was answered as taken in is missing",
    "twice": "one change is in the log twice",
    "differing": "a device that came to rest shows something else than the log says",
    "flickering": "somebody who watches sees a value go back to an older one",
    "outside": "a device holds a record its user may not see",
    "resurrected": "a deleted record is back",
    "gaps": "a position of the log is missing",
    "skipped": "a follower passes over a change",
    "unexplained": "an answer is given that the protocol does not know",
    "fallen": "a process ends though nobody ended it",
    "unhealed": "something still moves when the time to heal is over",
}
COUNTS = {"duplicates_answered": 3_181, "pokes_lost": 512, "resyncs": 14, "schema_changes": 2, "sockets_opened": 41_220}


def green(*, devices: int = 1_000, moments: int = 120, lanes: int = 12) -> Summary:
    """A day of a fleet in which nothing went wrong that must not."""
    chance = Random(7)
    samples = _samples(chance, devices, moments)
    return Summary(
        app="examples.tasks:app",
        world="simulated",
        seed=42,
        devices=devices,
        users=max(devices // 4, 1),
        network="subway",
        duration_s=DAY_S,
        healed_s=HEALED_S,
        partial=False,
        checks=tuple(Check(name=name, says=says) for name, says in CHECKS.items()),
        thresholds=(
            Threshold(asked="sync_lag_ms p95 < 30 min", kept=True, measured="12 min 4 s"),
            Threshold(asked="bytes_per_change p50 < 2 KB", kept=True, measured="640 B"),
            Threshold(asked="cold_start_ms p99 < 5 s", kept=True, measured="4.1 s"),
        ),
        trends=_trends(),
        counts=COUNTS,
        samples=samples,
        contested=_contested(),
        reached=_reached(chance),
        lanes=tuple(lives.lane(chance, number) for number in range(lanes)),
        server=tuple(Mark(at_s=at_s, what="crash", says="killed; back after 12 s") for at_s in CRASHES_S),
        again=f"homeport fleet --app examples.tasks:app --devices {devices} --network subway --for 24h --seed 42",
        wall=Wall(began="2026-03-01T09:30:00Z", wall_s=141.2, cpu_s=138.9),
    )


def failing() -> Summary:
    """The same with violations, a missed threshold and a story that was made short."""
    calm = green(devices=60, moments=80, lanes=6)
    found = {"lost": 3, "differing": 120}
    checks = (
        msgspec.structs.replace(each, found=tuple(_sentences(each.name, found.get(each.name, 0))))
        for each in calm.checks
    )
    missed = Threshold(asked="sync_lag_ms p95 < 10 min", kept=False, measured="12 min 4 s")
    return msgspec.structs.replace(
        calm, checks=tuple(checks), thresholds=(*calm.thresholds, missed), failure=lives.story(), healed_s=None
    )


def partial() -> Summary:
    """A run that was ended before its time, in the real world."""
    calm = green(devices=24, moments=30, lanes=3)
    return msgspec.structs.replace(
        calm,
        partial=True,
        checks=(),
        duration_s=calm.samples[10].at_s,
        planned_s=DAY_S,
        healed_s=None,
        world="real",
        samples=calm.samples[:11],
        wall=None,
    )


def empty() -> Summary:
    """A run that was over before anything happened."""
    nothing: Mapping[str, int] = {}
    reached = Reached(
        pairs=nothing, pairs_possible=0, outcomes=nothing, error_codes=nothing, incidents=nothing, steps=nothing
    )
    return Summary(
        app="app:app",
        world="simulated",
        seed=0,
        devices=0,
        users=0,
        network="perfect",
        duration_s=0.0,
        healed_s=None,
        partial=True,
        checks=(),
        thresholds=(),
        trends={},
        counts={},
        samples=(),
        contested=(),
        reached=reached,
        lanes=(),
        server=(),
        again="homeport fleet --seed 0",
    )


def _samples(chance: Random, devices: int, moments: int) -> tuple[Sample, ...]:
    samples, written, waiting = [], 0, 0
    for number in range(moments):
        at_s = (DAY_S + HEALED_S) * (number + 1) / moments
        new = int(devices * _awake(at_s) * chance.uniform(0.5, 1.5)) if at_s <= DAY_S else 0
        answered = min(waiting, int(waiting * chance.uniform(0.3, 0.8))) if at_s <= DAY_S else waiting
        written, waiting = written + new, waiting + new - answered
        lag = chance.lognormvariate(8, 1) if answered else None
        samples.append(
            Sample(
                at_s=at_s,
                states=_states(chance, devices, at_s),
                written=written,
                waiting=waiting,
                waiting_max=min(waiting, int(chance.uniform(3, 40))),
                logged=int((written - waiting) * 0.985),
                bytes_up=int(answered * chance.uniform(500, 800)),
                bytes_down=int(answered * chance.uniform(1_500, 4_000)),
                requests=int(devices * _awake(at_s) * chance.uniform(4, 6)),
                lag_p50_ms=lag,
                lag_p95_ms=lag * chance.uniform(4, 90) if lag else None,
            )
        )
    return tuple(samples)


def _awake(at_s: float) -> float:
    """How much of a fleet is up, by the hour of the day."""
    hour = at_s / 3_600 % 24
    return 0.12 if hour < 6 else 0.9 if 8 <= hour < 22 else 0.5


def _states(chance: Random, devices: int, at_s: float) -> Mapping[LaneState, int]:
    if at_s > DAY_S + HEALED_S * 0.6:
        return {"live": devices}
    crashed = any(0 <= at_s - crash < 900 for crash in CRASHES_S)
    up = _awake(at_s)
    shares: dict[LaneState, float] = {
        "pulling": 0.03 * up,
        "pushing": 0.05 * up,
        "backing_off": (0.45 if crashed else 0.07) * up,
        "refused": 0.01,
        "offline": 0.06 * up,
        "away": 0.2 * up,
        "asleep": (1 - up) * 0.8,
        "off": (1 - up) * 0.2,
    }
    counts: dict[LaneState, int] = {
        state: int(devices * share * chance.uniform(0.8, 1.1)) for state, share in shares.items()
    }
    return {"live": max(devices - sum(counts.values()), 0), **counts}


def _trends() -> Mapping[str, Trend]:
    lag = Trend(
        unit="ms", count=48_211, min=38, avg=61_200, p50=3_100, p90=240_000, p95=724_000, p99=5_100_000, max=2.9e7
    )
    size = Trend(unit="bytes", count=48_211, min=212, avg=704, p50=640, p90=1_100, p95=1_480, p99=4_200, max=65_000)
    attempts = Trend(unit="", count=48_211, min=1, avg=1.42, p50=1, p90=2, p95=4, p99=9, max=31)
    return {"sync_lag_ms": lag, "bytes_per_change": size, "attempts_per_change": attempts}


def _contested() -> tuple[Contested, ...]:
    fields = {
        "Task.done": "register",
        "Task.title": "register",
        "Task.estimate": "max",
        "Task.tags": "union",
        "TaskList.color": "register",
    }
    counted = []
    for place, (name, rule) in enumerate(fields.items()):
        kind, field = name.split(".")
        merged, superseded = 900 // (place + 1), 700 // (place + 2)
        counted.append(Contested(kind=kind, field=field, rule=rule, outcome="merged", times=merged))
        counted.append(Contested(kind=kind, field=field, rule=rule, outcome="superseded", times=superseded))
    return tuple(counted)


def _reached(chance: Random) -> Reached:
    moving = [(state, event) for (state, event), target in TABLE.items() if target is not state]
    pairs = {f"{state.value}/{event.value}": int(chance.lognormvariate(5, 3)) for state, event in moving[:-3]}
    return Reached(
        pairs=pairs,
        pairs_possible=len(moving),
        outcomes={"accepted": 45_120, "merged": 2_210, "superseded": 941, "rejected": 312},
        error_codes={"RECORD_GONE": 201, "SCOPE_FORBIDDEN": 77, "DEPENDS_ON_REJECTED": 30, "OVERLOADED": 4},
        incidents={
            name: 100 + 37 * place
            for place, name in enumerate(("lose_request", "lose_answer", "cut_request", "cut_answer", "double", "late"))
        },
        steps={
            name: 4_000 // (place + 1)
            for place, name in enumerate(
                (
                    "update",
                    "create",
                    "tunnel",
                    "delete",
                    "kill",
                    "clock",
                    "invite",
                    "airplane",
                    "sleep",
                    "wake",
                    "upgrade",
                    "clone",
                    "lend",
                    "share",
                )
            )
        },
    )


def _sentences(name: str, amount: int) -> list[str]:
    if name == "lost":
        return [
            f"phone-{place} was told that its change {place + 40} is in, and the log has no such change"
            for place in range(amount)
        ]
    return [
        f"phone-{place % 60} shows Task 01J8-{place} with title 'milk', and the log says 'bread'"
        for place in range(amount)
    ]
