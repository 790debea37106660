"""`homeport doctor` on one file: each fault is planted, and its line names the command that mends it."""

import os
import shlex
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport_server.cli import main
from homeport_server.data import APP_FILE, claim, database_of
from homeport_server.doctor.schema import check_stamps
from homeport_sync.change import Record, encode
from homeport_sync.clock import NEVER
from homeport_sync.sql.tables import SCHEMA_VERSION

APP = 'from homeport_sync import App\n\napp = App("lists")\n\n\n@app.kind(root=True)\nclass List:\n    title: str\n'
MIGRATE = "homeport migrate --data here"
Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A healthy data directory."""
    directory = tmp_path / "data"
    assert CliRunner().invoke(main, ["tenant", "create", "demo", "--data", str(directory)]).exit_code == 0
    return directory


@pytest.fixture
def app_file(tmp_path: Path) -> Path:
    file = tmp_path / "app.py"
    file.write_text(APP)
    return file


@pytest.fixture
def run(data: Path) -> Run:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env={"HOMEPORT_DATA": str(data)})

    return call


def wrongs(result: Result) -> Sequence[str]:
    """The lines of what is wrong; the exit code says the same."""
    lines = result.stdout.splitlines()
    found = [line for line in lines if line.startswith("wrong: ")]
    assert len(found) + sum(line.startswith("ok: ") for line in lines) == len(lines)
    assert result.exit_code == (1 if found else 0)
    return found


def execute(data: Path, sql: str) -> None:
    with closing(sqlite3.connect(database_of(data), isolation_level=None)) as file:
        file.execute(sql)


def test_a_healthy_installation_is_fine_in_every_line(run: Run, app_file: Path) -> None:
    told = run("doctor", str(app_file))
    assert wrongs(told) == []
    for what in (
        "data directory",
        "secret",
        "app lists",
        "is whole",
        "write-ahead log",
        "schema version",
        "no follower",
    ):
        assert what in told.stdout


@pytest.mark.parametrize(("name", "mode"), [("", "700"), ("secret", "600"), ("homeport.sqlite3", "600")])
def test_what_others_may_open_is_told_and_its_command_mends_it(run: Run, data: Path, name: str, mode: str) -> None:
    (data / name).chmod(0o755)
    commands = [line.partition(" — ")[2] for line in wrongs(run("doctor"))]
    assert commands[0] == f"chmod {mode} {data / name}"
    for command in commands:  # SQLite gives its log files the mode of the database
        subprocess.run(shlex.split(command), check=True)
    assert wrongs(run("doctor")) == []


def test_a_directory_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    found = wrongs(run("doctor", "--data", str(tmp_path / "nope")))
    assert any("homeport tenant create NAME" in line for line in found)
    assert not (tmp_path / "nope").exists()


def test_a_secret_that_is_gone_or_short_is_told(run: Run, data: Path) -> None:
    (data / "secret").write_bytes(b"short")
    assert "has 5 bytes; expected 32 at least" in wrongs(run("doctor"))[0]
    (data / "secret").unlink()
    assert "there is no secret" in wrongs(run("doctor"))[0]


def test_an_app_that_cannot_be_served_is_told_by_its_line(run: Run, app_file: Path) -> None:
    app_file.write_text(APP + "    ids: list\n")
    (line,) = wrongs(run("doctor", str(app_file)))
    assert f"{app_file}:9: List.ids" in line


def test_the_data_of_another_app_are_told(run: Run, data: Path, app_file: Path) -> None:
    claim(data, "chat")
    (line,) = wrongs(run("doctor", str(app_file)))
    assert "holds the data of the app 'chat'" in line


def test_data_that_a_crash_left_half_claimed_are_nobodys_as_serve_has_it(run: Run, data: Path, app_file: Path) -> None:
    (data / APP_FILE).write_text("")
    assert not wrongs(run("doctor", str(app_file)))


def test_a_broken_page_is_told(run: Run, data: Path) -> None:
    execute(data, "PRAGMA wal_checkpoint(TRUNCATE)")
    with database_of(data).open("r+b") as file:
        file.seek(4_096 * 2)
        file.write(os.urandom(4_096))
    assert any("is broken" in line or "cannot be read" in line for line in wrongs(run("doctor")))


def test_a_file_that_is_no_database_is_told(run: Run, data: Path) -> None:
    for file in data.glob("homeport.sqlite3-*"):
        file.unlink()
    database_of(data).write_bytes(b"no database" * 1_000)
    (line,) = wrongs(run("doctor"))
    assert "cannot be read" in line
    assert "restore it from a backup" in line


def test_another_journal_mode_is_told(run: Run, data: Path) -> None:
    execute(data, "PRAGMA journal_mode = DELETE")
    (line,) = wrongs(run("doctor"))
    assert "the journal mode is delete; expected wal" in line


def test_an_older_schema_is_told_with_the_command_that_moves_it(run: Run, data: Path) -> None:
    run("migrate", "--to", "1")
    (line,) = wrongs(run("doctor"))
    assert line.endswith(f"schema version 1, and this Homeport needs {SCHEMA_VERSION} — homeport migrate --data {data}")
    assert run("migrate").exit_code == 0
    assert wrongs(run("doctor")) == []


def test_stamps_that_disagree_are_told(run: Run, data: Path) -> None:
    execute(data, "UPDATE alembic_version SET version_num = '0001'")
    (line,) = wrongs(run("doctor"))
    assert f"schema says version {SCHEMA_VERSION}, and alembic_version says 0001" in line


def test_a_newer_schema_is_fine_while_it_serves_this_homeport() -> None:
    newer = SCHEMA_VERSION + 1
    assert [found.ok for found in check_stamps([(newer, 1)], [f"{newer:04}"], MIGRATE)] == [True]
    (found,) = check_stamps([(newer, newer)], [f"{newer:04}"], MIGRATE)
    assert found.mend == f"start a newer Homeport, or go back with the newer one's `{MIGRATE} --to {SCHEMA_VERSION}`"


def test_a_log_that_nobody_follows_is_told_and_so_is_a_worker_that_is_too_slow(run: Run, data: Path) -> None:
    tenant = run("tenant", "list").stdout.split()[0]
    write_one(data, tenant)
    (line,) = wrongs(run("doctor"))
    assert "is 7 changes and" in line
    assert line.endswith("in the log of demo, and no worker runs — start the server, which is one: homeport serve")
    hold(data, tenant, "upkeep")
    assert "and no worker runs" in wrongs(run("doctor"))[0]
    hold(data, tenant, "usage")
    assert wrongs(run("doctor"))[0].endswith("a worker is at it — look for `follower failed` in the server's log")


def write_one(data: Path, tenant: str) -> None:
    """A change that was accepted long ago."""
    columns = "position, op, kind, record_id, scope_id, fields, before, stamp, device_id, number, user_id, outcome"
    values = "7, 'create', 'List', 'r', 's', '{}', '{}', '', 'd', 1, 'u', 'applied', 'request', 1000"
    execute(data, f"INSERT INTO log (tenant_id, {columns}, request_id, created_at) VALUES ('{tenant}', {values})")  # noqa: S608
    execute(data, "UPDATE heads SET position = 7")


AFTERWARDS = """
from datetime import timedelta

@app.follower
async def tell(entry): ...

@app.schedule(every=timedelta(hours=1))
async def hourly(moment): ...
"""


def test_what_the_app_does_after_a_write_is_told_when_it_is_late(run: Run, data: Path, app_file: Path) -> None:
    app_file.write_text(APP + AFTERWARDS)
    tenant = run("tenant", "list").stdout.split()[0]
    write_one(data, tenant)
    hold(data, tenant, "usage", position=7)
    assert wrongs(run("doctor", str(app_file))) == [], "what is new has not begun"
    hold(data, tenant, "app:tell", until_ms=0)
    hold(data, tenant, "schedule:hourly", position=1_000, until_ms=0)
    told = wrongs(run("doctor", str(app_file), "--work-poll-s", "0.001"))
    mend = "look for `follower failed` in the server's log, and mend what it says; if none runs: homeport serve"
    assert "the follower app:tell is 7 changes and" in told[0]
    assert "the schedule hourly of demo was due at" in told[1]
    assert [line.partition(" — ")[2] for line in told] == [mend, mend]
    assert wrongs(run("doctor")) == [], "without the app nobody knows of them"


PUBLIC = APP.replace("root=True", "root=True, public=True")


def test_what_everybody_has_is_told_where_its_kind_is_public_no_more(run: Run, data: Path, app_file: Path) -> None:
    tenant = run("tenant", "list").stdout.split()[0]
    share(data, tenant, "r")
    share(data, tenant, "ended", until=3)
    app_file.write_text(PUBLIC)
    assert wrongs(run("doctor", str(app_file))) == []
    app_file.write_text(APP)
    (told,) = wrongs(run("doctor", str(app_file)))
    assert "1 scopes of demo are shared with everybody, and the app does not declare List public" in told
    assert told.endswith("remove('r', EVERYBODY), and so each")
    assert wrongs(run("doctor")) == [], "without the app nobody knows what is public"


def share(data: Path, tenant: str, root: str, *, until: int | None = None) -> None:
    """A root of the kind List that everybody has, or had until a position."""
    record = Record(id=root, kind="List", scope=root, stamp=NEVER, position=1, fields={"title": "x"})
    columns = "record_id, kind, scope_id, position, author, foreign_position, wire, created_at, updated_at"
    values = f"'{root}', 'List', '{root}', 1, 'd', 0, '{encode(record)}', 0, 0"
    execute(data, f"INSERT INTO records (tenant_id, {columns}) VALUES ('{tenant}', {values})")  # noqa: S608
    columns = "user_id, scope_id, role, since, until, maker, created_at, updated_at"
    values = f"'*', '{root}', 'viewer', 1, {until or 'NULL'}, 0, 0, 0"
    execute(data, f"INSERT INTO grants (tenant_id, {columns}) VALUES ('{tenant}', {values})")  # noqa: S608


def hold(data: Path, tenant: str, follower: str, *, position: int = 0, until_ms: int = 2**53) -> None:
    """Somebody holds its lease, for a long time."""
    held = f"'{tenant}', '{follower}', {position}, 'w', 1, {until_ms}, 0, 0"
    execute(
        data,
        "INSERT INTO places (tenant_id, follower, position, holder, fence, leased_until, created_at, updated_at) "  # noqa: S608
        f"VALUES ({held})",
    )


def test_a_database_and_a_nats_that_do_not_answer_are_told_without_their_passwords(run: Run) -> None:
    away = ("--database-url", "postgresql://u:hidden@127.0.0.1:1/x", "--nats-url", "nats://u:hidden@127.0.0.1:1")
    database, nats = wrongs(run("doctor", *away))
    assert "PostgreSQL at 127.0.0.1:1 cannot be reached (connection refused)" in database
    assert "NATS cannot be reached at 127.0.0.1:1" in nats
    assert "hidden" not in database + nats


def test_a_secret_that_is_not_the_databases_is_told_and_replacing_it_mends_that(run: Run, data: Path) -> None:
    assert run("token", "--user", "a", "--tenant", "demo").exit_code == 0
    assert wrongs(run("doctor")) == []
    (data / "secret").write_bytes(b"s" * 32)
    (found,) = wrongs(run("doctor"))
    assert "is not the one that the database's tokens and cursors were signed with" in found
    assert run(*shlex.split(found.rsplit(", homeport ")[-1])).exit_code == 0
    assert wrongs(run("doctor")) == []
