"""The book of keys in memory: one part of the store in memory."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_sync.change import Record
from homeport_sync.memory_log import OnMemory


class MemoryKeyBook(OnMemory):
    """`KeyBook` in memory."""

    _declared_keys = ""

    async def declared_keys(self) -> str:
        """See `key_book.KeyBook`."""
        return self._declared_keys

    async def declare_keys(self, declared: str) -> None:
        """See `key_book.KeyBook`."""
        self._declared_keys = declared

    async def records_after(self, tenant: str, after: str, limit: int) -> Sequence[Record]:
        """See `key_book.KeyBook`."""
        records = self._log(tenant).records
        return [records[id].record for id in sorted(records) if id > after and not records[id].record.deleted][:limit]

    async def clear_keys(self, tenant: str, limit: int) -> bool:
        """See `key_book.KeyBook`."""
        log = self._log(tenant)
        keys, links = list(log.keys)[:limit], [link for here in log.links.values() for link in here.values()][:limit]
        log.keep_keys([(key, None) for key in keys], [(link, False) for link in links])
        return bool(keys or links)
