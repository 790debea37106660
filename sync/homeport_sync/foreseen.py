"""What was decided before the head was locked: whether it still holds once it is, and at which positions. Pure.

Everything that was loaded must be the same still. Only the head may have moved on, when others committed what this has
nothing to do with: then all positions that were given follow the head as it is now. Those that were there before are at
most those of the head it was decided on, so the two cannot be confused.
"""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from homeport_sync.ports import Loaded, Writes
from homeport_sync.scope import Grant


def holds(loaded: Loaded, now: Loaded) -> bool:
    """Whether what was decided on `loaded` would be decided `now`."""
    return replace(now, head=replace(now.head, position=loaded.head.position)) == loaded


def behind(writes: Writes, decided_on: int, head: int, now_ms: int) -> Writes:
    """The writes that were decided on the head `decided_on`, as those of the batch that follows `head`, at `now_ms`."""
    if head == decided_on:
        return writes

    def moved(position: int) -> int:
        return position + head - decided_on if position > decided_on else position

    def moved_grant(grant: Grant) -> Grant:
        return structs.replace(
            grant, since=moved(grant.since), until=None if grant.until is None else moved(grant.until)
        )

    return replace(
        writes,
        head=writes.head + head - decided_on,  # which may be where it was: nothing was accepted
        now_ms=now_ms,
        log=[structs.replace(each, position=moved(each.position), accepted_at_ms=now_ms) for each in writes.log],
        records=[
            structs.replace(
                each,
                record=structs.replace(each.record, position=moved(each.record.position)),
                foreign_position=moved(each.foreign_position),
            )
            for each in writes.records
        ],
        grants=[moved_grant(each) for each in writes.grants],
    )
