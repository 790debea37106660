"""What a page asks of the table: each deed by its name, with the texts of a form.

A deed says whether it was done. What does not fit becomes a sentence on the phone it was tried on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from homeport_server.phones.handheld import Handheld
from homeport_server.phones.table import Table
from homeport_server.phones.touch import Touch
from homeport_server.phones.typed import BadText

FIELD: Final = "f-"  # before the name of a field, in a form that has other names as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One deed on one phone, `key`. Raises `KeyError` for a phone that is not on the table."""

    table: Table
    key: str
    form: Mapping[str, str]

    @property
    def phone(self) -> Handheld:
        """The phone."""
        return self.table.phones[self.key]

    @property
    def touch(self) -> Touch:
        """Its glass."""
        return self.table.touch[self.key]

    @property
    def fields(self) -> Mapping[str, str]:
        """What was typed for fields, by their names."""
        return {name.removeprefix(FIELD): text for name, text in self.form.items() if name.startswith(FIELD)}

    def text(self, name: str) -> str:
        """ "" if it was not sent."""
        return self.form.get(name, "")

    def number(self, name: str) -> int:
        """Raises `BadText`."""
        try:
            return int(self.text(name))
        except ValueError:
            raise BadText(f"A whole number was expected here, and “{self.text(name)[:40]}” came.") from None


Deed = Callable[[Asked], Awaitable[bool]]


def _power(verb: Callable[[Handheld], Awaitable[None]]) -> Deed:
    async def deed(asked: Asked) -> bool:
        await verb(asked.phone)
        return True

    return deed


async def _airplane(asked: Asked) -> bool:
    await asked.phone.airplane(bool(asked.text("on")))
    return True


async def _network(asked: Asked) -> bool:
    asked.phone.network(asked.text("name"))
    return True


async def _clock(asked: Asked) -> bool:
    asked.phone.clock(asked.number("skew_ms"))
    return True


async def _dismiss_notice(asked: Asked) -> bool:
    asked.phone.dismiss_notice()
    return True


DEEDS: Final[Mapping[str, Deed]] = {
    "start": _power(Handheld.start),
    "kill": _power(Handheld.kill),
    "sleep": _power(Handheld.sleep),
    "wake": _power(Handheld.wake),
    "open-notice": _power(Handheld.open_notice),
    "dismiss-notice": _dismiss_notice,
    "airplane": _airplane,
    "network": _network,
    "clock": _clock,
    "make-list": lambda asked: asked.touch.make_list(asked.text("kind"), asked.fields),
    "open-list": lambda asked: asked.touch.open_list(asked.text("record")),
    "add": lambda asked: asked.touch.add_row(asked.text("kind"), asked.fields),
    "set": lambda asked: asked.touch.set_field(asked.text("record"), asked.text("field"), asked.text("text")),
    "toggle": lambda asked: asked.touch.toggle(asked.text("record"), asked.text("field")),
    "count": lambda asked: asked.touch.count(asked.text("record"), asked.text("field"), asked.number("by")),
    "tag": lambda asked: asked.touch.tag(asked.text("record"), asked.text("field"), asked.text("tag")),
    "untag": lambda asked: asked.touch.untag(asked.text("record"), asked.text("field"), asked.text("tag")),
    "place": lambda asked: asked.touch.place(
        asked.text("record"), asked.text("beside"), behind=bool(asked.text("behind"))
    ),
    "shift": lambda asked: asked.touch.shift(asked.text("record"), down=bool(asked.text("down"))),
    "delete": lambda asked: asked.touch.delete(asked.text("record")),
    "undo": lambda asked: asked.touch.restore(),
    "call": lambda asked: asked.touch.call(asked.text("command"), asked.fields),
    "invite": lambda asked: asked.touch.invite(asked.text("user")),
    "replay": lambda asked: asked.touch.replay(asked.number("place"), asked.fields),
    "dismiss": lambda asked: asked.touch.dismiss(asked.number("place")),
}
