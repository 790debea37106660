"""Rules of the app about single writes, such as: only the author may edit. Each allows a write or refuses it.

    @app.allow(Comment)
    def only_the_author_edits(write: Write) -> bool:
        "Only who wrote a comment may change it, and nobody writes one in another's name."
        before, after = write.before or write.after, write.after or write.before
        return before["author"] == after["author"] == write.user

It is asked on the server, in the intake, once it is known what the write would come to; it must look at nothing else,
and say the same for the same. The first line of its docstring is what the device is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeport_sync.change import Op
from homeport_sync.rejections import NotAllowed, RuleFailed
from homeport_sync.values import PythonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is about to be written, by whom.

    `role` is the user's in the scope ("owner" for who makes a root). A move goes `into` another one ("": it is none).
    `before` and `after` hold every declared field of the record, as it is and as it would be: None before a create or a
    restore, and after a delete. `changed` names the fields that the write is about.
    """

    user: str
    role: str
    op: Op
    record: str
    scope: str
    into: str = ""
    changed: frozenset[str]
    before: Mapping[str, PythonValue] | None
    after: Mapping[str, PythonValue] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """One rule: its name, what it says to whom it refuses, and the function."""

    name: str
    says: str
    function: Callable[[Write], bool]

    def check(self, write: Write) -> None:
        """Raises `NotAllowed`, or `RuleFailed` if the function does not work."""
        try:
            allowed = self.function(write)
        except Exception as error:
            raise RuleFailed(
                f"The app's rule {self.name} raised {type(error).__name__}: {error}.", rule=self.name
            ) from error
        if not isinstance(allowed, bool):
            raise RuleFailed(f"The app's rule {self.name} returned {allowed!r}, not True or False.", rule=self.name)
        if not allowed:
            raise NotAllowed(f"{self.says.rstrip('.')}. (The app's rule {self.name}.)", rule=self.name)
