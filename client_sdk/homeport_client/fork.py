"""Going on under another device id, as whoever shares theirs with a clone must, or finds it to be another's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid5

from msgspec.structs import replace

from homeport_client.meta import Meta
from homeport_client.outbox import Outbox
from homeport_client.outcomes import Outcomes


def renamed(meta: Meta, outbox: Outbox, outcomes: Outcomes, new_id: Callable[[], str]) -> Meta:
    """Take a new id, which follows from what is unsent, in the transaction that is open; who the replica is then.

    Two clones of one phone that hold the same unsent changes so take the same id, and push them as one; where
    they go apart, they fork again. With ids drawn by chance the server could not know the changes for the same.
    """
    unsent = outbox.to_push(1, 1)
    device = str(uuid5(UUID(meta.device), bytes(unsent.changes[0]).decode())) if unsent else new_id()
    former = outbox.rename(device)
    outcomes.rename(former, device)
    return replace(meta, device=device, next_number=len(former) + 1)
