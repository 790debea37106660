"""The data directory: of one app, and made by the verb that is meant to make it."""

from __future__ import annotations

from pathlib import Path

from homeport_server.errors import BadSetting

DATABASE = "homeport.sqlite3"
APP_FILE = "app"


def database_of(data: Path) -> Path:
    """Where the database of a data directory is, or will be."""
    return data / DATABASE


def must_exist(data: Path) -> None:
    """Raises `BadSetting` for a directory that holds no Homeport data, so that a mistyped one is not made."""
    if not database_of(data).is_file():
        raise BadSetting(
            f"{data} holds no Homeport data: name another directory with --data, or make a tenant in it with "
            f"`homeport tenant create NAME --data {data}`."
        )


def owner_of(data: Path) -> str:
    """The app whose SQLite data these are; "" if nobody has claimed them, or a crash came while somebody did."""
    file = data / APP_FILE
    return file.read_text().strip() if file.is_file() else ""


def claim(data: Path, app: str) -> None:
    """Say that the SQLite data in this directory are those of `app`. Raises `BadSetting` if they are another app's.

    On PostgreSQL the directory holds no data, but a secret that servers of several apps may share.
    """
    file, owner = data / APP_FILE, owner_of(data)
    if not owner:
        file.write_text(app + "\n")
    elif owner != app:
        raise BadSetting(
            f"{data} holds the data of the app {owner!r}, and this is the app {app!r}: serve it with another --data. "
            f"If you have renamed the app, remove {file}."
        )
