"""The verdict in words: one paragraph that a person would say aloud, good news and bad alike.

It claims no more than the summary shows: only a check that was made can say that nothing was lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from homeport_client.fleet.report.sentences import bounded, counted, joined, missed, printable, shortened
from homeport_client.fleet.report.summary import Summary, Trend
from homeport_client.fleet.report.units import spoken

MISSED_MAX = 3
_OWN = "broken"

_WORLDS: Mapping[str, str] = {"simulated": "in a simulated world", "real": "with real servers"}
_GOOD_NEWS: Mapping[str, str] = {
    "lost": "nothing was lost",
    "twice": "nothing was applied twice",
    "differing": "nobody differs",
}
_OUTCOMES: Mapping[str, str] = {"applied": "as they were", "merged": "merged", "superseded": "superseded"}


def verdict_words(summary: Summary) -> str:
    """The whole run in one paragraph, and in the end how to replay it if anything broke."""
    parts = [_worked(summary), _wrote(summary.counts), _rested(summary), _promises(summary), _thresholds(summary)]
    if summary.failure:
        parts.append(shortened(summary.failure))
    if not summary.kept:
        parts.append(f"Replay it: {summary.again}")
    return printable(" ".join(part for part in parts if part))


def outcomes(counts: Mapping[str, int]) -> str:
    """What became of the changes: "4,068 accepted (3,670 as they were, 310 merged and 88 superseded), 52 rejected"."""
    how = [f"{counts[name]:,} {says}" for name, says in _OUTCOMES.items() if counts.get(name)]
    accepted = f"{counts.get('accepted', 0):,} accepted" + (f" ({joined(how)})" if how else "")
    return f"{accepted}, {counts.get('rejected', 0):,} rejected"


def told(counts: Mapping[str, int], trends: Mapping[str, Trend]) -> str:
    """What became of notifications, and what wakes were worth: "86 of 86 notifications owed came; 224 wakes; …".
    Nothing, where nobody is told of anything."""
    if "notifications_owed" not in counts:
        return ""
    owed, came = counts["notifications_owed"], counts.get("notifications_received", 0)
    said = [f"{came:,} of {owed:,} notifications owed came", counted(counts.get("wakes", 0), "wake")]
    woken, unwoken = trends.get("sleeping_lag"), trends.get("unwoken_lag")
    if woken and unwoken and woken.count and unwoken.count:
        lags = f"{spoken(woken.p95, woken.unit)} with wakes, {spoken(unwoken.p95, unwoken.unit)} without"
        said.append(f"p95 from commit to synced where the app slept: {lags}")
    return "; ".join(said)


def _worked(summary: Summary) -> str:
    who = f"{counted(summary.devices, 'phone')} of {counted(summary.users, 'person', 'people')}"
    told = (
        f"{who} worked for {_lived(summary)} on the {summary.network} network, "
        f"{_WORLDS[summary.world]}, with seed {summary.seed}."
    )
    return f"{told} They were stopped early, so this tells of what was done until then." if summary.partial else told


def _lived(summary: Summary) -> str:
    """How long, and of what was stopped how much of it."""
    lived = spoken(summary.duration_s * 1000, "ms")
    return f"{lived} of {spoken(summary.planned_s * 1000, 'ms')}" if summary.planned_s else lived


def _wrote(counts: Mapping[str, int]) -> str:
    written = counts.get("written", 0)
    if not written:
        return "They wrote nothing, so there was nothing to break."
    return f"They wrote {counted(written, 'change')}: {outcomes(counts)}."


def _rested(summary: Summary) -> str:
    if summary.healed_s is None:
        return ""
    return f"All came to rest {spoken(summary.healed_s * 1000, 'ms')} after the last fault."


def _promises(summary: Summary) -> str:
    """All good news, or what broke first and how much more there is."""
    if not summary.checks:
        return "Nothing was checked."
    broken = [check for check in summary.checks if check.found]
    if broken:
        number = len(summary.violations)
        first = f"A promise was broken ({broken[0].name}): {broken[0].found[0]}"
        names = joined(check.name for check in broken)
        return f"{first} There are {number:,} violations in all, of {names}." if number > 1 else first
    good = [says for name, says in _GOOD_NEWS.items() if name in {check.name for check in summary.checks}]
    others = len(summary.checks) - len(good)
    if others:
        good.append(f"{counted(others, 'other check' if good else 'check')} found nothing")
    told = joined(good)
    own = "" if _OWN in {check.name for check in summary.checks} else " No rule of the app's own was given to check."
    return f"{told[0].upper()}{told[1:]}.{own}"


def _thresholds(summary: Summary) -> str:
    if not summary.thresholds:
        return ""
    wrong = [missed(threshold) for threshold in summary.thresholds if not threshold.kept]
    if wrong:
        return " ".join(bounded(wrong, MISSED_MAX))
    return f"{_all(len(summary.thresholds))} kept."


def _all(number: int) -> str:
    return "The threshold was" if number == 1 else f"All {number:,} thresholds were"
