"""Tenants and tokens, made by Homeport's own command line, as its users make them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from homeport_client.fleet.live.homeport import ask


def fleet_tenant(seed: int, now_s: float) -> str:
    """What a fleet calls the tenant that is its own: nobody else works there, so that all of its log can be judged."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_s))
    return f"fleet-{seed}-{moment}.{int(now_s * 1_000) % 1_000:03}"


class Accounts:
    """Of the installation that the variables in `environ` name: where its data are, and what its database is."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    async def make_tenant(self, name: str) -> str:
        """Its id. Raises `ProcessFailed`."""
        return await ask("tenant", "create", name, environ=self._environ)

    async def tokens(self, users: Sequence[str], tenant: str) -> dict[str, str]:
        """A token for each, in one go. Raises `ProcessFailed`."""
        if not users:
            return {}
        printed = await ask("token", "--users", "-", "--tenant", tenant, environ=self._environ, words="\n".join(users))
        return dict(zip(users, printed.splitlines(), strict=True))
