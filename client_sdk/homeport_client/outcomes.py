"""What became of this device's changes, kept for the app: rejected ones with the change that was refused (I7).

When a grant ends, what others wrote goes, and what the user of this device wrote in vain stays (I8): a rejected change
is nobody else's, and stands nowhere else on the device.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from homeport_sync.change import (
    Change,
    Elements,
    Outcome,
    Swap,
    Verdict,
    Written,
    decode_change,
    decode_outcome,
    encode,
)
from homeport_sync.errors import ScopeForbidden

_FORGET_EFFECTIVE = "DELETE FROM outcomes WHERE rejected = 0 AND json_extract(change, '$.scope') = ?"
_OF_SCOPE = "SELECT place, outcome, change FROM outcomes WHERE json_extract(change, '$.scope') = ?"
_REFUSED_BEFORE = "It was refused before the scope was lost, and all that was said of it then went with the scope."


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """What became of one change. `place` orders them as the device learnt of them, and is what `after` takes.

    `device` and `number` are those under which it was sent, and `change` is as it was sent, but for what it quotes of
    others where the grant has ended since. `outcome`, `lost` and `error` are as in `homeport_sync.change.Outcome`.
    """

    place: int
    device: str
    number: int
    outcome: Verdict
    lost: tuple[str, ...]
    error: Mapping[str, object] | None
    change: Change


_WAITS, _SETTLED = 1, -1  # in the column `rejected`, which is 0 for what took effect; trimmed in the order of these


class Outcomes:
    """The table `outcomes`, of at most `kept_max` rows. Those that are rejected wait in quarantine until settled."""

    def __init__(self, connection: sqlite3.Connection, kept_max: int) -> None:
        self._connection = connection
        self._kept_max = kept_max

    def add(self, device: str, outcome: Outcome, change: str) -> None:
        """Keeps an outcome; one that was given again takes the place of the newest."""
        self._connection.execute(
            "INSERT OR REPLACE INTO outcomes (device, number, rejected, outcome, change) VALUES (?, ?, ?, ?, ?)",
            (device, outcome.number, _WAITS if outcome.outcome == "rejected" else 0, encode(outcome), change),
        )

    def trim(self) -> None:
        """Forgets the oldest beyond the limit: first those that took effect or are settled, then rejected ones."""
        self._connection.execute(
            "DELETE FROM outcomes WHERE place IN (SELECT place FROM outcomes ORDER BY rejected, place"
            " LIMIT max((SELECT count(*) FROM outcomes) - ?, 0))",
            (self._kept_max,),
        )

    def forget_others(self, scopes: Iterable[str]) -> None:
        """Keep of these scopes nothing but the user's own work: what took effect is the scope's and goes; what was
        rejected stays, without what it, and the reason for it, quote of others."""
        for scope in scopes:
            self._connection.execute(_FORGET_EFFECTIVE, (scope,))
            left = self._connection.execute(_OF_SCOPE, (scope,)).fetchall()
            self._connection.executemany(
                "UPDATE outcomes SET outcome = ?, change = ? WHERE place = ?",
                [
                    (encode(_bare(decode_outcome(text))), encode(_own(decode_change(change))), at)
                    for at, text, change in left
                ],
            )

    def page(self, after: int, limit: int) -> list[ChangeOutcome]:
        """Outcomes after a place, oldest first."""
        rows = self._connection.execute(
            "SELECT place, device, outcome, change FROM outcomes WHERE place > ? ORDER BY place LIMIT ?", (after, limit)
        )
        return [_change_outcome(*row) for row in rows]

    def waiting(self) -> list[ChangeOutcome]:
        """All that wait in quarantine, oldest first."""
        rows = self._connection.execute(
            "SELECT place, device, outcome, change FROM outcomes WHERE rejected = ? ORDER BY place", (_WAITS,)
        )
        return [_change_outcome(*row) for row in rows]

    def settle(self, place: int) -> None:
        """It waits no longer; it stays here as an outcome like any other."""
        self._connection.execute("UPDATE outcomes SET rejected = ? WHERE place = ?", (_SETTLED, place))


def _bare(outcome: Outcome) -> Outcome:
    """The outcome with its reason, and without what that quotes: a value that was there, or the app's own words."""
    extensions = (outcome.error or {}).get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    if code == ScopeForbidden.code:
        return outcome
    error = {"message": _REFUSED_BEFORE, "extensions": {"code": code, "retryable": False}}
    return replace(outcome, met={}, error=error)


def _own(change: Change) -> Change:
    """The change without what others wrote."""
    return replace(change, fields={name: _own_part(written) for name, written in change.fields.items()})


def _own_part(written: Written) -> Written:
    if isinstance(written, Swap):
        return replace(written, was=None)
    return replace(written, remove={}) if isinstance(written, Elements) else written


def _change_outcome(place: int, device: str, text: str, change: str) -> ChangeOutcome:
    outcome = decode_outcome(text)
    return ChangeOutcome(
        place=place,
        device=device,
        number=outcome.number,
        outcome=outcome.outcome,
        lost=outcome.lost,
        error=outcome.error,
        change=decode_change(change),
    )
