"""Groups: changes of one device that are accepted or rejected as one (I6). Pure.

A group is as long as its first change says, and lies whole in one push: what is known of it is known of all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.change import GROUP_CHANGES_MAX
from homeport_sync.errors import GroupCut
from homeport_sync.numbering import check_next
from homeport_sync.rejections import GroupBroken
from homeport_sync.wire import Sent


def unit_at(sent: Sequence[Sent], at: int, index: int) -> Sequence[Sent]:
    """What is decided as one with the change at `at`: itself alone, or with the group that begins there.

    `index` is its place in the push as it came. Raises `GroupCut` if the push ends before the group does, and what
    `check_next` raises if its numbers do not follow each other: they are known and kept as those of single changes.
    """
    change = sent[at].change
    if change is None or change.group is None or change.group.at > 1:
        return sent[at : at + 1]
    unit = sent[at : at + change.group.of]
    if len(unit) < change.group.of:
        raise GroupCut(
            f"The group of change {change.number} has {change.group.of} changes, and the push ends after "
            f"{len(unit)} of them: send all of them in one push.",
            number=change.number,
            index=index,
        )
    for place, member in enumerate(unit):
        check_next(member, change.number + place, index + place)
    return unit


def check_unit(unit: Sequence[Sent]) -> None:
    """Raises `GroupBroken` unless its changes are those of one group, or one alone. What of them cannot be read is
    refused for that."""
    for place, sent in enumerate(unit, 1):
        if sent.change is not None:
            group = sent.change.group
            if (group.at, group.of) != (place, len(unit)) if group else len(unit) > 1:
                raise GroupBroken


def uncut(sent: Sequence[Sent], end: int) -> int:
    """The end of a part of a push that would end at `end`, moved back to where no group is cut in two."""
    for at in range(end - 1, max(end - GROUP_CHANGES_MAX, -1), -1):
        change = sent[at].change
        if change is not None:
            if change.group is None:
                return end
            if change.group.at == 1:
                return max(end, min(at + change.group.of, len(sent)))
    return end
