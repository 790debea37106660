"""Whom a change had to be told, counted anew from the log: one change after the other, the slow and simple way.

Only the app's own function is asked again: whom it means to tell is nobody else's business. All that Homeport does
with its answer (audiences, authors, who has pulled, who is told once) is counted without any of its code.

A rule is asked about a record as it is by then, which may be any state that it had in the next minutes. So of each
change there is what **must** be told, whatever state was met, and what **may** be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial

from homeport_sync.catalog import Kind
from homeport_sync.change import Value
from homeport_sync.entry import Entry, read_entry
from homeport_sync.ports import LogEntry
from homeport_sync.scope import EVERYBODY, MEMBER
from homeport_sync.tell import Rule, Tell
from homeport_sync.values import PythonValue

MET_MS = 600_000  # so much later a rule may be asked: the server was down, or had much to do


@dataclass(slots=True, kw_only=True)
class Owed:
    """How often each user must be told of one change, and may be at most."""

    entry: LogEntry
    must: Counter[str] = field(default_factory=Counter)
    may: Counter[str] = field(default_factory=Counter)


def owed(log: Sequence[LogEntry], rules: Iterable[Rule], kinds: Mapping[str, Kind], tenant: str) -> dict[int, Owed]:
    """What is owed for each change of the log, by its position."""
    states = _States(log)
    found: dict[int, Owed] = {}
    for rule in rules:
        for entry in log:
            watched = (rule.kinds is None or entry.kind in rule.kinds) and (rule.ops is None or entry.op in rule.ops)
            if watched and entry.outcome != "superseded" and entry.kind in kinds:
                read = read_entry(tenant, entry, kinds[entry.kind])
                members = cache(partial(_members, log, entry))
                met = [_told(rule, read, _read(each, kinds[entry.kind]), members) for each in states.met(entry)]
                of = found.setdefault(entry.position, Owed(entry=entry))
                of.must += _least(each for each, _ in met)
                of.may += _most(each for _, each in met)
    return found


class _States:
    """The states of each record, after each of its entries; None once it is deleted. With a root goes all within it."""

    def __init__(self, log: Sequence[LogEntry]) -> None:
        self._of: dict[str, list[tuple[int, int, dict[str, Value] | None]]] = defaultdict(list)
        self._gone_ms: dict[str, list[int]] = defaultdict(list)
        now: dict[str, dict[str, Value]] = {}
        for entry in log:
            fields = {name: value for name, value in entry.fields.items() if _is_plain(value)}
            now[entry.record] = {**now.get(entry.record, {}), **fields}  # type: ignore[dict-item]
            gone = entry.op in ("delete", "leave")
            state = None if gone else dict(now[entry.record])
            self._of[entry.record].append((entry.position, entry.accepted_at_ms, state))
            if gone and entry.record == entry.scope:
                self._gone_ms[entry.scope].append(entry.accepted_at_ms)

    def met(self, entry: LogEntry) -> list[dict[str, Value] | None]:
        """Those that a rule may meet that is asked about this entry."""
        since_ms, until_ms = entry.accepted_at_ms, entry.accepted_at_ms + MET_MS
        found = [state for at, at_ms, state in self._of[entry.record] if at >= entry.position and at_ms <= until_ms]
        gone = any(since_ms <= at_ms <= until_ms for at_ms in self._gone_ms[entry.scope])
        return [*found, None] if gone else found


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _told(
    rule: Rule, entry: Entry, record: Mapping[str, PythonValue] | None, members: Callable[[], tuple[set[str], set[str]]]
) -> tuple[Counter[str], Counter[str]]:
    """How often each user is told of the entry by the rule that meets this record: at least, and at most."""
    least, most = Counter[str](), Counter[str]()
    with suppress(Exception):  # what the app's own function raises is told to nobody
        for tell in rule.tells(entry, record):
            if tell.title or tell.body:
                sure, perhaps = _users(tell, entry, members)
                least.update(sure)
                most.update(perhaps)
    return least, most


def _read(state: Mapping[str, Value] | None, kind: Kind) -> Mapping[str, PythonValue] | None:
    if state is None:
        return None
    fields = {}
    for name, each in kind.fields.items():
        with suppress(TypeError, ValueError):
            fields[name] = each.type.from_wire(state.get(name, each.default))
    return fields


def _users(tell: Tell, entry: Entry, members: Callable[[], tuple[set[str], set[str]]]) -> tuple[set[str], set[str]]:
    """Whom it reaches in any case, and whom at most."""
    but = set() if tell.author_too else {entry.user}
    if tell.scope:
        always, ever = members()
        return always - but, ever - but
    named = set(tell.named) - but
    return (set(), named) if tell.topic else (named, named)


def _members(log: Sequence[LogEntry], at: LogEntry) -> tuple[set[str], set[str]]:
    """Who is a member from this entry on for as long as it may take to tell of it, and who is at any time then."""
    now, users = dict[str, bool](), dict[str, str]()
    during: dict[str, set[bool]] = defaultdict(set)
    for entry in log:
        if entry.accepted_at_ms > at.accepted_at_ms + MET_MS:
            break
        if entry.scope != at.scope:
            continue
        if entry.position > at.position and not during:
            during.update({user: {holds} for user, holds in now.items()})
        if entry.record == entry.scope and entry.op == "create":
            now[entry.user] = True
            during[entry.user].add(True)
        if entry.kind == MEMBER:
            user = users.setdefault(entry.record, str(entry.fields.get("user", "")))
            now[user] = entry.op != "delete" and entry.fields.get("role", "") is not None
            if entry.position > at.position:
                during[user].add(now[user])
    found = {user: during.get(user) or {holds} for user, holds in now.items() if user not in ("", EVERYBODY)}
    sure = {user for user, held in found.items() if held == {True}}
    return sure, {user for user, held in found.items() if True in held}


def _least(told: Iterable[Counter[str]]) -> Counter[str]:
    counters = list(told)
    least = counters[0] if counters else Counter[str]()
    for each in counters[1:]:
        least &= each
    return least


def _most(told: Iterable[Counter[str]]) -> Counter[str]:
    most = Counter[str]()
    for each in told:
        most |= each
    return most
