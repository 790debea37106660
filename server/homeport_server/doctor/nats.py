"""NATS, when it carries the signals between processes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from homeport_server.doctor.finding import Finding, fine, wrong
from homeport_server.errors import BadSetting
from homeport_server.extras import NATS, needing
from homeport_server.settings import flag

CONNECT_S = 3


async def check_nats(url: str) -> Sequence[Finding]:
    """It answers. Without it signals are late, by `HOMEPORT_POKE_POLL_S` at most, and nothing is lost."""
    try:
        with needing(NATS):
            import nats
            from nats.aio.client import Client
    except BadSetting:
        return [wrong(NATS.missing, NATS.mend)]
    client = Client()
    try:
        async with asyncio.timeout(CONNECT_S):
            await client.connect(
                url.split(","),
                connect_timeout=CONNECT_S,
                allow_reconnect=False,
                error_cb=_ignored,
                name="homeport doctor",
            )
            await client.close()
    except (OSError, TimeoutError, nats.errors.Error) as error:
        return [
            wrong(
                f"NATS cannot be reached at {url.rpartition('@')[2]} ({str(error) or type(error).__name__})",
                f"start it, mend {flag('nats_url')}, or leave it out: PostgreSQL carries signals then",
            )
        ]
    return [fine(f"NATS at {url.rpartition('@')[2]}")]


async def _ignored(_error: Exception) -> None:
    """It is raised as well."""
