"""A fleet that has come to rest, for the tests of what is told about it; `finished` changes what a test is about."""

from __future__ import annotations

from msgspec.structs import replace

from homeport_client.fleet.report.summary import Check, Failure, Reached, Sample, Summary, Threshold, Trend, Wall

LAG = Trend(unit="ms", count=90, min=4, avg=230, p50=180, p90=390, p95=412, p99=800, max=1_900)
FOUND = ("phone-3 wrote update Task t1 and it was never answered.", "phone-4 holds t2, which was deleted.")

LOST = Check(name="lost", says="acknowledged writes that were lost")
TWICE = Check(name="twice", says="changes that were applied twice")
DIFFERING = Check(name="differing", says="devices that differ")
GAPS = Check(name="gaps", says="gaps in the log")

FAILURE = Failure(
    sentences=FOUND, steps=("phone-3 loses the network", "phone-3 writes"), steps_before=212, tries=40, file="a.story"
)
WALL = Wall(began="2026-03-01T10:00:00Z", wall_s=12.3456, cpu_s=11.0)

_SUMMARY = Summary(
    app="tasks",
    world="simulated",
    seed=7,
    devices=50,
    users=34,
    network="subway",
    duration_s=3_600,
    healed_s=12,
    partial=False,
    checks=(LOST, TWICE, DIFFERING, GAPS),
    thresholds=(Threshold(asked="p95(sync_lag) < 500ms", kept=True, measured="412 ms"),),
    trends={"sync_lag": LAG},
    counts={"written": 1_200, "accepted": 1_150, "applied": 1_040, "merged": 80, "superseded": 30, "rejected": 50},
    samples=(),
    contested=(),
    reached=Reached(
        pairs={"live/poke": 3}, pairs_possible=40, outcomes={}, error_codes={}, incidents={}, steps={"update": 9}
    ),
    lanes=(),
    server=(),
    again="homeport fleet run --seed 7",
)

SAMPLE = Sample(
    at_s=60,
    states={"live": 30, "offline": 15, "backing_off": 5},
    written=120,
    waiting=9,
    waiting_max=4,
    logged=100,
    lag_p50_ms=180,
    lag_p95_ms=412,
)


def finished(**changes: object) -> Summary:
    """The good run, with some of its fields changed."""
    return replace(_SUMMARY, **changes)


def broken(*sentences: str, **changes: object) -> Summary:
    """The same run, with these violations of `lost`."""
    return finished(checks=(replace(LOST, found=sentences or FOUND), TWICE, DIFFERING, GAPS), **changes)
