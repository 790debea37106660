"""`homeport receipts`: it tells which devices of whoever was removed have answered, and which have not."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport_server.cli import main
from homeport_server.data import database_of
from homeport_server.verbs import receipts as verb
from homeport_sync.ports import Wanted, Writes
from homeport_sync.receipts import Receipt
from homeport_sync.scope import Grant
from homeport_sync.sightings import Sighting
from homeport_sync.sql.sqlite.store import SqliteStore

PHONE, TABLET = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
SCOPES = [f"00000000-0000-4000-8000-0000000000{number}" for number in range(10, 16)]
NOTHING = Wanted(devices=frozenset(), outcomes=frozenset(), grants=frozenset(), records=frozenset())
ENDED_MS = 1_700_000_000_000


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["receipts", *arguments], env={"HOMEPORT_DATA": str(data)})


@pytest.fixture
def tenant(tmp_path: Path) -> str:
    made = CliRunner().invoke(main, ["tenant", "create", "demo"], env={"HOMEPORT_DATA": str(tmp_path)})
    return made.stdout.strip()


def keep(data: Path, work: Callable[[SqliteStore], Awaitable[None]]) -> None:
    async def inside() -> None:
        store = await SqliteStore.open(database_of(data))
        try:
            await work(store)
        finally:
            await store.close()

    asyncio.run(inside())


def end_all(data: Path, tenant: str) -> None:
    """Ana was removed from all scopes with a phone and a tablet, and the phone has answered once; Bob from one."""

    async def work(store: SqliteStore) -> None:
        for device, at_ms in ((PHONE, ENDED_MS - 9_000), (TABLET, ENDED_MS - 5_000)):
            await store.keep_sightings(tenant, [Sighting(device=device, user="ana", pulled_at_ms=at_ms)], at_ms)
        ended = [
            Grant(user="ana", scope=scope, role="editor", since=1, until=7 + index)
            for index, scope in enumerate(SCOPES)
        ]
        ended.append(Grant(user="bob", scope=SCOPES[0], role="editor", since=1, until=20))
        async with store.transaction(tenant) as transaction:
            await transaction.load(NOTHING)
            await transaction.commit(Writes(head=20, now_ms=ENDED_MS, grants=ended))
        told = Receipt(scope=SCOPES[0], position=7, dropped_ms=ENDED_MS + 60_000)
        await store.keep_receipts(tenant, "ana", PHONE, [told], ENDED_MS + 61_000)

    keep(data, work)


def test_each_device_is_told_with_its_receipt_or_when_it_was_last_seen(tmp_path: Path, tenant: str) -> None:
    end_all(tmp_path, tenant)
    told = run(tmp_path, "demo", "--scope", SCOPES[0])
    assert told.exit_code == 0
    ended, dropped, received = (f"2023-11-14T22:{at}Z" for at in ("13:20", "14:20", "14:21"))
    assert told.stdout.splitlines() == [
        f"ana  {SCOPES[0]}  ended {ended} at 7  {PHONE}  receipt {received}, dropped {dropped}",
        f"ana  {SCOPES[0]}  ended {ended} at 7  {TABLET}  no receipt yet, last seen 2023-11-14T22:13:15Z",
        f"bob  {SCOPES[0]}  ended {ended} at 20  no device of this user was heard of before",
    ]


def test_one_user_or_only_what_is_owed_can_be_asked_for(tmp_path: Path, tenant: str) -> None:
    end_all(tmp_path, tenant)
    assert {line.split("  ")[0] for line in run(tmp_path, tenant, "--user", "bob").stdout.splitlines()} == {"bob"}
    owed = run(tmp_path, "demo", "--owed").stdout
    assert (owed.count(TABLET), owed.count(PHONE), owed.count("bob")) == (6, 5, 0)


def test_all_pages_are_told(tmp_path: Path, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    end_all(tmp_path, tenant)
    whole = run(tmp_path, "demo").stdout
    monkeypatch.setattr(verb, "PAGE", 1)
    assert run(tmp_path, "demo").stdout == whole
    assert whole.count("ana") == 12


def test_where_no_grant_has_ended_that_is_said(tmp_path: Path, tenant: str) -> None:
    told = run(tmp_path, "demo")
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "no grant has ended\n")


def test_a_tenant_that_is_not_there_is_one_sentence(tmp_path: Path, tenant: str) -> None:
    refused = run(tmp_path, "nope")
    assert refused.exit_code == 2
    assert "`homeport tenant create nope" in refused.stderr
