"""A story: all that happened to a fleet, step by step, so that it can be played again, cut short, and read.

Every step is concrete: who, when, what, with the values that were written and the names of the records they were
written to. What people wanted and what the networks did was drawn when the story was made; to play it again nothing is
drawn but how long things take. So a step can be left out, and the rest stays what it was.

A record is called by its **label**, such as `task-4.2`: its id is made by the device, and differs from world to world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from homeport_sync.change import Fields, Value

Detail: TypeAlias = Value | Fields
SERVER = "server"
VALUE_CHARS_MAX = 40


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`who` (a phone, or the server) does or suffers `do`, `at_ms` after the fleet began; `what` are its details.

    `us` more, in microseconds, for what the simulated world drew: of all that goes on in a millisecond, it befalls the
    same again. A group of writes is one step, and they are its `parts`: it is done as one, or left out as one.
    """

    at_ms: int
    us: int = 0
    who: str
    do: str
    what: Mapping[str, Detail] = {}
    parts: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return f"{self.at_ms / 1_000:.3f} s  {self.who} {self.done}"

    @property
    def done(self) -> str:
        """What is done, in words."""
        told = [f"{name}={_short(value)}" for name, value in self.what.items()]
        told += [part.done for part in self.parts]
        return f"{self.do} ({', '.join(told)})" if told else self.do


class Handset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A phone before the story begins: whose it is, who that person is like, which network it lives in, when it is
    switched on, how wrong its clock is, whether somebody looks at it all the time, and whether it has a lane in the
    timeline. People of one `circle` share their data with each other."""

    name: str
    user: str
    persona: str = ""
    network: str = ""
    circle: int = 0
    on_at_ms: int = 0
    skew_ms: int = 0
    watched: bool = False
    lane: bool = False


class Story(Struct, frozen=True, kw_only=True):
    """The phones, and what happened to them, in the order in which it did, until everything was left to heal.

    The steps are all that was drawn but how long things take; with other `luck` they take another time.
    """

    seed: int
    until_ms: int
    handsets: tuple[Handset, ...]
    steps: tuple[Step, ...]
    luck: int = 0

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody in it, each once."""
        return tuple(dict.fromkeys(handset.user for handset in self.handsets))

    def keeping(self, keep: Callable[[Step], bool]) -> Story:
        """The same story with some of its steps only."""
        return msgspec.structs.replace(self, steps=tuple(step for step in self.steps if keep(step)))


def _short(value: Detail) -> str:
    """Every field is told, and of long ones the beginning."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_short(each)}' for name, each in value.items())}}}"
    text = repr(value)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[: VALUE_CHARS_MAX - 1]}…"
