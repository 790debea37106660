"""The bazaar in plain words: who may write what, which writes its rules allow, and what its commands come to.

Nothing here is made by the app or by Homeport: records are dictionaries, and what a command does is said in values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
ROLES = ("owner", "editor", "viewer", "cashier", "steward")
WRITES: Mapping[str, frozenset[str]] = {
    "owner": frozenset({"Stall", "Ware", "Note", "sell", "mark", "tidy", "restock"}),
    "editor": frozenset({"Stall", "Ware", "Note", "sell", "mark", "tidy", "restock"}),
    "viewer": frozenset(),
    "cashier": frozenset({"Note", "sell"}),
    "steward": frozenset({"Ware", "mark"}),
}
INVITES = frozenset({"owner", "steward"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a command comes to: the new values of records by id, the records it makes, and those that go."""

    set: Mapping[str, Row] = field(default_factory=dict)
    made: tuple[tuple[str, Row], ...] = ()
    gone: frozenset[str] = frozenset()


class Refused(Exception):
    """It comes to nothing, and this code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The live records of one scope by id, with their kinds, as a command finds them; `user` calls."""

    scope: str
    user: str
    rows: Mapping[str, Row]
    kinds: Mapping[str, str]

    def all(self, kind: str) -> Iterator[tuple[str, Row]]:
        """The records of a kind."""
        return ((id, row) for id, row in self.rows.items() if self.kinds[id] == kind)


def _sell(room: Room, ware: str, count: int = 1) -> Effects:
    row = room.rows.get(ware)
    if row is None or row["stock"] < count:
        raise Refused("COMMAND_REFUSED")
    left: dict[str, Any] = {"stock": row["stock"] - count}
    if row["taken_by"] is None:
        left["taken_by"] = "somebody"
    stall = {"sold": room.rows[room.scope]["sold"] + count}
    return Effects(set={ware: left, room.scope: stall}, made=(("Note", {"text": f"sold {count}", "by": "the till"}),))


def _mark(room: Room, tag: str) -> Effects:
    return Effects(set={id: {"tags": [tag], "votes": row["votes"] + 1} for id, row in room.all("Ware")})


def _tidy(room: Room) -> Effects:
    return Effects(gone=frozenset(id for id, row in room.all("Note") if row["by"] == room.user))


def _restock(room: Room) -> Effects:
    wares = dict(room.all("Ware"))
    if not wares:
        raise Refused("COMMAND_FAILED")
    note = {"text": f"restocked {100 // len(wares)}", "by": "the till"}
    filled = {id: {"stock": 5, "name": f"new {row['name']}"[:12]} for id, row in wares.items()}
    return Effects(set=filled, made=(("Note", note),))


ERRANDS: Mapping[str, Callable[..., Effects]] = {"sell": _sell, "mark": _mark, "tidy": _tidy, "restock": _restock}
FORESEEN = frozenset({"sell", "mark"})


def check_rule(kind: str, op: str, user: str, before: Row | None, after: Row | None) -> None:
    """Raises `Refused` for a write that the bazaar's rules do not allow."""
    if kind == "Ware" and op == "delete" and before and before["stock"]:
        raise Refused("NOT_ALLOWED")
    if kind == "Note":
        if after and after["text"] == "boom":
            raise Refused("RULE_FAILED")
        there = before or after
        if there and there["by"] != user:
            raise Refused("NOT_ALLOWED")
