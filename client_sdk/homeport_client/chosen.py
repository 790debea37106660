"""What a device has chosen among its scopes, what of that is here by now, and what its next catch-up takes.

A choice is reached in steps, each a catch-up of its own: first what it leaves out is left out, then each of the scopes
that come `first` is brought, then all the rest. So what matters most shows while the rest is still on its way, and
between two steps the view is as finished as after any other catch-up (I6).

The server knows by the cursor what it has sent, and compares that with what it is asked for. So whatever was dropped
here must be left out of one catch-up before it is asked for again: a choice that is changed and changed back without
a network in between would else never be filled.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from homeport_client.errors import LimitExceeded
from homeport_sync.choice import CHOICE_SCOPES_MAX, EVERYTHING, Choice, checked

_TABLE = "CREATE TABLE IF NOT EXISTS chosen (only INTEGER PRIMARY KEY CHECK (only = 1), told TEXT NOT NULL) STRICT"


class Chosen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`wanted` are the scopes to have, of which those in `first` come before the others, in their order; `here` are
    those of the last finished catch-up. `dropped`: some that the cursor knows of are not here any more.

    All choices are in their plain form.
    """

    wanted: Choice
    first: tuple[str, ...] = ()
    here: Choice
    dropped: bool = False

    @property
    def next(self) -> Choice:
        """What the next catch-up takes: never less than what is here and wanted."""
        kept = self.here.within(self.wanted)
        if self.dropped:
            return kept
        missing = (scope for scope in self.first if self.wanted.takes(scope) and not kept.takes(scope))
        if (scope := next(missing, None)) is not None and (step := kept.also(scope)).size <= CHOICE_SCOPES_MAX:
            return step
        return self.wanted

    @property
    def reached(self) -> bool:
        """Whether all that is wanted is here."""
        return self.here == self.wanted and not self.dropped

    def awaits(self, scope: str) -> bool:
        """Whether the scope is wanted and the next catch-up does not take it yet."""
        return self.wanted.takes(scope) and not self.next.takes(scope)

    @property
    def is_full(self) -> bool:
        """Whether it names as many scopes to take as can be named."""
        return self.wanted.scopes is not None and self.wanted.size >= CHOICE_SCOPES_MAX

    def wanted_but(self, scopes: Iterable[str]) -> Choice:
        """What is wanted, without the names of these. What takes all does not name what it takes."""
        return self.wanted if self.wanted.scopes is None else self.wanted.within(Choice(leave_out=tuple(scopes)))

    def with_made(self, scope: str) -> Chosen:
        """A scope was made here, and so it is wanted. Raises `LimitExceeded` if no more can be named."""
        wanted = self.wanted.also(scope)
        _check_size(wanted)
        return replace(self, wanted=wanted)

    def arrived(self) -> Chosen:
        """The next catch-up is finished."""
        return replace(self, here=self.next, dropped=False)

    def instead(self, wanted: Choice, first: tuple[str, ...]) -> Chosen:
        """Another choice in the place of this one; what it leaves out is dropped at once."""
        kept = self.here.within(wanted)
        return Chosen(wanted=wanted, first=first, here=kept, dropped=self.dropped or kept != self.here)


class ChosenTable:
    """The one row of `chosen`, which is made when something is chosen for the first time. It is held in memory, for a
    replica has one owner: who rolls back calls `forget`."""

    def __init__(self, connection: sqlite3.Connection, *, is_new: bool) -> None:
        self._connection = connection
        self._hold(None)
        self._is_known = is_new

    def read(self) -> Chosen | None:
        """What is chosen; None if nothing ever was."""
        if not self._is_known:
            made = self._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'chosen'").fetchone()
            row = self._connection.execute("SELECT told FROM chosen").fetchone() if made else None
            self._hold(msgspec.json.decode(row[0], type=Chosen) if row else None)
        return self._held

    def takes(self, scope: str) -> bool:
        """Whether the scope is one to have."""
        self.read()
        return (self._scopes is None or scope in self._scopes) and scope not in self._left_out

    def write(self, chosen: Chosen) -> None:
        """Puts this in the place of what was chosen, in the transaction under way."""
        if chosen != self.read():
            self._connection.execute(_TABLE)
            told = msgspec.json.encode(chosen).decode()
            self._connection.execute("INSERT OR REPLACE INTO chosen (only, told) VALUES (1, ?)", (told,))
            self._hold(chosen)

    def forget(self) -> None:
        """What was written last may have been rolled back: the row is read again."""
        self._is_known = False

    def _hold(self, chosen: Chosen | None) -> None:
        wanted = chosen.wanted if chosen else EVERYTHING
        self._held, self._is_known = chosen, True
        self._scopes = None if wanted.scopes is None else frozenset(wanted.scopes)
        self._left_out = frozenset(wanted.leave_out)


def make_choice(
    scopes: Iterable[str] | None, leave_out: Iterable[str], first: Iterable[str]
) -> tuple[Choice, tuple[str, ...]]:
    """What is wanted, in its plain form, and what comes first. Raises `LimitExceeded` or `Malformed`."""
    wanted = Choice(scopes=None if scopes is None else tuple(scopes), leave_out=tuple(leave_out)).plain()
    order = tuple(dict.fromkeys(first))
    for named in (wanted, Choice(scopes=order)):
        _check_size(named)
        checked(named)
    return wanted, order


def _check_size(choice: Choice) -> None:
    if choice.size > CHOICE_SCOPES_MAX:
        raise LimitExceeded(
            f"A choice names {CHOICE_SCOPES_MAX} scopes at most, and this one {choice.size:,}: name those to take, "
            "or those to leave out, whichever are fewer.",
            limit=CHOICE_SCOPES_MAX,
        )
