"""What devices must be told: one final outcome for each change, and for a rejected one a reason that is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from homeport_client.fleet.check.effects import Name
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.history import History
from homeport_client.fleet.check.witness import Told, say


def unexplained(evidence: Evidence) -> Iterator[str]:
    """I2 and I7: an outcome is final, fits the log, and a rejection says why."""
    logged = {(entry.device, entry.number): entry for entry in evidence.log}
    first: dict[Name, Told] = {}
    for told in evidence.told:
        name = (told.device, told.change.number)
        before = first.setdefault(name, told)
        if before.outcome != told.outcome:
            yield f"{say(told)} was told {before.outcome.outcome}, and later {told.outcome.outcome}."
        if before.change != told.change:
            yield f"{say(told)} was acknowledged with two different bodies."
        if told.outcome.outcome == "rejected":
            if name in logged:
                yield f"{say(told)} was rejected and stands in the log."
            if not _has_reason(told):
                yield f"{say(told)} was rejected without a code and a message."
    for name in sorted(logged.keys() - first.keys()):
        yield f"Change {name[1]} of device {name[0]} is in the log and its device was never told."


def untold(evidence: Evidence) -> Iterator[str]:
    """I7 again: what was rejected is kept for the app of a phone that wrote it."""
    kept = frozenset[Name]().union(*(holding.refused for holding in evidence.holdings))
    rejected = {(told.device, told.change.number): told for told in evidence.told if told.outcome.outcome == "rejected"}
    for name, told in rejected.items():
        if name not in kept:
            yield f"{say(told)} was rejected, and no phone keeps it for its user to see."


def disordered(accepted: Mapping[Name, Told]) -> Iterator[str]:
    """I5, for whoever merges: what a device wrote later is stamped later."""
    last: dict[str, Told] = {}
    for _, told in sorted(accepted.items()):
        before = last.get(told.device)
        if before and told.stamp <= before.stamp:
            yield f"{say(told)} is stamped {told.stamp}, not after its change {before.change.number} ({before.stamp})."
        last[told.device] = told


def unjust(evidence: Evidence) -> Iterator[str]:
    """I7 again: nothing is rejected for a reason that was never there, whatever the order in which things arrived."""
    once = {(told.device, told.change.number): told for told in evidence.told}
    history = History([*once.values()], evidence)
    for told in once.values():
        if told.outcome.outcome == "rejected" and not history.allows(told):
            yield f"{say(told)} was rejected as {told.code}, and nothing that ever happened is a reason for it."


def _has_reason(told: Told) -> bool:
    return bool((told.outcome.error or {}).get("message")) and bool(told.code)
