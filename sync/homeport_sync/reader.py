"""The reader serves pulls: opens the cursor, reads the page or finds it, seals the next cursor."""

from __future__ import annotations

from homeport_sync.choice import EVERYTHING, Choice
from homeport_sync.cursor import Cursor, CursorSeal
from homeport_sync.errors import TooLarge
from homeport_sync.limits import Limits
from homeport_sync.meter import Meter, NoMeter
from homeport_sync.page_cache import Found, PageCache
from homeport_sync.ports import LogStore, PageRows, Standing
from homeport_sync.pull import advance, endings, plan
from homeport_sync.wire import page_text


class Reader:
    """Pages of every tenant in the store."""

    def __init__(self, store: LogStore, seal: CursorSeal, limits: Limits, meter: Meter | None = None) -> None:
        self._store = store
        self._seal = seal
        self._limits = limits
        self._cache = PageCache(limits)
        self._meter = meter or NoMeter()

    async def page(
        self,
        tenant: str,
        user: str,
        device: str,
        cursor: str | None,
        limit: int | None,
        *,
        now_ms: int,
        choice: Choice = EVERYTHING,
    ) -> bytes:
        """The page after `cursor` (None: from the start) as JSON text (UTF-8) of a `Page`, of the scopes of `choice`,
        which is in its plain form.

        Raises `TooLarge` for a limit that is not between 1 and `page_size_max`, and what opening a cursor raises.
        """
        size = self._limits.page_size if limit is None else limit
        if not 1 <= size <= self._limits.page_size_max:
            raise TooLarge(
                f"A page holds 1 to {self._limits.page_size_max} records, not {size}: ask for that many at most.",
                limit=self._limits.page_size_max,
            )
        place = self._seal.open(cursor, tenant=tenant, user=user) if cursor else None
        found = await self._find(tenant, user, device, place, size, choice=choice)
        self._meter.page(found=found is not None)
        standing, page = found or await self._read(tenant, user, device, place, size, choice=choice)
        onward = Cursor(
            tenant=tenant,
            user=user,
            epoch=page.head.epoch,
            position=page.step.position,
            granted=page.head.position,
            backfills=page.step.backfills,
            choice=choice,
        )
        return page_text(
            cursor=self._seal.seal(onward),
            more=page.step.more,
            reset=page.made.reset,
            contained=0 if page.step.more else standing.last_number,
            server_time_ms=now_ms,
            lost=page.made.lost,
            records=page.records,
            endings=endings(standing, place, page.made),
        )

    async def _find(
        self, tenant: str, user: str, device: str, place: Cursor | None, size: int, *, choice: Choice
    ) -> tuple[Standing, Found] | None:
        """The page, if it was read before and the store would read the same again."""
        found = self._cache.find(tenant, place, size, choice)
        if found is None:
            return None
        standing = await self._store.standing(tenant, user, device)
        same = standing.head == found.head and plan(standing, place, choice) == found.made
        return (standing, found) if same else None

    async def _read(
        self, tenant: str, user: str, device: str, place: Cursor | None, size: int, *, choice: Choice
    ) -> tuple[Standing, Found]:
        read = await read_rows(self._store, tenant, user, device, place, size, choice=choice)
        made = plan(read.standing, place, choice)
        page = Found(
            head=read.standing.head,
            made=made,
            step=advance(made, read.ranges, full=read.full),
            records=",".join([text for rows in read.ranges for _, text in rows]).encode(),
        )
        self._cache.keep(tenant, place, size, page, choice=choice)
        return read.standing, page


async def read_rows(  # noqa: PLR0917  # as `LogStore.page`
    store: LogStore,
    tenant: str,
    user: str,
    device: str,
    place: Cursor | None,
    size: int,
    *,
    choice: Choice = EVERYTHING,
) -> PageRows:
    """The rows after a place, in the life of the log in which that place is, or in a new one."""
    read = await store.page(tenant, user, device, place, size, choice=choice)
    head = read.standing.head
    if place is not None and place.epoch == head.epoch and place.granted > head.position:
        # The store was restored to before this cursor. Other devices must not mistake the positions that are
        # now given a second time for those they have: the log begins another life.
        await store.begin_epoch(tenant, head.epoch)
        read = await store.page(tenant, user, device, place, size, choice=choice)
    return read
