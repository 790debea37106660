"""Dead letters in memory."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.chunk import DeadLetter
from homeport_notify.delivery import moved
from homeport_notify.memory.space import OnMemory
from homeport_notify.steering import replayed


class MemoryDeadLetters(OnMemory):
    """`DeadLetters` in memory."""

    async def dead_letters(self, tenant: str, notification: str, after: str, limit: int) -> Sequence[DeadLetter]:
        """See `ports.DeadLetters`."""
        kept = self._spaces[tenant].notifications.get(notification)
        dead = kept.dead if kept else {}
        return [dead[each][0] for each in sorted(dead) if each > after][:limit]

    async def replay(self, tenant: str, notification: str, limit: int, now_ms: int) -> int:
        """See `ports.DeadLetters`."""
        kept = self._spaces[tenant].kept(notification)
        running = replayed(kept.notification, now_ms)
        over = {
            each
            for each, (letter, number) in kept.dead.items()
            if letter.failed_at_ms <= now_ms and not (letter.replayed or kept.chunks[number].open)
        }
        chosen = sorted(over)[:limit]
        if not chosen:
            return 0
        for each in chosen:
            letter, number = kept.dead[each]
            kept.dead[each] = (replace(letter, replayed=True), number)
            chunk = kept.chunks[number]
            chunk.chunk = replace(chunk.chunk, states=moved(chunk.chunk.states, chunk.chunk.addresses, [each]))
        for at in range(0, len(chosen), limits.CHUNK_ADDRESSES_MAX):
            kept.add_chunk(chosen[at : at + limits.CHUNK_ADDRESSES_MAX], now_ms)
        kept.notification, kept.ended_at_ms = running, None
        return len(chosen)
