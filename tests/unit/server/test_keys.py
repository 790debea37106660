"""`homeport keys`: what a database keeps of unique fields, and filling it for an app that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport_server.cli import main
from homeport_server.data import DATABASE
from homeport_sync.change import Record
from homeport_sync.clock import make_stamp
from homeport_sync.ports import StoredRecord, Writes
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.contract.samples import write

APP = """
from homeport_sync import App, field
app = App("shelves")

@app.kind(root=True)
class Room:
    name: str = ""

@app.kind(within=Room)
class Shelf:
    code: str = {code}
"""
STAMP = make_stamp(1, 0, "0" * 8)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `homeport keys` with an app whose codes are unique, or are not, over a data directory with one tenant."""

    def call(*options: str, code: str) -> Result:
        file = tmp_path / "app.py"
        file.write_text(APP.format(code=code), encoding="utf-8")
        return CliRunner().invoke(main, ["keys", str(file), *options], env={"HOMEPORT_DATA": str(tmp_path / "data")})

    CliRunner().invoke(main, ["tenant", "create", "demo"], env={"HOMEPORT_DATA": str(tmp_path / "data")})
    return call


def put(tmp_path: Path, codes: Sequence[str]) -> None:
    """Shelves with these codes, whose ids are their places."""

    async def shelves() -> None:
        store = await SqliteStore.open(tmp_path / "data" / DATABASE)
        tenant = await store.find("demo")
        assert tenant is not None
        records = [
            Record(
                id=f"{at}",
                kind="Shelf",
                scope="r",
                stamp=make_stamp(at, 0, "0" * 8),
                position=at,
                fields={"code": code},
            )
            for at, code in enumerate(codes, 1)
        ]
        stored = [StoredRecord(record=each, author="d", foreign_position=0) for each in records]
        await write(store, Writes(head=len(codes), now_ms=1, records=stored), tenant=tenant.id)
        await store.close()

    asyncio.run(shelves())


UNIQUE, ANY = "field(unique=True)", '""'


def test_a_new_database_keeps_what_the_app_declares(run: Run) -> None:
    told = run(code=UNIQUE)
    assert (told.exit_code, "these keys: [Shelf.code unique], as " in told.stdout) == (0, True)


def test_a_database_of_an_app_that_changed_is_filled_when_it_is_told_to(run: Run, tmp_path: Path) -> None:
    put(tmp_path, ["x", "y"])
    told = run(code=UNIQUE)
    assert told.exit_code == 2
    assert "The app declares the keys [Shelf.code unique], and the database has those for []" in told.stderr
    assert run("--rebuild", code=UNIQUE).exit_code == run(code=UNIQUE).exit_code == 0
    assert run(code=ANY).exit_code == 2


def test_records_that_share_a_value_are_named_and_there_is_a_way_back(run: Run, tmp_path: Path) -> None:
    put(tmp_path, ["x", "y", "x"])
    told = run("--rebuild", code=UNIQUE)
    assert told.exit_code == 2
    assert "1 records have a value that must be unique" in told.stderr
    assert "Shelf.code: 3 has the value of 1 (tenant " in told.stderr
    assert run(code=UNIQUE).exit_code == run(code=ANY).exit_code == 2
    assert run("--rebuild", code=ANY).exit_code == run(code=ANY).exit_code == 0
