"""`homeport migrate`: what it prints, and that a plan leaves everything as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport_server.cli import main
from homeport_sync.sql.tables import SCHEMA_VERSION

Run = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(data: Path) -> Run:
    """Run `homeport` with a data directory of its own."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env={"HOMEPORT_DATA": str(data)})

    return call


def test_a_plan_names_each_step_its_purpose_its_manner_and_its_statements_and_makes_nothing(
    run: Run, data: Path
) -> None:
    told = run("migrate", "--plan")
    assert told.exit_code == 0
    assert f"From schema version 0 to {SCHEMA_VERSION}; nothing was touched." in told.stdout
    assert "1 → 2  Leases for followers" in told.stdout
    assert "expand: servers of schema version 1 and newer go on serving" in told.stdout
    assert "CREATE TABLE sightings" in told.stdout
    assert not data.exists()


def test_migrating_tells_each_step_and_a_second_time_that_there_was_none(run: Run, data: Path) -> None:
    run("tenant", "create", "demo")
    run("migrate", "--to", "0", "--lose-data")
    lines = run("migrate").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[:-1]] == [f"{at} → {at + 1}" for at in range(SCHEMA_VERSION)]
    assert lines[-1] == f"The schema is at version {SCHEMA_VERSION}; it was at 0."
    assert run("migrate").stdout == f"The schema is at version {SCHEMA_VERSION} already.\n"
    assert "there is nothing to do" in run("migrate", "--plan").stdout
    assert {each.stat().st_mode & 0o777 for each in data.iterdir()} == {0o600}
    assert data.stat().st_mode & 0o777 == 0o700


def test_a_server_on_an_older_schema_names_the_command_and_after_it_serves(run: Run, data: Path) -> None:
    run("tenant", "create", "demo")
    back = run("migrate", "--to", "1")
    assert back.stdout.startswith(f"{SCHEMA_VERSION} → {SCHEMA_VERSION - 1}  Undone: ")
    assert back.stderr.splitlines()[-1] == "2 → 1  back: stop every server of schema version 2 first"
    refused = run("tenant", "list")
    assert refused.exit_code == 2
    assert f"run `homeport migrate --data {data}`" in refused.stderr
    assert run("migrate").exit_code == 0
    assert run("tenant", "list").stdout.endswith("  demo\n")


def test_going_back_to_before_the_first_tenant_takes_a_flag(run: Run) -> None:
    run("tenant", "create", "demo")
    refused = run("migrate", "--to", "0")
    assert (refused.exit_code, refused.stderr.count("--lose-data")) == (2, 1)
    assert run("tenant", "list").stdout.endswith("  demo\n"), "no step was made"
    assert run("migrate", "--to", "0", "--lose-data").exit_code == 0


def test_a_directory_that_was_mistyped_is_not_made(run: Run, data: Path) -> None:
    refused = run("migrate")
    assert (refused.exit_code, data.exists()) == (2, False)
    assert "holds no Homeport data" in refused.stderr


def test_a_version_that_nobody_knows_is_one_sentence(run: Run) -> None:
    run("tenant", "create", "demo")
    refused = run("migrate", "--to", "99")
    assert refused.exit_code == 2
    assert f"knows the schema versions 0 to {SCHEMA_VERSION}, and not 99" in refused.stderr


def test_a_url_of_another_database_is_refused_without_its_password(run: Run) -> None:
    refused = run("migrate", "--database-url", "mysql://owner:secret@host/db")
    assert refused.exit_code == 2
    assert "HOMEPORT_DATABASE_URL" in refused.stderr
    assert "secret" not in refused.stderr


def test_the_help_says_whose_url_it_is(run: Run) -> None:
    assert "the URL is the owner's here" in " ".join(run("migrate", "--help").stdout.split())
