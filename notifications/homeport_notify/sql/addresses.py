"""Addresses in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.address import Address, Retired, too_many
from homeport_notify.sql import rows
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.learning import retire
from homeport_notify.sql.on_door import OnDoor

OTHERS: Final = Statement(
    """
    SELECT count(*) FROM (
      SELECT 1 FROM addresses {by:addresses_by_user}
      WHERE tenant_id = :tenant AND user_id >= :user AND user_id <= :user AND user_id >= '' AND retired = ''
        AND address_id <> :id AND target_digest <> :digest
      ORDER BY user_id, address_id LIMIT :room) AS others"""
)
SAME_TARGET: Final = Statement(
    """
    SELECT address_id FROM addresses {by:addresses_by_target}
    WHERE tenant_id = :tenant AND target_digest >= :digest AND target_digest <= :digest AND target_digest >= ''
      AND retired = '' AND address_id <> :id
    ORDER BY target_digest, address_id"""
)
PUT: Final = Statement(
    """
    INSERT INTO addresses (tenant_id, address_id, user_id, device_id, channel, target, target_digest, target_kind,
      platform, locale, timezone, seen_at, strikes, retired, created_at, updated_at)
    VALUES (:tenant, :id, :user, :device, :channel, :target, :digest, :kind, :platform, :locale, :timezone, :seen, 0,
      '', :now, :now)
    ON CONFLICT (tenant_id, address_id) DO UPDATE SET
      user_id = excluded.user_id, device_id = excluded.device_id, channel = excluded.channel,
      target = excluded.target, target_digest = excluded.target_digest, target_kind = excluded.target_kind,
      platform = excluded.platform, locale = excluded.locale, timezone = excluded.timezone,
      seen_at = excluded.seen_at, strikes = 0, retired = '', updated_at = excluded.updated_at, deleted_at = NULL"""
)
OF_DEVICE: Final = Statement(
    """
    SELECT address_id FROM addresses {by:addresses_by_device}
    WHERE tenant_id = :tenant AND device_id >= :device AND device_id <= :device AND device_id >= ''
      AND user_id = :user AND retired = ''
    ORDER BY device_id, address_id"""
)
OF_USER: Final = Statement(
    """
    SELECT {of_address} FROM addresses {by:addresses_by_user}
    WHERE tenant_id = :tenant AND user_id >= :user AND user_id <= :user AND user_id >= '' AND address_id > :after
    ORDER BY user_id, address_id LIMIT :room""",
    of_address=rows.OF_ADDRESS,
)
OF_DEVICES: Final = Statement(
    """
    SELECT {of_address}
    FROM {each:devices} {all_found:addresses|addresses_by_device|
      addresses.device_id >= wanted.value AND addresses.device_id <= wanted.value AND addresses.device_id >= ''
      AND addresses.retired = ''|device_id, address_id}""",
    of_address=rows.OF_ADDRESS,
)
OF_USERS: Final = Statement(
    """
    SELECT {of_address}
    FROM {each:users} {all_found:addresses|addresses_by_user|
      addresses.user_id >= wanted.value AND addresses.user_id <= wanted.value AND addresses.user_id >= ''
      AND addresses.retired = ''|user_id, address_id}""",
    of_address=rows.OF_ADDRESS,
)
UNSEEN: Final = Statement(
    """
    SELECT address_id FROM addresses {by:addresses_by_sight}
    WHERE tenant_id = :tenant AND seen_at < :before AND seen_at >= 0 AND retired = ''
    ORDER BY seen_at, address_id LIMIT :room"""
)
LONG_RETIRED: Final = Statement(
    """
    SELECT address_id FROM addresses {by:addresses_retired}
    WHERE tenant_id = :tenant AND seen_at < :before AND seen_at >= 0 AND retired <> ''
    ORDER BY seen_at, address_id LIMIT :room"""
)
# One that lives again by now stays, and how often it was woken.
FORGET: Final = Statement(
    """
    DELETE FROM addresses WHERE tenant_id = :tenant AND address_id = :address AND retired <> ''"""
)
FORGET_WAKE: Final = Statement(
    """
    DELETE FROM wakes WHERE tenant_id = :tenant AND address_id = :address AND NOT EXISTS (
      SELECT 1 FROM addresses WHERE addresses.tenant_id = :tenant AND addresses.address_id = :address)"""
)


class SqlAddresses(OnDoor):
    """`Addresses` in SQL."""

    async def register(self, tenant: str, address: Address, now_ms: int) -> None:
        """See `ports.Addresses`."""
        digest = rows.target_digest(address.channel, address.target)
        async with self._work(tenant) as work:
            ((others,),) = await work.fetch(
                OTHERS, user=address.user, id=address.id, digest=digest, room=limits.ADDRESSES_A_USER_MAX
            )
            if others >= limits.ADDRESSES_A_USER_MAX:
                raise too_many(address.user)
            same = await work.fetch(SAME_TARGET, id=address.id, digest=digest)
            await retire(work, [row[0] for row in same], "replaced")
            await work.execute(
                PUT,
                id=address.id,
                user=address.user,
                device=address.device,
                channel=address.channel,
                target=address.target,
                digest=digest,
                kind=address.target_kind,
                platform=address.platform,
                locale=address.locale,
                timezone=address.timezone,
                seen=address.seen_at_ms,
                now=now_ms,
            )

    async def retire(self, tenant: str, user: str, device: str, why: Retired) -> int:
        """See `ports.Addresses`."""
        async with self._work(tenant) as work:
            found = await work.fetch(OF_DEVICE, device=device, user=user)
            await retire(work, [row[0] for row in found], why)
        return len(found)

    async def addresses(self, tenant: str, user: str, after: str, limit: int) -> Sequence[Address]:
        """See `ports.Addresses`."""
        return [rows.address(row) for row in await self._read(tenant, OF_USER, user=user, after=after, room=limit)]

    async def of_devices(self, tenant: str, devices: Sequence[str]) -> Sequence[Address]:
        """See `ports.Addresses`."""
        found = await self._read(tenant, OF_DEVICES, devices=json_list(sorted(set(devices))))
        return [rows.address(row) for row in found]

    async def of_users(self, tenant: str, users: Sequence[str]) -> Sequence[Address]:
        """See `ports.Addresses`."""
        found = await self._read(tenant, OF_USERS, users=json_list(sorted(set(users))))
        return [rows.address(row) for row in found]

    async def age_out(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """See `ports.Addresses`."""
        async with self._work(tenant) as work:
            found = await work.fetch(UNSEEN, before=unseen_since_ms, room=limit)
            await retire(work, [row[0] for row in found], "aged")
        return len(found)

    async def forget_addresses(self, tenant: str, unseen_since_ms: int, limit: int) -> int:
        """See `ports.Addresses`."""
        async with self._work(tenant) as work:
            found = await work.fetch(LONG_RETIRED, before=unseen_since_ms, room=limit)
            gone = [{"address": address} for address in sorted(row[0] for row in found)]
            await work.execute_many(FORGET, gone)
            await work.execute_many(FORGET_WAKE, gone)
        return len(gone)
