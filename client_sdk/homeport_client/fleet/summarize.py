"""From what was played to the summary that reports are made of. Pure: the same playing gives the same summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import structs

from homeport_client.fleet.check.judge import CHECKS
from homeport_client.fleet.check.notices import owed_and_received
from homeport_client.fleet.check.owed import owed
from homeport_client.fleet.check.witness import Told
from homeport_client.fleet.clock import DAY_MS
from homeport_client.fleet.measure.histogram import Histogram
from homeport_client.fleet.measure.reading import Reading
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.bound import Bound, judge
from homeport_client.fleet.report.clean import clean
from homeport_client.fleet.report.summary import (
    Check,
    Contested,
    Lane,
    Mark,
    Reached,
    Summary,
    Trend,
    Wall,
)
from homeport_client.fleet.story import SERVER, Handset, Step
from homeport_client.state import TABLE
from homeport_sync.catalog import Catalog
from homeport_sync.change import Verdict

VERDICTS: tuple[Verdict, ...] = ("applied", "merged", "superseded", "rejected")
UNHEALED = "unhealed"
LEADING = frozenset(pair for pair, after in TABLE.items() if after is not pair[0])


def summarize(
    played: Played,
    catalog: Catalog,
    *,
    network: str,
    again: str,
    bounds: Sequence[Bound] = (),
    planned_s: float | None = None,
    wall: Wall | None = None,
) -> Summary:
    """The summary. `network` is what it was asked to be played on, `again` the command that plays it again, `planned_s`
    how long it was to last."""
    story, outcomes = played.story, _outcomes(played)
    summary = Summary(
        app=catalog.app,
        world=played.world,
        seed=story.seed,
        devices=len(story.handsets),
        users=len(story.users),
        network=network,
        duration_s=story.until_ms / 1_000,
        healed_s=_healed_s(played),
        partial=played.verdict is None,
        checks=_checks(played),
        thresholds=(),
        trends=_trends(played),
        counts=_counts(played, outcomes),
        samples=tuple(played.samples),
        contested=_contested(_told(played), catalog),
        reached=_reached(played, outcomes),
        lanes=lanes(played),
        server=tuple(_mark(step) for step in story.steps if step.who == SERVER),
        again=again,
        wall=wall,
        planned_s=planned_s if played.verdict is None else None,
    )
    summary = clean(summary)
    return structs.replace(summary, thresholds=tuple(judge(bound, summary) for bound in bounds))


def _healed_s(played: Played) -> float | None:
    """When the last phone had come to rest; None of a fleet that did not."""
    if played.verdict is None or played.verdict.found.get(UNHEALED):
        return None
    return max(played.healed_ms.values(), default=0) / 1_000


def lanes(played: Played) -> tuple[Lane, ...]:
    """The lanes of the phones that were followed."""
    handsets = {handset.name: handset for handset in played.story.handsets}
    marks: dict[str, list[Mark]] = {}
    for step in played.story.steps:
        marks.setdefault(step.who, []).append(_mark(step))
    return tuple(
        _lane(name, handsets.get(name.partition(".")[0].partition(" ")[0]), played, marks.get(name, []))
        for name in played.tracks
    )


def _lane(name: str, handset: Handset | None, played: Played, marks: Iterable[Mark]) -> Lane:
    dealt = handset or Handset(name=name, user="")
    return Lane(
        phone=name,
        user=name.partition(" of ")[2] or dealt.user,
        persona=dealt.persona,
        network=dealt.network,
        spans=tuple(played.tracks[name]),
        marks=tuple(marks),
    )


def _mark(step: Step) -> Mark:
    return Mark(at_s=step.at_ms / 1_000, what=step.do, says=str(step).partition("  ")[2])


def _checks(played: Played) -> tuple[Check, ...]:
    if played.verdict is None:
        return ()
    found, unmade = played.verdict.found, played.verdict.unmade
    made = ((name, says) for name, says in CHECKS.items() if name not in unmade)
    return tuple(Check(name=name, says=says, found=found.get(name, ())) for name, says in made)


def _trends(played: Played) -> dict[str, Trend]:
    tally, days = played.tally, max(played.story.until_ms, 1) / DAY_MS
    heal = Histogram("ms")
    for each in played.healed_ms.values():
        heal.add(each)
    meters = played.in_play.values()  # a day is one of play: healing has another pace, and is not in it
    trends = {
        "sync_lag": tally.sync_lag,
        "push_lag": tally.push_lag,
        **({"sleeping_lag": tally.sleeping_lag, "unwoken_lag": tally.unwoken_lag} if tally.sleeping_lag.count else {}),
        "heal": heal,
        "outbox": tally.outbox,
        "bytes_per_device_day": _each(meters, "bytes", lambda meter: (meter.bytes_up + meter.bytes_down) / days),
        "requests_per_device_day": _each(meters, "", lambda meter: meter.requests / days),
        "radio_wakes_per_device_day": _each(meters, "", lambda meter: meter.radio_wakes / days),
    }
    return {name: each.trend() for name, each in trends.items()}


def _each(meters: Iterable[Reading], unit: str, of: Callable[[Reading], float]) -> Histogram:
    histogram = Histogram(unit)
    for meter in meters:
        histogram.add(of(meter))
    return histogram


def _counts(played: Played, outcomes: Mapping[str, int]) -> dict[str, int]:
    meters, steps = played.meters.values(), Counter(step.do for step in played.story.steps)
    return {
        "written": played.written,
        "accepted": sum(outcomes.get(name, 0) for name in VERDICTS[:3]),
        **{name: outcomes.get(name, 0) for name in VERDICTS},
        "requests": sum(meter.requests for meter in meters),
        "pokes": played.tally.pokes,
        **_noticed(played),
        "bytes_up": sum(meter.bytes_up for meter in meters),
        "bytes_down": sum(meter.bytes_down for meter in meters),
        "incidents": played.tally.incidents.total(),
        "crashes": steps["crash"],
        "kills": steps["kill"],
        "steps": len(played.story.steps),
    }


def _noticed(played: Played) -> dict[str, int]:
    """How many notifications were owed, and how many came; nothing where nobody is told of anything."""
    evidence = played.evidence
    if evidence is None or evidence.noticed is None:
        return {}
    debts = owed(evidence.log, evidence.rules, evidence.kinds, evidence.tenant)
    owing, received = owed_and_received(debts, evidence.noticed)
    wakes = sum(each.wake for each in evidence.noticed.sent)
    return {"notifications_owed": owing, "notifications_received": received, "wakes": wakes}


def _reached(played: Played, outcomes: Mapping[str, int]) -> Reached:
    tally = played.tally
    codes = Counter(told.code for told in _told(played) if told.code) + tally.error_codes
    return Reached(
        pairs={
            f"{state.value}/{event.value}": times
            for (state, event), times in tally.pairs.items()
            if (state, event) in LEADING
        },
        pairs_possible=len(LEADING),
        outcomes=outcomes,
        error_codes=dict(sorted(codes.items())),
        incidents=dict(sorted(tally.incidents.items())),
        steps=dict(sorted(Counter(step.do for step in played.story.steps).items())),
    )


def _contested(told: Iterable[Told], catalog: Catalog) -> tuple[Contested, ...]:
    """How often a later arrival met an earlier write of somebody else, field by field."""
    times: Counter[tuple[str, str, str]] = Counter()
    for each in told:
        if each.outcome.outcome in ("merged", "superseded"):
            for name in each.change.fields:
                lost = name in each.outcome.lost
                times[each.change.kind, name, "superseded" if lost else "merged"] += 1
    return tuple(
        Contested(kind=kind, field=name, rule=_rule(catalog, kind, name), outcome=outcome, times=count)  # type: ignore[arg-type]
        for (kind, name, outcome), count in sorted(times.items())
    )


def _rule(catalog: Catalog, kind: str, name: str) -> str:
    known = catalog.kinds.get(kind)
    field = known.fields.get(name) if known else None
    return field.rule if field else ""


def _outcomes(played: Played) -> dict[str, int]:
    counted = Counter(told.outcome.outcome for told in _told(played))
    return {name: counted[name] for name in VERDICTS if counted[name]}


def _told(played: Played) -> list[Told]:
    """What each change was told, once."""
    return list({(each.device, each.change.number): each for each in played.told}.values())
