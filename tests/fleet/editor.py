"""One process that edits one record, as fast as it can: a whole exchange over PostgreSQL, with a device of its own.

python -m tests.fleet.editor URL TENANT SCOPE TASK SEED EDITS

It waits for a line on its input, pushes that many edits one by one, and prints for each a line of JSON: the change
as it was sent, and the answer.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from random import Random

import msgspec

from homeport_sync import LIMITS, load_app
from homeport_sync.change import Change, Fields, encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.cursor import CursorSeal
from homeport_sync.exchange import Exchange
from homeport_sync.signals import LocalSignals
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.wire import PushMessage

APP = Path(__file__).parents[2] / "examples" / "tasks" / "app.py"
USER = "ana"


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def exchange_over(store: PostgresStore) -> Exchange:
    """What a server process has for the tasks app."""
    return Exchange(
        store=store,
        catalog=load_app(APP).catalog,
        signals=LocalSignals(),
        seal=CursorSeal(b"an editor's key" * 4),
        limits=LIMITS,
        wall_ms=wall_ms,
    )


def fields(random: Random, device: str, edit: int) -> Fields:
    """What an edit writes: some of the fields that both processes write, each value to be found nowhere else."""
    value = f"{device} {edit}"
    chosen: Fields = {name: value for name in ("title", "notes", "assignee") if random.random() < 0.5}
    return chosen or {"title": value}


async def main(url: str, tenant: str, scope: str, task: str, *, seed: str, edits: int) -> None:
    random, clock = Random(seed), HybridClock(wall_ms)
    device = uuid7(wall_ms(), random)
    store = await PostgresStore.open(url)
    exchange = exchange_over(store)
    told: list[str] = []
    print("ready", flush=True)  # noqa: T201  # the parent waits for it
    await asyncio.to_thread(sys.stdin.readline)
    for number in range(1, edits + 1):
        change = Change(
            number=number,
            op="update",
            kind="Task",
            id=task,
            scope=scope,
            stamp=clock.stamp(device),
            fields=fields(random, device, number),
        )
        message = PushMessage(device=device, changes=[msgspec.Raw(encode(change).encode())])
        pushed = await exchange.push(tenant, USER, message, request_id="edit")
        told.append(json.dumps([device, encode(change), pushed.text.decode()]))
    await store.close()
    print("\n".join(told))  # noqa: T201  # as above


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], seed=sys.argv[5], edits=int(sys.argv[6])))
