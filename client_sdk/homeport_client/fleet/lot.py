"""Lots: how the phones of a fleet are dealt to processes. A circle stays together, since its people share their data.

Neighbouring circles go to the same process where that can be: people also look for what the next circle has shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from homeport_client.fleet.story import SERVER, Handset, Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """One of so many, counted from 0. The first also does what happens once to all, such as a crash of the server."""

    number: int = 0
    of: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that does what happens once."""
        return self.number == 0

    def has(self, number: int) -> bool:
        """Whether this one of many equal things falls to it."""
        return number % self.of == self.number

    def phones(self, cast: Sequence[Handset]) -> tuple[Handset, ...]:
        """The phones that fall to it."""
        circles = {circle: place for place, circle in enumerate(_circles(cast))}
        return tuple(each for each in cast if circles[each.circle] * self.of // len(circles) == self.number)

    def part(self, story: Story) -> Story:
        """What happens to its phones, their twins, and the server."""
        names = {each.name for each in self.phones(story.handsets)}
        return story.keeping(lambda step: step.who == SERVER or step.who.partition(".")[0] in names)


def lots(cast: Sequence[Handset], processes: int) -> tuple[Lot, ...]:
    """One for each process; fewer than `processes` if there are not so many circles."""
    count = max(min(processes, len(_circles(cast))), 1)
    return tuple(Lot(number=number, of=count) for number in range(count))


def _circles(cast: Sequence[Handset]) -> list[int]:
    return sorted({handset.circle for handset in cast})
