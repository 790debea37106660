"""How far notifications are, as numbers that add up: for a page of many, and for whoever steers one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from homeport_notify.delivery import OPEN
from homeport_notify.notification import Notification
from homeport_server.notify.notifier import How, Notifier, Standing

OVERVIEW_MAX = 20  # of which the progress is told at once: each is added up over its chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Where one notification stands. `counts` are its deliveries by the names of their states, such as `sent`; of
    `known` deliveries so many are `over`. Unless `expanded`, its audience is not wholly known yet, and `known` grows.
    `received` and `opened` are what devices say."""

    notification: Notification
    expanded: bool
    counts: Mapping[str, int]
    known: int
    over: int
    received: int
    opened: int

    @property
    def ways(self) -> tuple[How, ...]:
        """How it can be steered now."""
        if self.notification.over:
            return ()
        return ("resume", "cancel") if self.notification.state == "paused" else ("pause", "cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Some notifications, newest first. The next page is asked for before the id `next` ("": there is none)."""

    sights: Sequence[Sight]
    next: str


async def overview(notifier: Notifier, tenant: str, *, before: str = "", limit: int = OVERVIEW_MAX) -> Overview:
    """The notifications of a tenant before that id ("": the newest), without wakes, each with its progress.

    Raises `Malformed` for a limit of more than `Notifier` takes, or no id.
    """
    found = await notifier.notifications(tenant, before, min(limit, OVERVIEW_MAX))
    sights = [sight_of(await notifier.standing(tenant, each.id)) for each in found]
    return Overview(sights=sights, next=found[-1].id if len(found) == min(limit, OVERVIEW_MAX) else "")


def sight_of(standing: Standing) -> Sight:
    """The numbers of where one stands."""
    counts = standing.progress.counts
    known = sum(counts.values())
    return Sight(
        notification=standing.progress.notification,
        expanded=standing.progress.expanded,
        counts={state.name.lower(): count for state, count in sorted(counts.items())},
        known=known,
        over=known - sum(count for state, count in counts.items() if state in OPEN),
        received=standing.received,
        opened=standing.opened,
    )
