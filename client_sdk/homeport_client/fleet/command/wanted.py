"""What is to be written of a run, and where: looked at before anything is played, so that an hour is not lost."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from homeport_client.fleet.command.options import Refused

STANDARD_OUTPUT = Path("-")
_TRIAL = ".homeport-trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where reports go, and the test file of a failing story (None: nowhere, and nothing is shrunk)."""

    json: Path | None
    junit: Path | None
    html: Path | None
    failures: Path | None

    def check(self) -> None:
        """Raises `Refused` for a place that cannot be written. Leaves nothing there."""
        for flag, path in (("--junit", self.junit), ("--html", self.html)):
            if path == STANDARD_OUTPUT:
                raise Refused(f"{flag} needs a file: only --json may be -, which is standard output.")
        for path in (self.json, self.junit, self.html):
            if path and path != STANDARD_OUTPUT:
                _try(path, path)
        if self.failures:
            _try(self.failures / _TRIAL, self.failures)


def keep(path: Path, text: bytes) -> None:
    """Write a file, in a directory that is made if there is none. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def _try(path: Path, named: Path) -> None:
    """Whether a file can be written there; what was not there before is taken away again."""
    made = [each for each in (path, *path.parents) if not os.path.lexists(each)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
    except OSError as error:
        raise Refused(f"{named} cannot be written ({error.strerror}): name another place.") from error
    finally:
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir() if each.is_dir() else each.unlink()
