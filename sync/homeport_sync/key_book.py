"""Whether keys and links are those that the app declares, and filling them anew when they are not.

Both are written with each record, so they are whole as long as the declaration stays. A field that becomes unique later
or refers by another `on_delete` has them for no record yet: a server does not start on such a database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from homeport_sync.catalog import Catalog
from homeport_sync.change import Record
from homeport_sync.errors import KeysForeign
from homeport_sync.keys import Key, Link, keys_of, links_of
from homeport_sync.ports import LogStore, Tenant, Tenants, Wanted, Writes

RECORDS_AT_ONCE: Final = 1_000
TENANTS_AT_ONCE: Final = 100
UNFINISHED: Final = "being filled"
_NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())


class KeyBook(Protocol):
    """What a store keeps of keys beside writing them."""

    async def declared_keys(self) -> str:
        """For which declaration they were filled; "" if for none that has any."""

    async def declare_keys(self, declared: str) -> None:
        """Keep that they are filled for this one."""

    async def records_after(self, tenant: str, after: str, limit: int) -> Sequence[Record]:
        """The tenant's live records in the order of their ids, after an id ("" is the start), at most `limit`."""

    async def clear_keys(self, tenant: str, limit: int) -> bool:
        """Forget at most `limit` of the tenant's keys and as many of its links; whether there were any."""


class Store(KeyBook, LogStore, Tenants, Protocol):
    """What is asked of a store here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two records of a tenant that have one value of a unique field."""

    tenant: str
    kind: str
    field: str
    record: str
    holder: str


def declaration_of(catalog: Catalog) -> str:
    """What an app says of keys, as text; "" if it says nothing."""
    said = [f"{kind.name}.{field.name} unique" for kind in catalog.keyed.values() for field in kind.unique] + [
        f"{kind.name}.{field.name} {field.on_delete}" for kind in catalog.keyed.values() for field in kind.binding
    ]
    return ", ".join(sorted(said))


async def check_keys(store: Store, catalog: Catalog) -> None:
    """Let a server of the app start. Where nothing was written yet, all is as it declares. Raises `KeysForeign`."""
    ours, kept = declaration_of(catalog), await store.declared_keys()
    if ours == kept:
        return
    if kept != UNFINISHED and await _is_new(store):
        await store.declare_keys(ours)
        return
    raise KeysForeign(
        f"The app declares the keys [{ours}], and the database has those for [{kept}]: stop every server, run "
        "`homeport keys APP --rebuild` with the new app, then start again."
    )


async def rebuild(store: Store, catalog: Catalog, now_ms: int) -> list[Clash]:
    """Fill keys and links for the app. No server may be running.

    If there are clashes, of which all are given, it is not done: the first record has the value, and no server starts.
    """
    await store.declare_keys(UNFINISHED)
    clashes = [clash async for tenant in _tenants(store) for clash in await _rebuild(store, catalog, tenant.id, now_ms)]
    if not clashes:
        await store.declare_keys(declaration_of(catalog))
    return clashes


async def _rebuild(store: Store, catalog: Catalog, tenant: str, now_ms: int) -> list[Clash]:
    while await store.clear_keys(tenant, RECORDS_AT_ONCE):
        pass
    clashes: list[Clash] = []
    after = ""
    while records := await store.records_after(tenant, after, RECORDS_AT_ONCE):
        clashes += await _fill(store, catalog, tenant, records, now_ms)
        after = records[-1].id
    return clashes


async def _fill(store: Store, catalog: Catalog, tenant: str, records: Sequence[Record], now_ms: int) -> list[Clash]:
    keyed = [(record, kind) for record in records if (kind := catalog.keyed.get(record.kind)) is not None]
    asked = [(key, record.id) for record, kind in keyed for key in sorted(keys_of(record, kind))]
    links: list[tuple[Link, bool]] = [(link, True) for record, kind in keyed for link in links_of(record, kind)]
    if not asked and not links:
        return []
    async with store.transaction(tenant) as transaction:
        loaded = await transaction.load(replace(_NOTHING, keys=frozenset(key for key, _ in asked)))
        held, clashes = dict(loaded.keys), list[Clash]()
        new: list[tuple[Key, str | None]] = []
        for key, id in asked:
            if held.setdefault(key, id) == id:
                new.append((key, id))
            else:
                clashes.append(Clash(tenant=tenant, kind=key.kind, field=key.field, record=id, holder=held[key]))
        await transaction.commit(Writes(head=loaded.head.position, now_ms=now_ms, keys=new, links=links))
    return clashes


async def _is_new(store: Store) -> bool:
    async for tenant in _tenants(store):
        if (await store.standing(tenant.id, "", "")).head.position:
            return False
    return True


async def _tenants(store: Store) -> AsyncIterator[Tenant]:
    after = ""
    while found := await store.tenants(after, TENANTS_AT_ONCE):
        for tenant in found:
            yield tenant
        after = found[-1].id
