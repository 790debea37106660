"""Why PostgreSQL did not let us in, for people: what is so, and what to do about it. Never a password.

Whoever connects (a server, `homeport migrate`, `homeport doctor`) says it in the same words.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import asyncpg

from homeport_sync.sql.postgres.trouble import BROKEN

NOT_LET_IN = (*BROKEN, asyncpg.PostgresError, ValueError)  # all that connecting raises; ValueError: it is no URL
_HOST, _PORT = "localhost", "5432"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """What is so, and what mends it."""

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}: {self.mend}."


# Each of PostgreSQL's refusals, and what mends it; the first that fits is meant.
_REFUSALS = (
    (
        asyncpg.InvalidPasswordError,
        "{there} does not let {user} in",
        "give it the password that the URL names (ALTER ROLE {user} PASSWORD '…'), or mend the URL",
    ),
    (
        asyncpg.InvalidAuthorizationSpecificationError,
        "{there} does not let {user} in ({words})",
        "let pg_hba.conf admit it, or mend the URL; homeport migrate makes the role of the servers",
    ),
    (
        asyncpg.InvalidCatalogNameError,
        "there is no database {database} at {place}",
        "createdb {database}, then homeport migrate, or mend the URL",
    ),
    (
        asyncpg.TooManyConnectionsError,
        "{there} has no room for one more connection",
        "raise its max_connections, or give each process fewer",
    ),
    (asyncpg.OperatorInterventionError, "{there} starts or stops just now", "try again when it runs"),
    (asyncpg.PostgresError, "{there} refuses the connection ({words})", "mend that, or the URL"),
    (BaseException, "{there} cannot be reached ({words})", "start it, or mend the host and the port in the URL"),
)
_UNREADABLE = Unreached(what="PostgreSQL's URL cannot be read", mend="escape / @ : in its password as %2F %40 %3A")


def unreached(url: str, error: BaseException) -> Unreached:
    """What an error of `NOT_LET_IN` means, which came of connecting to the URL."""
    parts = urlsplit(url)
    cut_off = bool(parts.netloc) and "@" not in parts.netloc and "@" in url
    if cut_off or isinstance(error, ValueError):  # what it quotes, or what looks like a host, may be of the password
        return _UNREADABLE
    names = {
        "there": f"PostgreSQL at {_place(parts)}",
        "place": _place(parts),
        "user": _user(parts),
        "database": _database(parts),
        "words": _words(error),
    }
    what, mend = next((what, mend) for kind, what, mend in _REFUSALS if isinstance(error, kind))
    return Unreached(what=what.format_map(names), mend=mend.format_map(names))


def _place(parts: SplitResult) -> str:
    """Host and port, or what asyncpg takes where the URL names none; the directory of a Unix socket."""
    given = parse_qs(parts.query)
    if not parts.netloc.rpartition("@")[2] and (hosts := given.get("host")):
        return hosts[-1]
    server = parts.netloc.rpartition("@")[2] or os.environ.get("PGHOST", _HOST)
    return server if server.rpartition("]")[2].count(":") else f"{server}:{os.environ.get('PGPORT', _PORT)}"


def _user(parts: SplitResult) -> str:
    return unquote(parts.username or "") or os.environ.get("PGUSER", "this account's user")


def _database(parts: SplitResult) -> str:
    return unquote(parts.path.lstrip("/")) or os.environ.get("PGDATABASE", _user(parts))


def _words(error: BaseException) -> str:
    """What the system says, without numbers and names of Python."""
    if isinstance(error, TimeoutError) and not error.errno:
        return "no answer in time"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error) or "the connection was cut"
