"""Changes, values and merges in words, for people who have never seen a change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from homeport_client import Adding, Altering, Incrementing, Placing, Removing
from homeport_client.intents import Meant
from homeport_client.meant import meaning
from homeport_server.phones.labels import label
from homeport_server.phones.sights import TEXT_CHARS_MAX
from homeport_server.titles import shortened, title_of
from homeport_sync.catalog import Catalog, Field, Kind
from homeport_sync.change import Change, Edits, Written
from homeport_sync.rules import COUNTER, FIRST, GUARDED, RANK, REGISTER, RESOLVER, SET
from homeport_sync.scope import MEMBER

NOTHING: Final = "nothing"
_EDITS_MAX: Final = 6  # fields of one change that are told one by one
WHY: Final[Mapping[str, str]] = {
    REGISTER: "The one that was written later stays, by the clocks of the phones.",
    COUNTER: "Both count: what each phone added is added.",
    SET: "Each tag by itself: what one added stays, whatever the other took out.",
    RANK: "The one that was moved later stays where it was put.",
    GUARDED: "It was made for a value that is not there any more, so it is refused and nothing is lost unseen.",
    FIRST: "The first that reached the server stays.",
    RESOLVER: "The app's own function makes one of both.",
}
_DONE: Final[Mapping[str, str]] = {
    "create": "Made {one}",
    "delete": "Deleted {one}",
    "restore": "Brought back {one}",
    "move": "Took {one} into another list",
    "leave": "Took {one} into another list",
}
HINTS: Final[Mapping[str, str]] = {
    COUNTER: "Everybody's count adds up.",
    SET: "What two people add at the same time is all kept.",
    GUARDED: "Written only if nobody has changed it meanwhile.",
    FIRST: "The first that is written stays.",
    RESOLVER: "The app decides what becomes of two values.",
}


def why(field: Field | None) -> str:
    """What the rule of the field does, as a sentence."""
    return WHY.get(field.rule if field else REGISTER, WHY[RESOLVER])


def value_words(field: Field | None, value: object) -> str:
    """A value as people read it."""
    if value in (None, ""):
        return NOTHING
    if field is not None and field.rule == RANK:
        return f"place {value}"
    return shortened(_words(value), TEXT_CHARS_MAX) or NOTHING


def _words(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.day} {value:%b %Y, %H:%M} UTC"
        case date():
            return f"{value.day} {value:%b %Y}"
        case int():
            return f"{value:,}"
        case set() | frozenset() | list():
            return ", ".join(sorted(map(str, value)))
        case _:
            return str(value)


def meant_words(field: Field | None, meant: Meant) -> str:
    """A value, or what was to be done to it."""
    match meant:
        case Incrementing(by=by):
            return f"{by:+,}"
        case Adding(elements=added):
            return _tagged(added, ())
        case Removing(elements=removed):
            return _tagged((), removed)
        case Altering(added=added, removed=removed):
            return _tagged(added, removed)
        case Placing():
            return "moved"
        case _:
            return value_words(field, meant)


def change_words(catalog: Catalog, op: str, kind: str, fields: Edits, title: str) -> str:
    """One change as a sentence without a stop. `title` is what the record is called ("": nobody knows)."""
    if kind == MEMBER:
        return _membership(fields)
    if op == "command":
        return f"Called “{label(kind).lower()}”"
    if op == "update":
        return f"{f'“{title}”' if title else label(kind)}: {_edits(catalog.kinds.get(kind), fields)}"
    return _DONE.get(op, "Changed {one}").format(one=f"the {label(kind).lower()}{f' “{title}”' if title else ''}")


def _edits(kind: Kind | None, fields: Edits) -> str:
    """Of a change that lost on arrival, the log keeps no field."""
    if not fields:
        return "came too late to change anything"
    told = [_edit(kind.fields.get(name) if kind else None, name, each) for name, each in fields.items()]
    more = f" and {len(told) - _EDITS_MAX} more" if len(told) > _EDITS_MAX else ""
    return ", ".join(told[:_EDITS_MAX]) + more


def _edit(field: Field | None, name: str, written: Written) -> str:
    if field is not None and field.rule == RANK:
        return "moved"
    words = meant_words(field, meaning(field, written))
    if field is not None and (field.rule in (COUNTER, SET)):
        return f"{label(name).lower()} {words}"
    return f"{label(name).lower()} is now {words}"


def _membership(fields: Edits) -> str:
    user, role = fields.get("user", "somebody"), fields.get("role")
    return f"Invited {user} as {role}" if role else f"Put {user} out"


def _tagged(added: tuple[str, ...], removed: tuple[str, ...]) -> str:
    signed = [*(f"+ {each}" for each in added), *(f"− {each}" for each in removed)]
    return shortened(", ".join(signed), TEXT_CHARS_MAX)


def title_in(catalog: Catalog, change: Change) -> str:
    """The title that a change writes; "" if it writes none."""
    return title_of(catalog.kinds.get(change.kind), change.fields)
