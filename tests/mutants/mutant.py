"""A mutant: one bug, planted in a copy of the source.

It is a text that stands exactly once in one file, and the text that takes its place. When the file has moved on, the
mutant says so and must be renewed: one that cannot be planted proves nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("sync", "notifications", "server", "client_sdk")  # all that a simulated fleet runs on
SYNC = "sync/homeport_sync"
CLIENT = "client_sdk/homeport_client"
NOTIFY = "notifications/homeport_notify"
SERVER = "server/homeport_server"


class MutantOutdated(Exception):
    """The text that a mutant replaces does not stand in its file exactly once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`known` says in one sentence who has had this bug; `file` is its path from the root, in which `after` takes the
    place of `before`. Empty lines around either do not count."""

    name: str
    known: str
    file: str
    before: str
    after: str

    def mutate(self, text: str) -> str:
        """The file's text with the bug in it. Raises `MutantOutdated`."""
        before, after = self.before.strip("\n"), self.after.strip("\n")
        if (times := text.count(before)) != 1:
            raise MutantOutdated(
                f"The mutant {self.name!r} replaces a text that stands {times} times in {self.file}, expected once: "
                f"renew it to fit the code.\n{before}"
            )
        return text.replace(before, after)


def plant(mutant: Mutant, scratch: Path) -> tuple[Path, ...]:
    """The source roots of a copy below `scratch` that has the bug."""
    text = mutant.mutate((ROOT / mutant.file).read_text(encoding="utf-8"))
    for name in SOURCE_ROOTS:
        shutil.copytree(ROOT / name, scratch / name, ignore=shutil.ignore_patterns("__pycache__"))
    (scratch / mutant.file).write_text(text, encoding="utf-8")
    return tuple(scratch / name for name in SOURCE_ROOTS)
