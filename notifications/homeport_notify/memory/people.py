"""What users prefer and subscribe to, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_notify import limits
from homeport_notify.memory.space import OnMemory
from homeport_notify.preferences import NO_PREFERENCES, Preferences, too_many_topics


class MemoryPeople(OnMemory):
    """`People` in memory."""

    async def preferences(self, tenant: str, user: str) -> Preferences:
        """See `ports.People`."""
        return self._spaces[tenant].preferences.get(user, NO_PREFERENCES)

    async def prefer(self, tenant: str, user: str, preferences: Preferences, now_ms: int) -> None:
        """See `ports.People`."""
        self._spaces[tenant].preferences[user] = preferences

    async def subscribe(self, tenant: str, user: str, topic: str, now_ms: int) -> None:
        """See `ports.People`."""
        topics = self._topics(tenant, user)
        if topic not in topics and len(topics) >= limits.TOPICS_A_USER_MAX:
            raise too_many_topics(user)
        self._spaces[tenant].in_topic[topic].add(user)

    async def unsubscribe(self, tenant: str, user: str, topic: str) -> None:
        """See `ports.People`."""
        self._spaces[tenant].in_topic[topic].discard(user)

    async def topics(self, tenant: str, user: str, after: str, limit: int) -> Sequence[str]:
        """See `ports.People`."""
        return [each for each in self._topics(tenant, user) if each > after][:limit]

    def _topics(self, tenant: str, user: str) -> Sequence[str]:
        return sorted(topic for topic, users in self._spaces[tenant].in_topic.items() if user in users)
