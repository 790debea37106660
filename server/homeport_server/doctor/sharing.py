"""Sharing with everybody: scopes that are, though the app declares their root kind public no more.

Taking back the word lets nobody share another scope so, and ends nothing that is shared already: who reads what is in
the log, and a grant ends by a change.
"""

from __future__ import annotations

from collections.abc import Sequence

from homeport_server.database import Store, opened_store
from homeport_server.doctor.finding import Finding, all_fine, wrong
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.ports import Tenant, Wanted
from homeport_sync.scope import EVERYBODY

TENANTS_MAX = 1_000
SCOPES_MAX = 1_000


async def check_sharing(settings: Settings, app: App) -> Sequence[Finding]:
    """Of the first `TENANTS_MAX` tenants, and of each the first `SCOPES_MAX` scopes that everybody has."""
    async with opened_store(settings) as store:
        tenants = await store.tenants("", TENANTS_MAX)
        found = [await _look(store, tenant, app) for tenant in tenants]
    return all_fine("nothing is shared with everybody that is not declared public", (each for each in found if each))


async def _look(store: Store, tenant: Tenant, app: App) -> Finding | None:
    grants = (await store.standing(tenant.id, EVERYBODY, "")).grants
    shared = [grant.scope for grant in grants if grant.holds][:SCOPES_MAX]
    if not shared:
        return None
    wanted = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset(shared))
    async with store.transaction(tenant.id) as transaction:  # which writes nothing
        records = (await transaction.load(wanted)).records
    public = {kind.name for kind in app.catalog.kinds.values() if kind.public}
    left = [scope for scope in shared if scope in records and records[scope].record.kind not in public]
    if not left:
        return None
    kinds = ", ".join(sorted({records[scope].record.kind for scope in left}))
    what = (
        f"{len(left):,} scopes of {tenant.name} are shared with everybody, and the app does not declare {kinds} public"
    )
    return wrong(what, f"declare it again, or end that from a device: remove({left[0]!r}, EVERYBODY), and so each")
