"""A batch that is cancelled, however often, is over before the next one begins."""

from __future__ import annotations

import asyncio
from pathlib import Path

from homeport_sync.limits import LIMITS
from homeport_sync.ports import Writes
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.samples import EPOCH, NOTHING, NOW, TENANT, all_of, load, write


async def test_a_batch_cancelled_twice_does_not_end_in_the_middle_of_the_next(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "homeport.sqlite3", LIMITS)
    try:
        await store.create("acme", id=TENANT, epoch=EPOCH, now_ms=0)
        for position in range(1, 30):
            inside = asyncio.Event()

            async def hang(entered: asyncio.Event = inside) -> None:
                async with store.transaction(TENANT) as transaction:
                    await transaction.load(NOTHING)
                    entered.set()
                    await asyncio.Event().wait()

            hanging = asyncio.create_task(hang())
            await inside.wait()
            following = asyncio.create_task(write(store, all_of(position)))
            hanging.cancel()
            await asyncio.sleep(0)
            hanging.cancel()
            await asyncio.gather(hanging, return_exceptions=True)
            await following
            assert (await load(store)).head.position == position
        assert [entry.position for entry in await store.read(TENANT, 0, 100)] == list(range(1, 30))
        await write(store, Writes(head=29, now_ms=NOW))
    finally:
        await store.close()
