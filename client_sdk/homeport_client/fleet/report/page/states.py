"""The states of phones: the order in which they are stacked, and what each means to somebody who looks.

Their colours stand in the stylesheet, by the same names: blue for whoever is in touch, amber and red for trouble, and
greys for those who are gone. Each is told from its neighbours by lightness too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from homeport_client.fleet.report.page import words
from homeport_client.fleet.report.page.markup import Markup, tag
from homeport_client.fleet.report.summary import LaneState

STATES: Final[Mapping[LaneState, str]] = {
    "live": "caught up, every change answered",
    "pulling": "one pull is under way",
    "pushing": "one push is under way",
    "backing_off": "an attempt failed; it pauses before the next",
    "refused": "the server does not take its token",
    "offline": "the app said so",
    "away": "there is no network",
    "asleep": "the app is not running",
    "off": "the phone is switched off",
    "closed": "the device is closed",
}


def style(state: LaneState) -> str:
    """The class under which the stylesheet knows a state."""
    return f"is-{state}"


def key(states: Iterable[LaneState], *signs: Markup) -> Markup:
    """Which colour is which state, and other signs; the script makes buttons of the states that single one out."""
    shown = set(states)
    return tag("ul", *(_entry(state) for state in STATES if state in shown), *signs, class_="key", aria_label="States")


def _entry(state: LaneState) -> Markup:
    swatch = tag("svg", tag("rect", width="10", height="10", class_=style(state)), width="10", height="10")
    return tag("li", tag("span", swatch, words.plain(state), title=STATES[state], data_state=style(state)))
