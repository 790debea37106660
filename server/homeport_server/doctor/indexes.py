"""The indexes of queries: those that the app needs and that are missing, and those that it does not need."""

from __future__ import annotations

from collections.abc import Sequence

from homeport_server.database import opened_store
from homeport_server.doctor.finding import Finding, fine, wrong
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.index_book import MEND, told_missing


async def check_indexes(settings: Settings, app: App) -> Sequence[Finding]:
    """On SQLite a server makes them as it starts, so there none is missing for long. What is not needed is no fault:
    servers of a newer or an older app may need it."""
    async with opened_store(settings) as store:
        missing = await store.missing_indexes(app.catalog)
        unused = await store.unused_indexes(app.catalog)
    found = [wrong(told_missing(missing), MEND)] if missing and settings.database_url else []
    if unused:
        drop = "homeport migrate APP --drop-unused-indexes drops them"
        found.append(fine(f"each write keeps indexes that no query of this app needs ({', '.join(unused)}): {drop}"))
    return found or [fine("queries have the indexes they need, and no others")]
