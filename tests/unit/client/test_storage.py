"""The file beneath a replica: what is done in a transaction is done whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from homeport_client import ReplicaForeign, StorageFull
from homeport_client.schema import STEPS, VERSION
from homeport_client.storage import MEMORY, open_storage, transaction


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_works() -> None:
    storage = open_storage(MEMORY)
    with pytest.raises(sqlite3.IntegrityError), transaction(storage):
        storage.executemany("INSERT INTO staged_lost VALUES (?)", [("a",), ("a",)])
    with transaction(storage):
        storage.execute("INSERT INTO staged_lost VALUES ('b')")
    assert storage.execute("SELECT * FROM staged_lost").fetchall() == [("b",)]


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_file_of_a_former_version_is_opened_with_all_that_is_in_it(tmp_path: Path, version: int) -> None:
    path = str(tmp_path / "replica")
    with closing(sqlite3.connect(path)) as former:
        former.executescript(f"{''.join(STEPS[:version])} PRAGMA user_version = {version};")
        former.execute("INSERT INTO outbox (device, number, record, change) VALUES ('d', 1, 'r', '{}')")
        former.execute("INSERT INTO pulled VALUES ('r', 's', 7, '{}')")
        former.commit()
    with closing(open_storage(path)) as storage, closing(open_storage(MEMORY)) as new:
        assert storage.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert storage.execute("SELECT number, record FROM outbox").fetchall() == [(1, "r")]
        assert storage.execute("SELECT id, position FROM pulled").fetchall() == [("r", 7)]
        tables = [each.execute("SELECT sql FROM sqlite_schema ORDER BY sql").fetchall() for each in (storage, new)]
        assert tables[0] == tables[1]


@pytest.mark.parametrize("version", range(1, 4))  # the fourth has those columns
def test_what_a_former_version_held_is_found_by_its_record_scope_and_stamp(tmp_path: Path, version: int) -> None:
    path, told = str(tmp_path / "replica"), '{"id": "r", "scope": "s", "into": "t", "stamp": "at"}'
    with closing(sqlite3.connect(path)) as former:
        former.executescript(f"{''.join(STEPS[:version])} PRAGMA user_version = {version};")
        former.execute("INSERT INTO outbox (device, number, record, change) VALUES ('d', 1, 'r', ?)", (told,))
        former.execute(
            "INSERT INTO outcomes (device, number, rejected, outcome, change) VALUES ('d', 2, 1, '{}', ?)", (told,)
        )
        former.commit()
    with closing(open_storage(path)) as storage:
        assert storage.execute("SELECT scope, goes_into, stamp FROM outbox").fetchall() == [("s", "t", "at")]
        assert storage.execute("SELECT record, scope FROM outcomes").fetchall() == [("r", "s")]


@pytest.mark.parametrize("version", [VERSION + 1, -1])
def test_a_file_of_a_version_that_nobody_knows_is_left_alone(tmp_path: Path, version: int) -> None:
    path = str(tmp_path / "replica")
    with closing(sqlite3.connect(path)) as later:
        later.executescript(f"{''.join(STEPS)} PRAGMA user_version = {version};")
    with pytest.raises(ReplicaForeign, match=f"tables of version {version}, not a replica of version {VERSION} or"):
        open_storage(path)


def test_what_is_committed_is_synced_to_the_disk_and_what_is_deleted_overwritten(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path / "replica.sqlite3"))
    found = [
        storage.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")
    ]
    assert found == ["wal", 2, 1]
    storage.close()


def test_a_full_disk_is_told_writes_nothing_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    connection = open_storage(str(tmp_path / "replica"))
    with closing(connection):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageFull), transaction(connection):
            connection.execute("INSERT INTO staged_lost VALUES (?)", ("x" * 100_000,))
        assert connection.execute("SELECT count(*) FROM staged_lost").fetchone() == (0,)
        connection.execute("PRAGMA max_page_count = 1000000")
        with transaction(connection):
            connection.execute("INSERT INTO staged_lost VALUES (?)", ("x" * 100_000,))
        assert connection.execute("SELECT count(*) FROM staged_lost").fetchone() == (1,)
