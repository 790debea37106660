"""What must be true of groups: each stands whole in the log or not at all, and all of it was told the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from homeport_client.fleet.check.effects import Name, is_call
from homeport_client.fleet.check.evidence import Evidence
from homeport_client.fleet.check.in_log import Write, same_as
from homeport_client.fleet.check.witness import Told


@dataclass(slots=True, kw_only=True)
class _Group:
    """The group of `of` changes that begins with number `first` of a device: what was told, by number."""

    device: str
    first: int
    of: int
    told: dict[int, Told] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        return sum(told.outcome.outcome == "rejected" for told in self.told.values())

    def __str__(self) -> str:
        return f"The group of {self.of} changes from {self.first} on of device {self.device}"


def halved(evidence: Evidence) -> Iterator[str]:
    """I6: a group is answered as one, and stands whole in the log, with nothing in between, or not at all."""
    places: dict[Name, list[int]] = {}
    for entry in evidence.log:
        places.setdefault((entry.device, entry.number), []).append(entry.position)
    for group in _groups(evidence.told):
        if len(group.told) < group.of:
            yield f"{group} was answered for {len(group.told)} of them."
        if group.rejected not in (0, len(group.told)):
            yield f"{group} was rejected for {group.rejected} of them, and accepted for the others."
        names = {number: (group.device, number) for number in group.told}
        there = sorted(place for name in names.values() for place in places.get(name, ()))
        missing = [number for number, name in names.items() if name not in places and not is_call(group.told[number])]
        if there and missing:
            yield f"{group} stands in the log without {', '.join(map(str, missing))}."
        if there and there[-1] - there[0] >= len(there):
            yield f"{group} stands in the log with something else in between."


def torn(evidence: Evidence) -> Iterator[str]:
    """I6, for what a phone says that it wrote together, whatever it sent then: all of it was taken in, or nothing.

    What was written more than once, word for word, is left out: nobody can tell which of them was answered."""
    times = Counter(same_as(each) for each in evidence.written)
    accepted: dict[Write, bool] = {}
    for each in evidence.told:
        write = same_as(each.change)
        accepted[write] = accepted.get(write, False) or each.outcome.outcome != "rejected"
    groups: dict[str, set[bool]] = {}
    for written in evidence.written:
        write = same_as(written)
        if written.group and times[write] == 1 and write in accepted:
            groups.setdefault(written.group, set()).add(accepted[write])
    for name, outcomes in groups.items():
        if len(outcomes) > 1:
            yield f"Of what was written in one group by {name}, some was accepted and some rejected."


def _groups(told: Sequence[Told]) -> Iterator[_Group]:
    found: dict[Name, _Group] = {}
    for each in told:
        place = each.change.group
        if place is not None:
            first = each.change.number - place.at + 1
            group = found.setdefault((each.device, first), _Group(device=each.device, first=first, of=place.of))
            group.told[each.change.number] = each
    yield from found.values()
