"""Addresses in memory."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.address import Address, Retired, too_many
from homeport_notify.memory.space import OnMemory


class MemoryAddresses(OnMemory):
    """`Addresses` in memory."""

    async def register(self, tenant: str, address: Address, now_ms: int) -> None:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        same = set(space.by_target[address.channel, address.target]) - {address.id}
        others = [each for each in space.living(space.of_user[address.user]) if each.id != address.id]
        if len([each for each in others if each.id not in same]) >= limits.ADDRESSES_A_USER_MAX:
            raise too_many(address.user)
        for former in space.living(same):
            space.retire(former, "replaced")
        space.keep_address(replace(address, strikes=0, retired=None))

    async def retire(self, tenant: str, user: str, device: str, why: Retired) -> int:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        gone = [each for each in space.living(space.of_user[user]) if each.device == device]
        for each in gone:
            space.retire(each, why)
        return len(gone)

    async def addresses(self, tenant: str, user: str, after: str, limit: int) -> Sequence[Address]:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        return [space.addresses[each] for each in sorted(space.of_user[user]) if each > after][:limit]

    async def of_devices(self, tenant: str, devices: Sequence[str]) -> Sequence[Address]:
        """See `ports.Addresses`."""
        space, wanted = self._spaces[tenant], set(devices)
        return [each for each in space.living(space.addresses) if each.device in wanted]

    async def of_users(self, tenant: str, users: Sequence[str]) -> Sequence[Address]:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        return [each for user in sorted(set(users)) for each in space.living(space.of_user[user])]

    async def age_out(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        old = [each for each in space.living(space.addresses) if each.seen_at_ms < unseen_since_ms]
        gone = sorted(old, key=lambda each: (each.seen_at_ms, each.id))[:limit]
        for each in gone:
            space.retire(each, "aged")
        return len(gone)

    async def forget_addresses(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """See `ports.Addresses`."""
        space = self._spaces[tenant]
        old = [each for each in space.addresses.values() if each.retired and each.seen_at_ms < unseen_since_ms]
        gone = sorted(old, key=lambda each: (each.seen_at_ms, each.id))[:limit]
        for each in gone:
            space.forget_address(each)
        return len(gone)
