"""A device that is killed at any moment keeps every write it has acknowledged, and its file is consistent."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from random import Random

import pytest

from homeport_client.replica import Replica
from tests.unit.client.world import Clock, app

ROOT = Path(__file__).resolve().parents[3]
SOURCES = (ROOT, *(ROOT / name for name in ("sync", "client_sdk")))


async def writing(path: Path, seed: int) -> Process:
    paths = os.pathsep.join(str(source) for source in SOURCES)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.unit.client.writing_child",
        str(path),
        str(seed),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=PIPE,
    )


async def told_before_the_kill(child: Process, lines: int) -> dict[str, str]:
    """Kills the child after so many of its lines; the last title that was told of each record."""
    assert child.stdout
    told = [await child.stdout.readline() for _ in range(lines)]
    child.kill()
    told += (await child.stdout.read()).splitlines(keepends=True)
    await child.wait()
    return dict(line.decode().split() for line in told if line.endswith(b"\n"))


@pytest.mark.promise("I1")
@pytest.mark.parametrize("seed", range(6))
async def test_every_acknowledged_write_survives_a_kill_at_any_line(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "replica.sqlite3"
    told = await told_before_the_kill(await writing(path, seed), Random(seed).randrange(1, 120))
    replica = Replica(str(path), app.catalog, wall_ms=Clock(), random=Random(1))
    check_whole(replica)
    for record, title in told.items():
        seen = replica.views.get(record)
        assert seen is not None
        # The child may have written the next title of a record and not have come to tell it.
        assert seen["title"] in (title, f"{title}!")
    replica.close()


def check_whole(replica: Replica) -> None:
    """Every table agrees with every other."""
    connection = replica._connection
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    before = connection.execute("SELECT * FROM view ORDER BY id").fetchall()
    replica.views.derive(replica.pulled.ids() | replica.outbox.records())
    assert connection.execute("SELECT * FROM view ORDER BY id").fetchall() == before
    numbers = [row[0] for row in connection.execute("SELECT number FROM outbox ORDER BY place")]
    last = replica.meta.next_number - 1
    assert numbers == list(range(last - len(numbers) + 1, last + 1))
    settled = [row[0] for row in connection.execute("SELECT number FROM outcomes ORDER BY number")]
    unanswered = [row[0] for row in connection.execute("SELECT number FROM outbox WHERE answered = 0")]
    assert settled == list(range(1, len(settled) + 1))
    assert unanswered == list(range(len(settled) + 1, last + 1))
