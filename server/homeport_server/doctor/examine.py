"""All checks that the settings call for, in the order in which their faults are mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from homeport_server.data import database_of
from homeport_server.doctor.files import check_app, check_directory, check_secret
from homeport_server.doctor.finding import Finding, wrong
from homeport_server.doctor.followers import check_followers
from homeport_server.doctor.indexes import check_indexes
from homeport_server.doctor.nats import check_nats
from homeport_server.doctor.notifications import check_channels, check_notifications
from homeport_server.doctor.sharing import check_sharing
from homeport_server.doctor.sqlite import check_file
from homeport_server.errors import BadSetting
from homeport_server.extras import POSTGRES, needing
from homeport_server.settings import Settings
from homeport_sync import App, load_app
from homeport_sync.errors import BadDeclaration


async def examine(settings: Settings, app: Path | None, now_ms: Callable[[], int]) -> AsyncIterator[Finding]:
    """Each finding as it is made. Followers are looked at only in a database that is fine."""
    for found in (*check_directory(settings.data), *check_secret(settings.data)):
        yield found
    for found in check_app(app, settings.data) if app else ():
        yield found
    healthy = True
    async for found in _database(settings):
        healthy = healthy and found.ok
        yield found
    for found in await check_nats(settings.nats_url) if settings.nats_url else ():
        yield found
    for found in check_channels(settings, now_ms):
        yield found
    for found in await check_notifications(settings, now_ms) if healthy else ():
        yield found
    declared = _declared(app)
    for found in await check_followers(settings, now_ms, declared) if healthy else ():
        yield found
    for found in await check_sharing(settings, declared) if healthy and declared else ():
        yield found
    for found in await check_indexes(settings, declared) if healthy and declared else ():
        yield found


def _declared(app: Path | None) -> App | None:
    """The app, if it can be served; if not, that was told already."""
    with suppress(BadDeclaration):
        return load_app(app) if app else None
    return None


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url:
        findings = await _postgres(settings)
    else:
        findings = await asyncio.to_thread(check_file, database_of(settings.data))
    for found in findings:
        yield found


async def _postgres(settings: Settings) -> Sequence[Finding]:
    try:
        with needing(POSTGRES):
            from homeport_server.doctor.postgres import check_postgres
    except BadSetting:
        return [wrong(POSTGRES.missing, POSTGRES.mend)]
    return await check_postgres(settings)
