"""PostgreSQL as the checkers read it: by psql, so that neither our code nor a driver is believed."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from homeport_client.fleet.live.process import ProcessFailed

_QUIETLY = ("-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1", "-f", "-")


async def rows(psql: Path, url: str, sql: str) -> list[list[str]]:
    """The rows of one or more statements. Each value is its text; NULL is empty. Raises `ProcessFailed` with what
    PostgreSQL complains of."""
    ended = await asyncio.to_thread(_ended, psql, url, sql)
    if ended.returncode:
        raise ProcessFailed(f"psql failed: {ended.stderr.strip()}")
    return [row or [""] for row in csv.reader(ended.stdout.splitlines(keepends=True))]


def installed_psql() -> Path | None:
    """The psql of this machine, if there is one."""
    found = shutil.which("psql")
    return Path(found) if found else None


def _ended(psql: Path, url: str, sql: str) -> subprocess.CompletedProcess[str]:
    """The password goes by a variable: everybody on the machine may read a command line."""
    bare, password = _apart(url)
    environ = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    return subprocess.run(  # noqa: S603  # the psql that was found
        [str(psql), *_QUIETLY, "-d", bare], input=sql, capture_output=True, text=True, check=False, env=environ
    )


def _apart(url: str) -> tuple[str, str]:
    """The URL without its password, and the password; nothing if there is none."""
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}")), unquote(password)
