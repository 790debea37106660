"""Which schema lets which server start, told from the two numbers alone."""

import pytest

from homeport_sync.errors import SchemaUnknown
from homeport_sync.sql.schema_version import check_schema

MIGRATE = "homeport migrate --data here"


def test_a_server_starts_on_its_own_schema() -> None:
    check_schema([(4, 2)], MIGRATE, ours=4)


@pytest.mark.parametrize("serves_from", [2, 3, 4])
def test_an_old_server_starts_on_a_newer_schema_that_still_serves_it(serves_from: int) -> None:
    check_schema([(6, serves_from)], MIGRATE, ours=4)


def test_an_old_server_refuses_a_schema_that_has_taken_away_what_it_needs() -> None:
    with pytest.raises(SchemaUnknown, match=r"from schema version 5 on, and this one has 4: start a newer Homeport"):
        check_schema([(6, 5)], MIGRATE, ours=4)


@pytest.mark.parametrize("version", [1, 3])
def test_a_new_server_refuses_an_old_schema_and_names_the_command_that_moves_it(version: int) -> None:
    with pytest.raises(SchemaUnknown, match=rf"has schema version {version}, .*needs 4: run `{MIGRATE}`"):
        check_schema([(version, 1)], MIGRATE, ours=4)


def test_a_database_that_was_never_migrated_is_refused_with_the_same_command() -> None:
    with pytest.raises(SchemaUnknown, match=f"no schema of Homeport: run `{MIGRATE}`"):
        check_schema([], MIGRATE, ours=4)
