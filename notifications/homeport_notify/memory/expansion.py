"""Expansion in memory: an audience becomes chunks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.audience import Audience, ToAddresses, ToEveryone, ToTopic, ToUsers
from homeport_notify.memory.space import KeptNotification, OnMemory, Space
from homeport_notify.notification import Lane
from homeport_notify.ports import Expanding


class MemoryExpansion(OnMemory):
    """`Expansion` in memory."""

    async def expanding(self, tenant: str, lane: Lane, now_ms: int) -> Expanding | None:
        """See `ports.Expansion`."""
        open_ones = self._spaces[tenant].of_lane(lane, "waiting", "running")
        due = [each for each in open_ones if not each.expanded and each.notification.due_at_ms <= now_ms]
        if not due:
            return None
        first = min(due, key=lambda each: (each.notification.due_at_ms, each.notification.id))
        return Expanding(notification=first.notification, place=first.place)

    async def expand(self, expanding: Expanding, limit: int) -> int | None:
        """See `ports.Expansion`."""
        space = self._spaces[expanding.notification.tenant]
        kept = _at(space, expanding)
        if kept is None:
            return None
        audience = kept.notification.audience
        if isinstance(audience, ToEveryone | ToAddresses):
            found = _ids(space, audience, kept.place, limit)
            addresses, place, last = found[:limit], found[:limit][-1:], len(found) <= limit
        else:
            users = [each for each in _users(space, audience) if each > kept.place]
            addresses, told = _of_users(space, users, limit)
            place, last = users[:told][-1:], told == len(users)
        self._put(kept, addresses, place[0] if place else kept.place, last=last)
        return None if last else len(addresses)

    async def expand_users(
        self, expanding: Expanding, users: Sequence[str], *, last: bool, but: Collection[str] = ()
    ) -> None:
        """See `ports.Expansion`."""
        space = self._spaces[expanding.notification.tenant]
        kept = _at(space, expanding)
        if kept is not None:
            addresses = [each.id for user in users if user not in but for each in space.living(space.of_user[user])]
            self._put(kept, addresses, users[-1] if users else kept.place, last=last)

    def _put(self, kept: KeptNotification, addresses: Sequence[str], place: str, *, last: bool) -> None:
        kept.notification = replace(kept.notification, state="running")
        kept.place, kept.expanded = place, last
        for at in range(0, len(addresses), limits.CHUNK_ADDRESSES_MAX):
            some = addresses[at : at + limits.CHUNK_ADDRESSES_MAX]
            kept.add_chunk(some, kept.notification.due_at_ms)
        kept.end_if_done(self._clock())


def _at(space: Space, expanding: Expanding) -> KeptNotification | None:
    """The notification, if it is still to be expanded from that place."""
    kept = space.notifications.get(expanding.notification.id)
    if kept is None or kept.expanded or kept.place != expanding.place:
        return None
    return kept if kept.notification.state in {"waiting", "running"} else None


def _users(space: Space, audience: Audience) -> Sequence[str]:
    match audience:
        case ToUsers(users=users):
            return sorted(set(users))
        case ToTopic(topic=topic):
            return sorted(space.in_topic[topic])
        case _:
            raise TypeError(f"{type(audience).__name__} is expanded by whoever knows the members: call expand_users.")


def _of_users(space: Space, users: Sequence[str], limit: int) -> tuple[list[str], int]:
    """The addresses of the first of these users, until there are `limit`, and how many users that were."""
    found: list[str] = []
    for told, user in enumerate(users, start=1):
        found += [each.id for each in space.living(space.of_user[user])]
        if len(found) >= limit:
            return found, told
    return found, len(users)


def _ids(space: Space, audience: ToEveryone | ToAddresses, place: str, limit: int) -> Sequence[str]:
    """Living addresses after `place`, one more than `limit` if there are more."""
    if isinstance(audience, ToEveryone):
        return space.ids_after(place, limit + 1)
    return [each.id for each in space.living(audience.addresses) if each.id > place][: limit + 1]
