"""What things are called in GraphQL, by rules that never change what a client has already written down.

A field `due_at` of the kind `TaskList` is `dueAt` of `TaskList`; there are `taskList` and `taskLists`. What GraphQL
cannot write is written with `_`. Where a name is taken, within one type, the later one gets a `_` at its end: so what
an app adds takes no name away. A name of the whole schema that is taken is refused, because an app can say another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from homeport_sync.errors import BadDeclaration

HOMEPORT: Final = "Homeport"  # what has the names that no app has given
_NOT_ENUMS = frozenset({"true", "false", "null"})
_illegal = re.compile(r"[^_0-9A-Za-z]")
_capitals = re.compile(r"[A-Z]+(?=[A-Z][a-z]|[^A-Za-z]|$)|[A-Z]")
_hisses = ("s", "x", "z", "ch", "sh")
_vowels = "aeiou"


def legal(text: str) -> str:
    """The text as a GraphQL name: without accents, `_` for what cannot stand in one, one `_` at most to begin with."""
    plain = _illegal.sub("_", unicodedata.normalize("NFKC", text).translate(_Accents()))
    plain = re.sub("^_+", "_", plain)
    return f"_{plain}" if plain == "" or plain[0].isdigit() else plain


class _Accents(dict[int, str]):
    """A letter without its accents, if it is one of those that GraphQL can write."""

    def __missing__(self, code: int) -> str:
        plain = _ascii(chr(code)) or _ascii(chr(code).casefold())  # ß as ss
        self[code] = plain or "_"
        return self[code]


def _ascii(letter: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", letter) if each.isascii())


def camel(name: str) -> str:
    """`due_at` as `dueAt`."""
    first, *rest = [part for part in legal(name).split("_") if part] or ["_"]
    return legal(first + "".join(part[0].upper() + part[1:] for part in rest))


def lower_first(name: str) -> str:
    """`TaskList` as `taskList`, `URLPart` as `urlPart`."""
    return _capitals.sub(lambda found: found.group().lower(), name, count=1) if name[:1].isupper() else name


def upper_first(name: str) -> str:
    """`dueAt` as `DueAt`."""
    return name[:1].upper() + name[1:]


def screaming(name: str) -> str:
    """`dueAt` and `due_at` as `DUE_AT`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", legal(name)).upper()


def plural(name: str) -> str:
    """Of an English word in the singular. What is not as regular as that, an app says itself."""
    if name.endswith("y") and name[-2:-1].lower() not in _vowels:
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(_hisses) else f"{name}s"


def unique(wanted: Iterable[tuple[str, str]], taken: Iterable[str] = ()) -> Mapping[str, str]:
    """A name for each key, in their order: the one that it wants, with as many `_` at its end as make it its own."""
    used, found = set(taken), dict[str, str]()
    for key, name in wanted:
        while name in used:
            name += "_"  # noqa: PLW2901  # until it is free
        used.add(name)
        found[key] = name
    return found


def enum_names(texts: Iterable[str]) -> Mapping[str, str]:
    """The texts of a choice by the names of the values of an enum: themselves, where GraphQL can write them."""
    named = unique((text, f"{legal(text)}_" if text in _NOT_ENUMS else legal(text)) for text in texts)
    return {name: text for text, name in named.items()}


class Names:
    """The names that a schema has given away, each with what it stands for: of types, or of one root's fields."""

    def __init__(self, what: str, taken: Iterable[str]) -> None:
        self._what = what
        self._taken = dict.fromkeys(taken, HOMEPORT)

    def take(self, name: str, of: str = HOMEPORT) -> str:
        """The name, which is that of `of` from now on. Raises `BadDeclaration` where it was given away before."""
        if (known := self._taken.get(name)) is not None:
            raise BadDeclaration(
                f"{of} and {known} would both have the {self._what} {name} in the app's GraphQL schema: let the kind "
                'be called otherwise there, with @app.kind(shown_as="…"), or many of it with plural="…".'
            )
        self._taken[name] = of
        return name

    def take_free(self, wanted: str) -> str:
        """The name, or with as many `_` at its end as make it free: of what cannot be called otherwise by an app."""
        return self.take(unique([("", wanted)], self._taken)[""])
