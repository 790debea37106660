"""Who may come in: a verified token of a tenant that exists, remembered until it expires."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from homeport_server.errors import TenantUnknown
from homeport_server.tokens import Caller, Tokens
from homeport_sync.ports import Tenants

TENANT_KNOWN_MS = 60_000  # so long a tenant that was there is taken to be there still


class Accounts:
    """Verifies tokens, each once: of those that are valid, the `cached_max` last used are remembered."""

    def __init__(self, tokens: Tokens, tenants: Tenants, wall_ms: Callable[[], int], *, cached_max: int) -> None:
        self._tokens = tokens
        self._tenants = tenants
        self._wall_ms = wall_ms
        self._cached_max = cached_max
        self._callers: OrderedDict[str, Caller] = OrderedDict()
        self._tenants_until: dict[str, int] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def remembered(self, token: str) -> Caller | None:
        """Whoever this token was verified for before, while it is valid."""
        caller = self._callers.get(token)
        if caller is None:
            return None
        if self._wall_ms() >= caller.expires_at_ms:
            del self._callers[token]
            return None
        self._callers.move_to_end(token)
        return caller

    async def caller(self, token: str) -> Caller:
        """Whoever the token stands for. Raises what `Tokens.verify` raises, and `TenantUnknown`."""
        if (known := self.remembered(token)) is not None:
            return known
        caller = self._tokens.verify(token)
        if self._wall_ms() >= self._tenants_until.get(caller.tenant, 0):
            await self._look_for(caller.tenant)
        self._callers[token] = caller
        if len(self._callers) > self._cached_max:
            self._callers.popitem(last=False)
        return caller

    async def _look_for(self, tenant: str) -> None:
        """Ask whether there is such a tenant, once for all who want to know. Raises `TenantUnknown`.

        After a restart every device comes with a token that was never seen here: thousands would ask the same.
        """
        asking = self._asking.get(tenant)
        if asking is None:
            asking = self._asking[tenant] = asyncio.create_task(self._ask(tenant))
            asking.add_done_callback(lambda asked: self._asked(tenant, asked))
        await asyncio.shield(asking)

    def _asked(self, tenant: str, asked: asyncio.Task[None]) -> None:
        del self._asking[tenant]
        if not asked.cancelled():
            asked.exception()  # those who waited were told; if nobody did any more, nobody has to be

    async def _ask(self, tenant: str) -> None:
        found = await self._tenants.find(tenant)
        if found is None or found.id != tenant:
            raise TenantUnknown
        if len(self._tenants_until) >= self._cached_max:
            self._tenants_until.clear()
        self._tenants_until[tenant] = self._wall_ms() + TENANT_KNOWN_MS
