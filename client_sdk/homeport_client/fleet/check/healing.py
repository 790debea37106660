"""Everything heals by itself within its bound: no outbox waits, nothing moves any more, followers are at the end."""

from __future__ import annotations

from collections.abc import Iterator

from homeport_client.fleet.check.evidence import Evidence


def unhealed(evidence: Evidence) -> Iterator[str]:
    """I13: within the bound everything has come to rest, and no outbox waits."""
    yield from evidence.unrest
    for holding in evidence.holdings:
        if holding.waiting:
            yield f"{holding.name} still has {holding.waiting} changes in its outbox."


def unfollowed(evidence: Evidence) -> Iterator[str]:
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
