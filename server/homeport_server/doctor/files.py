"""The data directory, the secret in it, and the app's declaration."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from homeport_server.data import owner_of
from homeport_server.doctor.finding import Finding, all_fine, fine, wrong
from homeport_server.secret import FILE, SECRET_BYTES
from homeport_sync.errors import HomeportError
from homeport_sync.load import load_app

_OTHERS = 0o077


def check_directory(data: Path) -> Sequence[Finding]:
    """There, and its owner's alone."""
    if not data.is_dir():
        return [wrong(f"there is no data directory {data}", f"homeport tenant create NAME --data {data}")]
    return all_fine(f"data directory {data}", check_private(data, "700"))


def check_secret(data: Path) -> Sequence[Finding]:
    """There, long enough, and its owner's alone. Every process of an app needs the same."""
    file = data / FILE
    if not file.is_file():
        return [
            wrong(f"there is no secret {file}", "restore it from your backup; on the very first start serve makes it")
        ]
    if (size := file.stat().st_size) < SECRET_BYTES:
        return [
            wrong(
                f"the secret {file} has {size} bytes; expected {SECRET_BYTES} at least",
                f"restore it from your backup, or rm {file} and give out new tokens",
            )
        ]
    return all_fine(f"secret {file}", check_private(file, "600"))


def check_private(path: Path, mode: str) -> Sequence[Finding]:
    """Nobody but its owner may open it; nothing if so. Modes mean nothing on Windows."""
    found = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and found & _OTHERS:
        return [wrong(f"others may open {path} (mode {found:o})", f"chmod {mode} {path}")]
    return []


def check_app(app: Path, data: Path) -> Sequence[Finding]:
    """It loads, every rule of a declaration holds, and the data are not another app's."""
    try:
        name = load_app(app).name
    except HomeportError as error:
        return [wrong(f"the app cannot be served: {error.message}", f"change that in {app}")]
    if (owner := owner_of(data)) and owner != name:
        what = f"{data} holds the data of the app {owner!r}, and {app} declares {name!r}"
        return [wrong(what, "name another --data")]
    return [fine(f"app {name} in {app}")]
