"""Markup: HTML as it is written, so that no value of a summary ever becomes HTML by accident.

A plain string is text and is escaped when it becomes a child or an attribute; only what `tag` and `joined` made is
taken as it is. There is no other way in.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

Attribute: TypeAlias = str | float | None

_VOID: Final = frozenset({"meta"})
_SHAPES: Final = frozenset({"circle", "line", "path", "rect"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


NOTHING: Final = Markup()


def tag(name: str, /, *children: str, **attributes: Attribute) -> Markup:
    """One element. `class_` stands for class, `aria_label` for aria-label; an attribute that is None is left out."""
    opened = f"<{name}{''.join(_attribute(*each) for each in attributes.items())}"
    if name in _VOID:
        return Markup(f"{opened}>")
    if name in _SHAPES and not children:
        return Markup(f"{opened}/>")
    return Markup(f"{opened}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Several parts after each other, each escaped unless it is markup."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def verbatim(name: str, text: str) -> Markup:
    """A `style` or `script` of our own: its text is not escaped, and must not end the element."""
    if "</" in text:
        raise ValueError(f"the text of a {name} holds '</', which would end it")
    return Markup(f"<{name}>{text}</{name}>")


def none(says: str) -> Markup:
    """What stands where there is nothing to show."""
    return tag("p", says, class_="none")


def number(value: float) -> str:
    """A coordinate, to a hundredth and no longer than it needs to be."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """A coordinate that scales with the box it is in; `share` runs from 0 to 1."""
    return f"{number(share * 100)}%"


def _attribute(name: str, value: Attribute) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else number(value)
    return f' {name.rstrip("_").replace("_", "-")}="{escape(text)}"'
