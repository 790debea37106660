"""When a simulated fleet fails: the shortest story that still does, told with the lanes of the phones in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from homeport_client.fleet.played import Played
from homeport_client.fleet.report.summary import Failure
from homeport_client.fleet.script import Script
from homeport_client.fleet.shrink import TRIES_MAX, Shrinking
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.sim.world import SETUP, Setup
from homeport_client.fleet.story import Story
from homeport_client.fleet.summarize import lanes
from homeport_sync import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortest:
    """The shortest story, and what a report says of it."""

    story: Story
    failure: Failure


def shorten(
    played: Played,
    app: App,
    script: Script,
    *,
    setup: Setup = SETUP,
    tries_max: int = TRIES_MAX,
    told: Callable[[Story], None] = lambda story: None,
) -> Shortest:
    """The shortest story that fails as `played` did: one of the checkers that complained complains of it. Raises
    `KeyboardInterrupt` when one of its tries is stopped."""
    wanted = set(played.verdict.found) if played.verdict else set()

    def play(story: Story) -> Played | None:
        try:
            return Fleet(app, story.seed, script=script, setup=setup).replay(story)
        except Exception:  # noqa: BLE001  # a story that breaks the fleet is not the one that is looked for
            return None

    def fails(story: Story) -> bool:
        again = play(story)
        if again is None:
            return False
        if again.verdict is None:  # Ctrl-C: a fleet takes it for its own, and there would be hundreds more
            raise KeyboardInterrupt
        return bool(wanted & again.verdict.found.keys())

    suspects = _named(played.verdict.violations) if played.verdict else set[str]()
    shrunk = Shrinking(fails, tries_max=tries_max, suspects=suspects, told=told).shrink(played.story)
    story = replace(shrunk.story, handsets=tuple(replace(each, lane=True) for each in shrunk.story.handsets))
    last = play(story) or played
    failure = Failure(
        sentences=last.verdict.violations if last.verdict else (),
        steps=tuple(map(str, story.steps)),
        steps_before=len(played.story.steps),
        tries=shrunk.tries,
        left_after=shrunk.left_after,
        lanes=lanes(last),
    )
    return Shortest(story=story, failure=failure)


def _named(sentences: Iterable[str]) -> set[str]:
    """The phones and users that the complaints speak of."""
    return {name for sentence in sentences for name in re.findall(r"\b(?:phone|user)-\d+\b", sentence)}
