"""What apps and people wrote, made fit to be written anywhere: a lone surrogate has no bytes in UTF-8.

They come from names of files that are no text, from JSON, and from acts that cut a string in half. Each is spelt out,
as `\\udcff`, once, before a report is made: so no form of it must think of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

Told = TypeVar("Told")


def clean(told: Told) -> Told:
    """The same value, and all text in it clean."""
    return cast(Told, _clean(told))


def _clean(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case Struct():
            return replace(value, **{name: _clean(getattr(value, name)) for name in value.__struct_fields__})
        case tuple():
            return tuple(map(_clean, value))
        case Mapping():
            return {_clean(name): _clean(each) for name, each in value.items()}
        case _:
            return value
