"""Why PostgreSQL did not let us in: each reason with its own deed, no password, and no name of a Python class."""

import re

import asyncpg
import pytest

from homeport_sync.sql.postgres.unreached import NOT_LET_IN, unreached

URL = "postgresql://homeport_app:hidden@db.example:5433/orders"
THERE = "PostgreSQL at db.example:5433"
START = "start it, or mend the host and the port in the URL"
REASONS = (
    (asyncpg.InvalidPasswordError("no"), f"{THERE} does not let homeport_app in", "(ALTER ROLE homeport_app PASSWORD"),
    (asyncpg.InvalidAuthorizationSpecificationError("no"), f"{THERE} does not let homeport_app in (no)", "pg_hba.conf"),
    (asyncpg.InvalidCatalogNameError("no"), "there is no database orders at db.example:5433", "createdb orders, then"),
    (ConnectionRefusedError(111, "Connect call"), f"{THERE} cannot be reached (connection refused)", START),
    (TimeoutError(), f"{THERE} cannot be reached (no answer in time)", START),
    (asyncpg.TooManyConnectionsError("no"), f"{THERE} has no room for one more connection", "max_connections"),
    (asyncpg.CannotConnectNowError("no"), f"{THERE} starts or stops just now", "try again when it runs"),
)


@pytest.mark.parametrize(("error", "what", "mend"), REASONS)
def test_each_reason_names_its_own_deed(error: Exception, what: str, mend: str) -> None:
    assert isinstance(error, NOT_LET_IN)
    found = unreached(URL, error)
    assert found.what == what
    assert mend in found.mend


@pytest.mark.parametrize("url", [URL, "postgresql://u:1/hidden@h/d", "postgresql://u:hidden@/d?host=/run/pg"])
@pytest.mark.parametrize(
    "error", [*(each for each, _, _ in REASONS), ValueError("hidden"), asyncpg.PostgresError("no"), OSError()]
)
def test_no_password_and_no_class_of_python_is_shown(url: str, error: Exception) -> None:
    told = str(unreached(url, error))
    assert "hidden" not in told
    assert "u:1" not in told
    assert not re.search(r"\w+Error", told)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u@db/x", "db:5432"),
        ("postgresql://u@[::1]:7/x", "[::1]:7"),
        ("postgresql://u@[::1]/x", "[::1]:5432"),
        ("postgresql://u@/x?host=/run/pg", "/run/pg"),
        ("postgresql://u@a:1,b:2/x", "a:1,b:2"),
    ],
)
def test_the_place_is_named_as_the_url_has_it(url: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPORT", raising=False)
    assert f"PostgreSQL at {place} " in str(unreached(url, TimeoutError()))
