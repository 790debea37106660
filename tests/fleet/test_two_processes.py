"""Two processes, one log: they edit one record at the same moment, thousands of times, and nothing is lost or skipped.

What must be is worked out by the oracle from what both were told; what is comes out of the database by psql alone.
The seed is `HOMEPORT_SEED` (1 if it is not set).
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from homeport_client.fleet.check import oracle
from homeport_client.fleet.check.witness import Told
from homeport_client.fleet.live import rows
from homeport_sync.change import Change, decode_change, encode
from homeport_sync.clock import make_stamp
from homeport_sync.limits import LIMITS
from homeport_sync.ports import LogEntry
from homeport_sync.sql.postgres.store import PostgresStore
from homeport_sync.wire import PushMessage, decode_push_answer
from tests.contract.databases import Databases
from tests.fleet.editor import USER, exchange_over, wall_ms

TENANT = "two-processes"
LIST = "0190a1b2-0000-7000-8000-000000000001"
TASK = "0190a1b2-0000-7000-8000-000000000002"
PHONE = "0190a1b2-0000-7000-8000-00000000000a"
SEED = os.environ.get("HOMEPORT_SEED", "1")


def first(number: int, kind: str, id: str) -> Change:
    stamp = make_stamp(wall_ms() - 60_000, number, PHONE)
    return Change(number=number, op="create", kind=kind, id=id, scope=LIST, stamp=stamp, fields={"title": "first"})


@asynccontextmanager
async def process(url: str, name: str, edits: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """An editor that waits for its start."""
    arguments = (url, TENANT, LIST, TASK, f"{SEED}/{name}", str(edits))
    editor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fleet.editor", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        assert editor.stdout
        assert await editor.stdout.readline() == b"ready\n"
        yield editor
    finally:
        if editor.returncode is None:
            editor.kill()
            await editor.wait()


async def told_by(editor: asyncio.subprocess.Process) -> list[Told]:
    """Start it; what it was told, once it is done."""
    printed, _ = await editor.communicate(b"go\n")
    found = []
    for line in printed.decode().splitlines():
        device, change, answer = json.loads(line)
        (outcome,) = decode_push_answer(answer).outcomes
        found.append(Told(user=USER, device=device, change=decode_change(change), outcome=outcome))
    return found


async def follow(store: PostgresStore, passed: list[LogEntry]) -> None:
    """Read the log without end, each time from where the last reading ended."""
    while True:
        passed += await store.read(TENANT, len(passed), 200)
        await asyncio.sleep(0)


@pytest.mark.promise("I4")
@pytest.mark.parametrize("edits", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_two_processes_edit_one_record_over_and_over_and_no_field_is_lost(
    postgres18: Databases, edits: int
) -> None:
    databases, name = postgres18, await postgres18.fresh()
    store = await PostgresStore.open(databases.url(name), LIMITS)
    await store.create(TENANT, id=TENANT, epoch="1", now_ms=0)
    raw = [msgspec.Raw(encode(first(*each)).encode()) for each in ((1, "TaskList", LIST), (2, "Task", TASK))]
    await exchange_over(store).push(TENANT, USER, PushMessage(device=PHONE, changes=raw), request_id="first")
    passed: list[LogEntry] = []
    async with process(databases.url(name), "one", edits) as one, process(databases.url(name), "two", edits) as two:
        following = asyncio.create_task(follow(store, passed))
        told = list(itertools.chain(*await asyncio.gather(told_by(one), told_by(two))))
        assert len(passed) > edits / 10, "the reader read nothing while the others wrote"
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    passed += await store.read(TENANT, len(passed), 2 * edits)
    await store.close()
    log = [rows.entry(row) for row in await databases.server.query(rows.log_of(TENANT), database=name)]
    assert passed == log, "a reader that never stopped has read another log than there is"
    check(log, told, edits)
    ((wire,),) = await databases.server.query(f"SELECT wire FROM records WHERE record_id = '{TASK}'", database=name)  # noqa: S608
    assert json.loads(wire)["fields"] == oracle.records(oracle.accepted(told))[TASK].fields


def check(log: list[LogEntry], told: list[Told], each: int) -> None:
    """Each edit is in the log once, under its verdict, with just the fields that were news at its position."""
    assert [entry.position for entry in log] == list(range(1, 2 * each + 3))
    by_name = {(each.device, each.change.number): each for each in told}
    edits = [entry for entry in log if entry.device != PHONE]
    assert {(entry.device, entry.number) for entry in edits} == by_name.keys()
    newest: dict[str, str] = {}
    for entry in edits:
        edit = by_name[entry.device, entry.number]
        wins = {name for name in edit.change.fields if edit.stamp > newest.get(name, "")}
        newest |= dict.fromkeys(wins, edit.stamp)
        assert entry.fields.keys() == wins
        assert set(edit.outcome.lost) == edit.change.fields.keys() - wins
        assert entry.outcome == edit.outcome.outcome
        assert (entry.outcome == "superseded") == (not wins)
    turns = sum(before.device != after.device for before, after in itertools.pairwise(edits))
    assert turns > each / 10, f"the processes hardly met: {turns} turns in {len(edits)} edits"
