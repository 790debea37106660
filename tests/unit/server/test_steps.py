"""The steps of the schema, told without a database: they meet, they say what they are for, and they hold nobody up."""

import re

import pytest

from homeport_server.errors import MigrationRefused
from homeport_server.migrations.steps import sql_of, steps
from homeport_sync.sql.schema_version import SERVES_FROM
from homeport_sync.sql.tables import SCHEMA_VERSION

FORWARD = steps(0, SCHEMA_VERSION)
SLOW = {
    r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)": "builds an index while nobody can write",
    r"ADD COLUMN(?!.*DEFAULT).*NOT NULL": "fails on rows that are there",
    r"ALTER COLUMN .* (TYPE|SET NOT NULL)": "reads or rewrites every row under a lock",
    r"ADD (CONSTRAINT|UNIQUE|CHECK|FOREIGN)(?!.*NOT VALID)": "reads every row under a lock",
    r"\bUPDATE (?!alembic_version|schema)": "writes every row in one transaction",
    r"VACUUM FULL|CLUSTER|SET TABLESPACE": "rewrites the table",
}


def slow_statements(sql: str) -> list[str]:
    """Statements that hold up whoever uses a table that was there before."""
    made = set(re.findall(r"CREATE TABLE (\w+)", sql))
    return [
        statement.strip()
        for statement in sql.split(";")
        if any(re.search(pattern, statement) for pattern in SLOW)
        and not made & set(re.findall(r"(?:ON|TABLE) (\w+)", statement))
    ]


def test_the_steps_lead_from_nothing_to_the_newest_version_one_by_one() -> None:
    assert [(step.start, step.end) for step in FORWARD] == [(at, at + 1) for at in range(SCHEMA_VERSION)]
    assert all(step.purpose.endswith(".") for step in FORWARD)


def test_the_way_back_is_the_way_there_turned_round() -> None:
    back = steps(SCHEMA_VERSION, 0)
    assert [(step.end, step.start) for step in reversed(back)] == [(step.start, step.end) for step in FORWARD]
    assert all(step.back and step.purpose.startswith("Undone: ") for step in back)


def test_what_a_new_file_says_it_serves_is_what_its_newest_migration_says() -> None:
    assert FORWARD[-1].serves_from == SERVES_FROM


def test_the_version_a_step_serves_never_sinks_and_never_passes_its_own() -> None:
    served = [step.serves_from for step in FORWARD]
    assert served == sorted(served)
    assert all(step.serves_from <= step.end for step in FORWARD)


def test_a_step_that_only_adds_says_that_old_servers_go_on() -> None:
    assert FORWARD[1].manner == "expand: servers of schema version 1 and newer go on serving"
    assert steps(2, 1)[0].manner.startswith("back: stop every server of schema version 2")


@pytest.mark.parametrize("version", [-1, SCHEMA_VERSION + 1])
def test_a_version_that_nobody_knows_is_refused(version: int) -> None:
    with pytest.raises(MigrationRefused, match=f"0 to {SCHEMA_VERSION}, and not {version}"):
        steps(1, version)
    with pytest.raises(MigrationRefused):
        steps(version, 1)


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_no_step_holds_a_table_that_was_there_before_longer_than_a_moment(version: int) -> None:
    assert slow_statements(sql_of(FORWARD[version - 1], "postgresql")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX slow ON log (tenant_id, kind)",
        "ALTER TABLE log ADD COLUMN colour TEXT NOT NULL",
        "ALTER TABLE log ALTER COLUMN number TYPE TEXT",
        "UPDATE records SET wire = ''",
        "ALTER TABLE log ADD CONSTRAINT positive CHECK (number > 0)",
    ],
)
def test_a_statement_that_would_hold_writers_up_is_found(statement: str) -> None:
    assert slow_statements(f"CREATE TABLE other (tenant_id TEXT);\n{statement};") == [statement]


def test_the_same_statement_about_a_table_that_the_step_made_is_fine() -> None:
    assert slow_statements("CREATE TABLE log (tenant_id TEXT);\nCREATE INDEX fine ON log (tenant_id);") == []
