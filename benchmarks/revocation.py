"""`make bench-revocation`: what it costs that nothing of a lost scope is left in a device's file.

First the same writes with and without `PRAGMA secure_delete`, each written, answered and pulled again, in a file that
is synced at every commit. Then a file of some megabytes loses one of its scopes: how long until its receipt may be
given, and how often the scope's text still stands in the file had it only been deleted.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.table import show
from homeport_client.replica import Replica
from homeport_client.scribe import Scribe
from homeport_client.storage import open_storage
from homeport_sync import load_app
from homeport_sync.change import Outcome, Record
from homeport_sync.clock import Stamp, make_stamp, uuid7
from homeport_sync.receipts import Ending
from homeport_sync.wire import Page, PushAnswer

APP = Path(__file__).parent.parent / "examples" / "tasks" / "app.py"
NOW = 1_795_000_000_000
STAMP: Stamp = make_stamp(NOW, 0, "ffffffff")
WRITES = 400
ROUNDS = 5
SIZES_MB = (1, 10, 100)
NOTES = "what somebody else has written"


def replica(path: Path, secure: str = "ON") -> Replica:
    """A replica in a file, with `secure_delete` as it is said."""

    def opened(at: str) -> sqlite3.Connection:
        connection = open_storage(at)
        connection.execute(f"PRAGMA secure_delete = {secure}").fetchall()
        return connection

    return Replica(str(path), load_app(APP).catalog, wall_ms=lambda: NOW, random=Random(7), storage=opened)


def record(id: str, scope: str, position: int, *, length: int = 200, kind: str = "Task") -> Record:
    """A record as another device made it."""
    text = (NOTES * (length // len(NOTES) + 1))[:length]
    fields = {"title": text[:50]} if kind == "TaskList" else {"title": text[:50], "notes": text}
    return Record(id=id, kind=kind, scope=scope, stamp=STAMP, position=position, fields=dict(fields))


def page(*records: Record, at: int, contained: int = 0, ended: str = "") -> Page:
    """The last page of a catch-up."""
    endings = [Ending(scope=ended, position=at)] if ended else []
    lost = [ended] if ended else []
    return Page(
        cursor=f"{at}",
        more=False,
        contained=contained,
        server_time_ms=NOW,
        lost=lost,
        endings=endings,
        records=list(records),
    )


def write_us(path: Path, secure: str) -> float:
    """What a write costs from its outbox to its record, in microseconds of processor time."""
    mine, random = replica(path, secure), Random(1)
    home, tasks = uuid7(NOW, random), [uuid7(NOW, random) for _ in range(100)]
    lists = record(home, home, 1, kind="TaskList")
    pull(mine, page(lists, *(record(task, home, 1) for task in tasks), at=1))
    began = time.process_time()
    for number in range(1, WRITES + 1):
        task = random.choice(tasks)
        Scribe(mine).write("update", "Task", task, home, {"title": "y" * random.randrange(1, 200)})
        mine.take_answer(PushAnswer(server_time_ms=NOW, outcomes=[Outcome(number=number, outcome="applied")]))
        pull(mine, page(record(task, home, number + 1), at=number + 1, contained=number))
    spent = time.process_time() - began
    mine.close()
    return spent / WRITES * 1e6


def pull(mine: Replica, page: Page) -> None:
    """What the replica asks for is answered so."""
    mine.take_page(page, mine.pull_message())


def lose(path: Path, megabytes: int) -> tuple[float, float]:
    """The size of the file in MB that holds two scopes of that much in all, and how many ms it takes to lose one."""
    mine, random = replica(path), Random(2)
    home, work = uuid7(NOW, random), uuid7(NOW, random)
    pull(mine, page(*(record(each, each, 1, kind="TaskList") for each in (home, work)), at=1))
    for at in range(2, megabytes * 10 + 2):  # 100 records of 300 bytes take about 100 KB, with what is derived of them
        scope = home if at % 2 else work
        pull(mine, page(*(record(uuid7(NOW, random), scope, at) for _ in range(100)), at=at))
    size_mb = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*")) / 1e6
    began = time.perf_counter()
    pull(mine, page(at=10**6, ended=home))
    spent_ms = (time.perf_counter() - began) * 1_000
    assert mine.push_message() is not None
    mine.close()
    return size_mb, spent_ms


def left_behind(path: Path) -> int:
    """How often a scope's text is left where it was overwritten by `secure_delete` alone."""
    connection, random = open_storage(str(path)), Random(7)
    row = "INSERT OR REPLACE INTO pulled VALUES (?, ?, ?, ?)"
    for number in range(6_000):
        scope = random.choice("ab")
        text = (NOTES if scope == "a" else "own") + "x" * random.choice([10, 50, 300, 2_000, 6_000])
        connection.execute(row, (f"{scope}{random.randrange(800)}", scope, number, text))
    connection.execute("DELETE FROM pulled WHERE scope = 'a'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    found = path.read_bytes().count(NOTES.encode())
    connection.close()
    return found


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        places = (Path(scratch) / f"{number}.sqlite3" for number in range(1_000))
        spent = [{how: write_us(next(places), how) for how in ("OFF", "ON")} for _ in range(ROUNDS)]  # by turns
        show("µs of CPU a write", {f"secure_delete {how}": median(each[how] for each in spent) for how in spent[0]})
        lost = [lose(next(places), megabytes) for megabytes in SIZES_MB]
        show("ms to lose half of a file", {f"{size_mb:,.0f} MB": spent_ms for size_mb, spent_ms in lost})
        print(f"texts left behind by secure_delete alone: {left_behind(next(places))}")


if __name__ == "__main__":
    main()
