"""A choice: which of the scopes that its user may see a device takes. Pure.

    Choice()                        all of them, and those that are still to come
    Choice(scopes=(a, b))           these and no others
    Choice(leave_out=(c,))          all but these

It narrows what a device is sent, and gives no right to anything. It travels with every pull, and the cursor keeps it,
so that the server knows what it has not sent: a scope that is taken in again is delivered from its start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from homeport_sync.clock import is_uuid
from homeport_sync.errors import Malformed, TooLarge

CHOICE_SCOPES_MAX = 500  # named in a choice; more would not fit into a cursor


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """`scopes` (None: all), without those to `leave_out`."""

    scopes: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()

    def among(self, scopes: Iterable[str]) -> frozenset[str]:
        """Those of the scopes that it takes."""
        found = frozenset(scopes)
        if self.scopes is not None:
            found &= frozenset(self.scopes)
        return found.difference(self.leave_out) if self.leave_out else found

    def takes(self, scope: str) -> bool:
        """Whether it takes the scope."""
        return (self.scopes is None or scope in self.scopes) and scope not in self.leave_out

    def plain(self) -> Choice:
        """The same in the one form that equal choices have."""
        if self.scopes is None:
            return Choice(leave_out=tuple(sorted({*self.leave_out})))
        return Choice(scopes=tuple(sorted({*self.scopes}.difference(self.leave_out))))

    def also(self, *scopes: str) -> Choice:
        """This, and those scopes, in its plain form."""
        if self.scopes is None:
            return Choice(leave_out=tuple(each for each in self.leave_out if each not in scopes)).plain()
        return Choice(scopes=(*(self.plain().scopes or ()), *scopes)).plain()

    def within(self, other: Choice) -> Choice:
        """What both take, in its plain form."""
        left_out = (*self.leave_out, *other.leave_out)
        if self.scopes is None or other.scopes is None:
            return Choice(scopes=other.scopes if self.scopes is None else self.scopes, leave_out=left_out).plain()
        return Choice(scopes=tuple({*self.scopes} & {*other.scopes}), leave_out=left_out).plain()

    @property
    def size(self) -> int:
        """How many scopes it names."""
        return len(self.scopes or ()) + len(self.leave_out)


EVERYTHING: Final = Choice()
NOTHING: Final = Choice(scopes=())


def checked(choice: Choice | None) -> Choice:
    """The choice of a message in its plain form; without one a device takes everything.

    Raises `Malformed` for what is no scope's id, `TooLarge` for more than `CHOICE_SCOPES_MAX` of them.
    """
    if choice is None:
        return EVERYTHING
    if choice.size > CHOICE_SCOPES_MAX:
        raise TooLarge(
            f"The choice names {choice.size:,} scopes; at most {CHOICE_SCOPES_MAX} can be named: name those to take, "
            "or those to leave out, whichever are fewer.",
            limit=CHOICE_SCOPES_MAX,
        )
    for scope in (*(choice.scopes or ()), *choice.leave_out):
        if not is_uuid(scope):
            raise Malformed(f"The choice names the scope {scope[:80]!r}; expected a UUID in lowercase with hyphens.")
    return choice.plain()
