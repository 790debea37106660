"""Everything heals by itself within its bound: no outbox waits, nothing moves any more, followers are at the end."""

from __future__ import annotations

from collections.abc import Iterator

from homeport_client.fleet.check.evidence import Evidence

CLOCK_OFF_MS_MAX = 5_000  # half of what the slowest answer of a network that is in order can take


def unhealed(evidence: Evidence) -> Iterator[str]:
    """I13: within the bound everything has come to rest, and no outbox waits."""
    yield from evidence.unrest
    for holding in evidence.holdings:
        if holding.waiting:
            yield f"{holding.name} still has {holding.waiting} changes in its outbox."


def mistimed(evidence: Evidence) -> Iterator[str]:
    """I13 for clocks: a phone that has had an answer knows the time, whatever its own clock shows."""
    for holding in evidence.holdings:
        if abs(holding.clock_off_ms) > CLOCK_OFF_MS_MAX:
            yield f"{holding.name} goes by a time that is {holding.clock_off_ms:,} ms off, and the server told it."


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
