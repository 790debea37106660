"""Cases as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from homeport_server.quarantine.case import Case, Readable
from homeport_server.quarantine.fate import Replayed
from homeport_sync.change import Outcome, encode
from homeport_sync.quarantine import Held
from homeport_sync.refusal import code_of, message_of


def list_line(tenant: str, case: Case) -> str:
    """One case in a list: when, whose, its name in two words, what it was about, and why it was rejected."""
    held, change = case.held, case.held.change
    about = what(case) + (f"  {state}" if (state := _state(case)) else "")
    when = moment(change.rejected_at_ms)
    return f"{when}  {tenant}  {held.user}  {change.device}  {change.number}  {code_of(case.error)}  {about}"


def case_lines(tenant: str, case: Case, units: Sequence[Sequence[Readable]]) -> Iterator[str]:
    """All of one case; `units` are what would be replayed with it."""
    change = case.held.change
    yield f"Change {case.name} of {case.held.user} in the tenant {tenant}, rejected {moment(change.rejected_at_ms)}."
    yield f"{code_of(case.error)}: {message_of(case.error)}"
    if not isinstance(case, Readable):
        yield "It could not be read when it came, so nothing but the reason was kept."
        return
    yield f"{what(case)} in the scope {case.change.scope}"
    yield f"fields: {encode(case.change.fields)}"
    if state := _state(case):
        yield f"It was {state}."
    behind = [each for unit in units for each in unit if each is not case]
    if behind:
        yield f"Depending on it, in the order of writing: {len(behind):,}"
        yield from (f"  {each.name}  {code_of(each.error)}  {what(each)}" for each in behind)
    if case.held.replayed_at_ms is None:
        more = " --with-dependents" if behind else ""
        named = f"{tenant} {change.device} {change.number}"
        yield f"Next: homeport quarantine replay {named} --app APP --set FIELD=JSON{more}"


def replay_lines(replayed: Replayed) -> Iterator[str]:
    """All that came of a replay."""
    if replayed.already is not None:
        yield already_line(replayed.already, replayed.accepted)
    yield from map(refused_line, replayed.refused_before)
    yield from (outcome_line(each.case, each.name, each.outcome) for each in replayed.fates)


def outcome_line(case: Case, by: str, outcome: Outcome) -> str:
    """What became of one replayed change."""
    return f"{what(case)}: {_told(outcome)} (as {by})"


def already_line(root: Held, outcome: Outcome | None) -> str:
    """That it was replayed before, and what became of it then, if that is known."""
    told = f": {_told(outcome)}" if outcome else ""
    when = moment(root.replayed_at_ms or 0)
    return f"{root.name} was replayed already, {when} as {root.replayed_by}{told}; it is not sent again"


def refused_line(case: Case) -> str:
    """That an earlier replay was rejected."""
    when = moment(case.held.change.rejected_at_ms)
    return f"{case.root} was replayed before, {when} as {case.name}: {_told(case.outcome)}"


def _told(outcome: Outcome) -> str:
    if outcome.outcome == "rejected":
        return f"rejected, {code_of(outcome.error)}: {message_of(outcome.error)}"
    return f"{outcome.outcome}, without {', '.join(outcome.lost)}" if outcome.lost else outcome.outcome


def what(case: Case) -> str:
    """What a change was about."""
    if not isinstance(case, Readable):
        return "what could not be read"
    return f"{case.change.op} {case.change.kind} {case.change.id}"


def moment(ms: int) -> str:
    """A time of the server's clock, to the second, in UTC."""
    return datetime.fromtimestamp(ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(case: Case) -> str:
    held = case.held
    if held.replayed_at_ms is not None:
        return f"replayed {moment(held.replayed_at_ms)} as {held.replayed_by}"
    return f"a replay of {held.change.replays}" if held.change.replays else ""
