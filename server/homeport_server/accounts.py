"""Who may come in: a verified token of a tenant that exists, remembered until it expires."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from homeport_server.errors import TenantUnknown
from homeport_server.tokens import Caller, Tokens
from homeport_sync.ports import Tenants


class Accounts:
    """Verifies tokens, each once: of those that are valid, the `cached_max` last used are remembered."""

    def __init__(self, tokens: Tokens, tenants: Tenants, wall_ms: Callable[[], int], *, cached_max: int) -> None:
        self._tokens = tokens
        self._tenants = tenants
        self._wall_ms = wall_ms
        self._cached_max = cached_max
        self._callers: OrderedDict[str, Caller] = OrderedDict()

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
        tenant = await self._tenants.find(caller.tenant)
        if tenant is None or tenant.id != caller.tenant:
            raise TenantUnknown
        self._callers[token] = caller
        if len(self._callers) > self._cached_max:
            self._callers.popitem(last=False)
        return caller
