"""The checkers: what must be true once a fleet has come to rest, each as one function over plain evidence.

None of them asks merge, a replica's view or the store how things should be: what must be comes from the oracle,
what is comes from raw rows. A checker answers with sentences, one a violation; no sentence, no violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from homeport_client.fleet import oracle
from homeport_client.fleet.witness import Told, Written
from homeport_sync.change import Change, Fields, encode
from homeport_sync.ports import LogEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One live record as somebody holds it."""

    kind: str
    scope: str
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """All that one device holds. `waiting` counts the changes that are still in its outbox. `fresh` marks a device
    that had nothing and pulled everything, after the others had come to rest."""

    name: str
    user: str
    records: Mapping[str, Held]
    waiting: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far the follower that counts changes had come in a tenant's log at one moment, and what it had counted."""

    tenant: str
    head: int
    place: int
    counted: int

    @property
    def at_rest(self) -> bool:
        """Whether it has read the whole log."""
        return self.place == self.head


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a fleet left behind: the server's log, what the phones wrote, what they were told, what they hold.

    `followed` is how followers stood, at any moments and in the end; None where there are none. `flickers` are what
    those saw who never looked away, if anybody did. `fallen` says which processes ended though nobody ended them.
    `unrest` says what still moved when the time to heal was over (nothing: all came to rest).
    """

    log: Sequence[LogEntry]
    written: Sequence[Written]
    told: Sequence[Told]
    holdings: Sequence[Holding]
    followed: Sequence[Followed] | None = None
    flickers: Sequence[str] = ()
    fallen: Sequence[str] = ()
    unrest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Every violation as a sentence, by what was violated. All empty: the fleet kept its promises."""

    lost: tuple[str, ...]
    twice: tuple[str, ...]
    differing: tuple[str, ...]
    flickering: tuple[str, ...]
    outside: tuple[str, ...]
    resurrected: tuple[str, ...]
    gaps: tuple[str, ...]
    skipped: tuple[str, ...]
    unexplained: tuple[str, ...]
    fallen: tuple[str, ...]
    unhealed: tuple[str, ...]

    @property
    def violations(self) -> tuple[str, ...]:
        """All sentences, in the order of the fields."""
        return tuple(sentence for each in fields(self) for sentence in getattr(self, each.name))

    def __str__(self) -> str:
        return "\n".join(self.violations) or "nothing lost, nothing twice, nobody differs"


def judge(evidence: Evidence) -> Verdict:
    """All checkers over one fleet."""
    accepted = oracle.accepted(evidence.told)
    truths = oracle.records(accepted.values())
    grants = oracle.grants(evidence.log, accepted)
    return Verdict(
        lost=(*_lost_from_log(evidence, accepted), *_lost_on_phones(evidence)),
        twice=(*_twice(evidence.log), *_twice_sent(evidence)),
        differing=(*_differing(evidence.holdings, truths, grants), *_unlike_fresh(evidence.holdings)),
        flickering=tuple(evidence.flickers),
        outside=(*_outside(evidence.holdings, grants), *_intruding(evidence.log, accepted)),
        resurrected=tuple(_resurrected(evidence.holdings, truths)),
        gaps=tuple(_gaps(evidence.log)),
        skipped=tuple(_skipped(evidence.followed or ())),
        unexplained=tuple(_unexplained(evidence)),
        fallen=tuple(evidence.fallen),
        unhealed=(*_unhealed(evidence), *_unfollowed(evidence)),
    )


def _lost_from_log(evidence: Evidence, accepted: Mapping[oracle.Name, Told]) -> Iterator[str]:
    """I1: whoever was told that a change is in, finds it in the log."""
    logged = {(entry.device, entry.number) for entry in evidence.log}
    for name, told in accepted.items():
        if name not in logged:
            yield f"{_say(told)} was acknowledged as {told.outcome.outcome} and is not in the log."


def _lost_on_phones(evidence: Evidence) -> Iterator[str]:
    """I1, the device's half: whatever a phone wrote was sent and answered in the end."""
    answered = Counter(_write(told.change) for told in _once(evidence.told))
    for written in evidence.written:
        answered[_write(written)] -= 1
        if answered[_write(written)] < 0:
            yield f"{written.phone} wrote {written.op} {written.kind} {written.id} and it was never answered."


def _twice(log: Sequence[LogEntry]) -> Iterator[str]:
    """I2: a change stands in the log once, and no record is made twice."""
    for (device, number), times in Counter((entry.device, entry.number) for entry in log).items():
        if times > 1:
            yield f"Change {number} of device {device} is {times} times in the log."
    made = Counter(entry.record for entry in log if entry.op == "create" and entry.kind != "Member")
    for record, times in made.items():
        if times > 1:
            yield f"Record {record} was made {times} times."


def _twice_sent(evidence: Evidence) -> Iterator[str]:
    """I2 again: a change that was written once is not accepted under two names."""
    written = Counter(_write(each) for each in evidence.written)
    for told in oracle.accepted(evidence.told).values():
        written[_write(told.change)] -= 1
        if written[_write(told.change)] < 0:
            yield f"{_say(told)} was accepted more often than it was written."


def _differing(holdings: Iterable[Holding], truths: Mapping[str, oracle.Truth], grants: oracle.Grants) -> Iterator[str]:
    """I3: every device holds what the oracle says, record by record and field by field."""
    for holding in holdings:
        for truth in truths.values():
            held = holding.records.get(truth.id)
            if truth.deleted or holding.user not in grants.users(truth.scope):
                continue
            if held is None:
                yield f"{holding.name} does not hold {truth.kind} {truth.id} of a scope it has a grant in."
            elif held.fields != truth.fields:
                yield f"{holding.name} holds {truth.kind} {truth.id} as {held.fields}, expected {truth.fields}."
        for id in holding.records.keys() - truths.keys():
            yield f"{holding.name} holds {id}, which no accepted change made."


def _unlike_fresh(holdings: Sequence[Holding]) -> Iterator[str]:
    """I3 again, without the oracle: a device holds what a fresh one of the same user gets."""
    fresh = {holding.user: holding for holding in holdings if holding.fresh}
    for holding in holdings:
        model = fresh.get(holding.user, holding)
        for id in sorted(holding.records.keys() | model.records.keys()):
            if holding.records.get(id) != model.records.get(id):
                yield f"{holding.name} and {model.name} hold {id} differently, with the same grants."


def _outside(holdings: Iterable[Holding], grants: oracle.Grants) -> Iterator[str]:
    """I8: nobody holds a record outside their grants."""
    for holding in holdings:
        for id, held in holding.records.items():
            if holding.user not in grants.users(held.scope):
                yield f"{holding.name} holds {held.kind} {id}, and {holding.user} has no grant in its scope."


def _intruding(log: Sequence[LogEntry], accepted: Mapping[oracle.Name, Told]) -> Iterator[str]:
    """I8, the other way round: nobody writes where they have no grant, and nobody where nothing is left."""
    for told in oracle.intruders(log, accepted):
        yield f"{_say(told)} was accepted, and {told.user} had no grant in its scope, or the scope was deleted."


def _resurrected(holdings: Iterable[Holding], truths: Mapping[str, oracle.Truth]) -> Iterator[str]:
    """I9: a deleted record is on no device."""
    deleted = {truth.id for truth in truths.values() if truth.deleted}
    for holding in holdings:
        for id in sorted(holding.records.keys() & deleted):
            yield f"{holding.name} holds {id}, which was deleted."


def _gaps(log: Sequence[LogEntry]) -> Iterator[str]:
    """I4: positions run from 1 without gaps."""
    for expected, entry in enumerate(sorted(log, key=lambda each: each.position), start=1):
        if entry.position != expected:
            yield f"The log has position {entry.position} where {expected} was expected."
            return


def _skipped(followed: Iterable[Followed]) -> Iterator[str]:
    """I4 again, for followers: whoever has come to a place has counted each position up to it once."""
    for each in followed:
        if each.counted != each.place:
            yield f"The follower of {each.tenant} stood at {each.place} and had counted {each.counted} changes."
        if each.place > each.head:
            yield f"The follower of {each.tenant} stood at {each.place}, and the log ended at {each.head}."


def _unexplained(evidence: Evidence) -> Iterator[str]:
    """I2 and I7: an outcome is final, fits the log, and a rejection says why."""
    logged = {(entry.device, entry.number): entry for entry in evidence.log}
    first: dict[oracle.Name, Told] = {}
    for told in evidence.told:
        name = (told.device, told.change.number)
        before = first.setdefault(name, told)
        if before.outcome != told.outcome:
            yield f"{_say(told)} was told {before.outcome.outcome}, and later {told.outcome.outcome}."
        if before.change != told.change:
            yield f"{_say(told)} was acknowledged with two different bodies."
        if told.outcome.outcome == "rejected":
            if name in logged:
                yield f"{_say(told)} was rejected and stands in the log."
            if not _is_explained(told):
                yield f"{_say(told)} was rejected without a code and a message."
    for name in logged.keys() - first.keys():
        yield f"Change {name[1]} of device {name[0]} is in the log and its device was never told."


def _is_explained(told: Told) -> bool:
    error = told.outcome.error or {}
    extensions = error.get("extensions")
    return bool(error.get("message")) and isinstance(extensions, dict) and bool(extensions.get("code"))


def _unhealed(evidence: Evidence) -> Iterator[str]:
    """I13: within the bound everything has come to rest, and no outbox waits."""
    if evidence.unrest:
        yield evidence.unrest
    for holding in evidence.holdings:
        if holding.waiting:
            yield f"{holding.name} still has {holding.waiting} changes in its outbox."


def _unfollowed(evidence: Evidence) -> Iterator[str]:
    """I13 for followers: in the end they have come to the log's end."""
    if evidence.followed is None:
        return
    if not evidence.followed:
        yield "There are followers, and nobody saw where any of them stood."
        return
    head = max((entry.position for entry in evidence.log), default=0)
    last = evidence.followed[-1]
    if last.place != head:
        yield f"The follower of {last.tenant} stood at {last.place} in the end, and the log ended at {head}."


def _once(told: Iterable[Told]) -> Iterable[Told]:
    return {(each.device, each.change.number): each for each in told}.values()


def _write(write: Change | Written) -> tuple[str, str, str]:
    """What makes two writes the same, whoever numbered and stamped them.

    A create is told by its id, since the device adds defaults; a member record by its id alone, since the device
    knows whether it makes or changes one.
    """
    if write.kind == "Member":
        return ("", write.id, "")
    fields = "" if write.op == "create" else encode(dict(sorted(write.fields.items())))
    return (write.op, write.id, fields)


def _say(told: Told) -> str:
    change = told.change
    return f"Change {change.number} of device {told.device} ({change.op} {change.kind} {change.id})"
