"""Who has to be woken: for each batch of changes, the members' devices that they are news to.

Only a wish is written here, and it is written before anybody knows whether the device is connected: a little later
`waking.py` looks, and mostly finds that it has pulled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.address import ChannelName
from homeport_notify.ports import Addresses, Wakes
from homeport_server.notify.nudges import nudge
from homeport_server.notify.slices import Slice
from homeport_sync.lease import Lease
from homeport_sync.lookups import Lookups
from homeport_sync.ports import LogEntry, Places, Signals
from homeport_sync.scope import EVERYBODY, MEMBER

FOLLOWER: Final = "wakes"
MEMBERS_PAGE: Final = 500
RENEWALS: Final = 3  # in the time of a lease
WAKING: Final[frozenset[ChannelName]] = frozenset({"fcm", "apns"})


class News:
    """Whom changes are news to: those who were put out of a scope, to drop what they hold, and its members."""

    def __init__(self, lookups: Lookups, addresses: Addresses) -> None:
        self._lookups = lookups
        self._addresses = addresses

    async def of(self, tenant: str, entries: Sequence[LogEntry]) -> AsyncIterator[Mapping[str, int]]:
        """The addresses that can be woken, each with the last position of these entries that another device made, a
        page at a time. One may come in several pages."""
        for scope, changes in _by_scope(entries).items():
            async for users in self._users(tenant, scope, changes):
                yield {
                    address.id: position
                    for address in await self._addresses.of_users(tenant, users)
                    if address.channel in WAKING and (position := news_to(address.device, changes))
                }

    async def _users(self, tenant: str, scope: str, changes: Sequence[LogEntry]) -> AsyncIterator[Sequence[str]]:
        if users := await self._put_in_or_out(tenant, changes):
            yield users
        after = ""
        while users := await self._lookups.members(tenant, scope, after, MEMBERS_PAGE):
            yield users
            after = users[-1]

    async def _put_in_or_out(self, tenant: str, changes: Sequence[LogEntry]) -> Sequence[str]:
        """Whom member records that were changed are about."""
        ids = [each.record for each in changes if each.kind == MEMBER]
        found = await self._lookups.records(tenant, ids) if ids else {}
        return sorted({str(each.fields["user"]) for each in found.values() if each.fields.get("user")} - {EVERYBODY})


class WakeWork:
    """The `Work` of the follower `FOLLOWER`, for one slice of each log. `now_s` is a clock that does not go back."""

    def __init__(
        self,
        each: Slice,
        news: News,
        places: Places,
        wakes: Wakes,
        signals: Signals,
        *,
        now_s: Callable[[], float],
    ) -> None:
        self._slice = each
        self._news = news
        self._places = places
        self._wakes = wakes
        self._signals = signals
        self._now_s = now_s

    async def work(self, lease: Lease, entries: Sequence[LogEntry]) -> Lease:
        """Want a wake for whom these entries are news to. What is done twice is wanted once."""
        ours = [each for each in entries if self._slice.holds(each.scope)]
        due_ms = entries[-1].accepted_at_ms + limits.WAKE_SETTLE_MS
        wanted: dict[str, int] = {}
        renew_s = self._renew_s(lease)
        async for page in self._news.of(lease.tenant, ours):
            add_news(wanted, page)
            if len(wanted) >= limits.EXPANDED_AT_ONCE_MAX:
                await self._want(lease.tenant, wanted, due_ms)
                wanted = {}
            if self._now_s() >= renew_s:  # a scope may have more members than are gone through in one lease
                lease = await self._places.keep_place(lease, lease.position)
                renew_s = self._renew_s(lease)
        await self._want(lease.tenant, wanted, due_ms)
        return await self._places.keep_place(lease, entries[-1].position)

    def _renew_s(self, lease: Lease) -> float:
        return self._now_s() + lease.ttl_ms / RENEWALS / 1_000

    async def _want(self, tenant: str, wanted: dict[str, int], due_ms: int) -> None:
        if wanted:
            await self._wakes.want(tenant, wanted, due_ms)
            nudge(self._signals, tenant, "wake")


def add_news(wanted: dict[str, int], page: Mapping[str, int]) -> None:
    """Add a page; of two places of an address the further counts."""
    for address, position in page.items():
        wanted[address] = max(position, wanted.get(address, 0))


def news_to(device: str, changes: Sequence[LogEntry]) -> int:
    """The last position of these changes that another device made; 0 if there is none."""
    return max((each.position for each in changes if each.device != device), default=0)


def _by_scope(entries: Sequence[LogEntry]) -> dict[str, list[LogEntry]]:
    found: dict[str, list[LogEntry]] = {}
    for each in entries:
        if each.outcome != "superseded":  # it changed nothing
            found.setdefault(each.scope, []).append(each)
    return found
