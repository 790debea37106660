"""What the log must hold: every acknowledged change, once, at positions without gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from homeport_client.fleet.check.effects import Name, is_call
from homeport_client.fleet.check.evidence import Evidence, Followed
from homeport_client.fleet.check.fields import json_text, said
from homeport_client.fleet.check.witness import Told, Written, say
from homeport_sync.change import Change
from homeport_sync.ports import LogEntry

Write: TypeAlias = tuple[str, str, str]


def lost_from_log(evidence: Evidence, accepted: Mapping[Name, Told]) -> Iterator[str]:
    """I1: whoever was told that a change is in, finds it in the log."""
    logged = {(entry.device, entry.number) for entry in evidence.log if entry.op != "leave"}
    for name, told in accepted.items():
        if name not in logged and not is_call(told):  # a command may have had nothing to do
            yield f"{say(told)} was acknowledged as {told.outcome.outcome} and is not in the log."


def lost_on_phones(evidence: Evidence) -> Iterator[str]:
    """I1, the device's half: whatever a phone wrote was sent and answered in the end. What it and its clone wrote alike
    may have one number and one stamp, and then it is one change, and answered once."""
    answered = Counter(same_as(told.change) for told in _once(evidence.told))
    times = Counter((written.phone, same_as(written)) for written in evidence.written)
    asked: dict[tuple[str, Write], int] = {}
    for written in evidence.written:
        write, of = same_as(written), (written.phone.partition(".")[0], same_as(written))
        more = max(times[written.phone, write] - asked.get(of, 0), 0)
        asked[of] = asked.get(of, 0) + more
        answered[write] -= more
        if more and answered[write] < 0:
            yield f"{written.phone} wrote {written.op} {written.kind} {written.id} and it was never answered."


def twice(log: Sequence[LogEntry], accepted: Mapping[Name, Told] = {}) -> Iterator[str]:
    """I2: a change stands in the log once, a command once for each record it wrote, a move once where the record was
    and once where it is, and no record is made twice."""
    calls = {name for name, told in accepted.items() if is_call(told)}
    names = [((entry.device, entry.number), entry) for entry in log]
    written = Counter((name, entry.op == "leave", entry.record if name in calls else "") for name, entry in names)
    for ((device, number), *_), times in written.items():
        if times > 1:
            yield f"Change {number} of device {device} is {times} times in the log."
    made = Counter(entry.record for entry in log if entry.op == "create" and entry.kind != "Member")
    for record, times in made.items():
        if times > 1:
            yield f"Record {record} was made {times} times."


def twice_sent(evidence: Evidence, accepted: Mapping[Name, Told]) -> Iterator[str]:
    """I2 again: a change that was written once is not accepted under two names."""
    written = Counter(same_as(each) for each in evidence.written)
    for told in accepted.values():
        written[same_as(told.change)] -= 1
        if written[same_as(told.change)] < 0:
            yield f"{say(told)} was accepted more often than it was written."


def unmade(log: Iterable[LogEntry]) -> Iterator[str]:
    """I7: nothing is changed that nobody has made before. (A member record may be made by any change to it.)"""
    made: set[str] = set()
    for entry in sorted(log, key=lambda each: each.position):
        if entry.op == "create":
            made.add(entry.record)
        elif entry.kind != "Member" and entry.record not in made:
            what = f"{entry.op} {entry.kind} {entry.record}"
            yield f"Change {entry.number} of device {entry.device} ({what}) is in the log, and nobody had made that."


def gaps(log: Sequence[LogEntry]) -> Iterator[str]:
    """I4: positions run from 1 without gaps."""
    for expected, entry in enumerate(sorted(log, key=lambda each: each.position), start=1):
        if entry.position != expected:
            yield f"The log has position {entry.position} where {expected} was expected."
            return


def skipped(followed: Iterable[Followed]) -> Iterator[str]:
    """I4 again, for followers: whoever has come to a place has counted each position up to it once."""
    for each in followed:
        if each.counted != each.place:
            yield f"The follower of {each.tenant} stood at {each.place} and had counted {each.counted} changes."
        if each.place > each.head:
            yield f"The follower of {each.tenant} stood at {each.place}, and the log ended at {each.head}."


def _once(told: Iterable[Told]) -> Iterable[Told]:
    return {(each.device, each.change.number): each for each in told}.values()


def same_as(write: Change | Written) -> Write:
    """What makes two writes the same, whoever numbered and stamped them.

    A create or a restore is told by its id, since the device adds what nobody said; a member record by its id alone,
    since the device knows whether it makes or changes one; a move by where it goes; a command by where it is called,
    since its own id is nobody else's business.
    """
    if write.kind == "Member":
        return ("", write.id, "")
    if write.op in ("create", "restore", "move"):
        return (write.op, write.id, write.into)
    fields = json_text({name: said(each) for name, each in write.fields.items()})
    if write.op == "command":
        return (write.kind, write.scope if isinstance(write, Change) else write.id, fields)
    return (write.op, write.id, fields)
