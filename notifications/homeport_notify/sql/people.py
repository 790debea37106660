"""What users prefer and subscribe to, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.preferences import Preferences, too_many_topics
from homeport_notify.sql import rows
from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.on_door import OnDoor

PREFERS: Final = Statement("SELECT prefers FROM preferences WHERE tenant_id = :tenant AND user_id = :user")
PREFER: Final = Statement(
    """
    INSERT INTO preferences (tenant_id, user_id, prefers, created_at, updated_at)
    VALUES (:tenant, :user, :prefers, :now, :now)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET prefers = excluded.prefers, updated_at = excluded.updated_at"""
)
OTHER_TOPICS: Final = Statement(
    """
    SELECT count(*) FROM (
      SELECT 1 FROM topics {by:topics_by_user}
      WHERE tenant_id = :tenant AND user_id >= :user AND user_id <= :user AND user_id >= '' AND topic <> :topic
      ORDER BY user_id, topic LIMIT :room) AS others"""
)
SUBSCRIBE: Final = Statement(
    """
    INSERT INTO topics (tenant_id, topic, user_id, created_at) VALUES (:tenant, :topic, :user, :now)
    ON CONFLICT (tenant_id, topic, user_id) DO NOTHING"""
)
UNSUBSCRIBE: Final = Statement("DELETE FROM topics WHERE tenant_id = :tenant AND topic = :topic AND user_id = :user")
TOPICS: Final = Statement(
    """
    SELECT topic FROM topics {by:topics_by_user}
    WHERE tenant_id = :tenant AND user_id >= :user AND user_id <= :user AND user_id >= '' AND topic > :after
    ORDER BY user_id, topic LIMIT :room"""
)


class SqlPeople(OnDoor):
    """`People` in SQL."""

    async def preferences(self, tenant: str, user: str) -> Preferences:
        """See `ports.People`."""
        found = await self._read(tenant, PREFERS, user=user)
        return rows.preferences(found[0][0] if found else None)

    async def prefer(self, tenant: str, user: str, preferences: Preferences, now_ms: int) -> None:
        """See `ports.People`."""
        async with self._work(tenant) as work:
            await work.execute(PREFER, user=user, prefers=rows.prefers(preferences), now=now_ms)

    async def subscribe(self, tenant: str, user: str, topic: str, now_ms: int) -> None:
        """See `ports.People`."""
        async with self._work(tenant) as work:
            ((others,),) = await work.fetch(OTHER_TOPICS, user=user, topic=topic, room=limits.TOPICS_A_USER_MAX)
            if others >= limits.TOPICS_A_USER_MAX:
                raise too_many_topics(user)
            await work.execute(SUBSCRIBE, user=user, topic=topic, now=now_ms)

    async def unsubscribe(self, tenant: str, user: str, topic: str) -> None:
        """See `ports.People`."""
        async with self._work(tenant) as work:
            await work.execute(UNSUBSCRIBE, user=user, topic=topic)

    async def topics(self, tenant: str, user: str, after: str, limit: int) -> Sequence[str]:
        """See `ports.People`."""
        return [row[0] for row in await self._read(tenant, TOPICS, user=user, after=after, room=limit)]
