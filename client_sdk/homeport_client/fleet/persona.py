"""A persona: one kind of person, and what they do with the app, how often, and on which network.

An **act** is a function that does something with one phone: `acts.py` makes those of an app's kinds, `mishaps.py` has
what befalls phones, and any `async def act(actor: Actor) -> None` is one more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from homeport_client.fleet.actor import Actor
from homeport_client.fleet.networks import PERFECT, Network, Range
from homeport_client.fleet.sound import above_zero, not_negative, ranges, shares

Act: TypeAlias = Callable[[Actor], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One kind of person.

    `does` gives each act the weight with which it is drawn, every `every_s` seconds on average while the app is open.
    `share` is how many of the fleet's phones are theirs, against the shares of the others. With `open_s` and `closed_s`
    they use the app for so long and put the phone away for so long, drawn evenly, and the system puts the app to sleep;
    without, it stays open. Of what their phones show `opens` is the share that they open at once, and the app with it.
    `skewed` is the share of their phones whose clock is wrong, by up to a day.
    """

    name: str
    does: Mapping[Act, float]
    every_s: float = 30.0
    network: Network = PERFECT
    share: float = 1.0
    open_s: Range | None = None
    closed_s: Range = (300.0, 1_800.0)
    opens: float = 0.3
    skewed: float = 0.0

    def __post_init__(self) -> None:
        owner = f"The persona {self.name!r}"
        above_zero(owner, every_s=self.every_s)
        not_negative(owner, share=self.share, **{f"weight of {_name(act)}": each for act, each in self.does.items()})
        shares(owner, skewed=self.skewed, opens=self.opens)
        ranges(owner, closed_s=self.closed_s, **({"open_s": self.open_s} if self.open_s else {}))


def _name(act: Act) -> str:
    return getattr(act, "__name__", repr(act))
