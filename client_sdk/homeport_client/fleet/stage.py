"""The stage: where a story is played. It has the phones by name and the records by label, and writes down each step.

Whoever makes a story up as it goes (`improvise.py`) and whoever plays one again (`replay.py`) come with steps, one
after the other; what each of them does to the stage stands in `deeds`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from homeport_client.fleet.beside import ended, failure_of
from homeport_client.fleet.check.eyes import Eyes
from homeport_client.fleet.check.witness import Told, Written
from homeport_client.fleet.labels import Labels
from homeport_client.fleet.measure.meter import Meter
from homeport_client.fleet.phone import Phone
from homeport_client.fleet.story import Handset, Step, Story
from homeport_client.fleet.world import World
from homeport_sync.scope import MEMBER


class Stage:
    """One playing of one story, in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.phones: dict[str, Phone] = {}
        self.labels = Labels()
        self.steps: list[Step] = []
        self.written: list[Written] = []
        self.left_out: Counter[str] = Counter()
        self.cast: tuple[Handset, ...] = ()
        self._handsets: tuple[Handset, ...] = ()
        self._later: dict[asyncio.Task[None], None] = {}  # a set would have another order in every process
        self._failure: BaseException | None = None

    def enter(self, handsets: Iterable[Handset], cast: Iterable[Handset] | None = None) -> None:
        """The phones that the story begins with, none of them on. `cast` are those of the whole fleet, where others
        play on other stages."""
        self._handsets = tuple(handsets)
        self.cast = tuple(cast) if cast is not None else self._handsets
        self.phones = {handset.name: Phone(self.world, handset) for handset in self._handsets}

    @property
    def story(self) -> Story:
        """What has happened so far."""
        return Story(
            seed=self.world.seed.number,
            luck=self.world.seed.luck,
            until_ms=self.world.now_ms(),
            handsets=self._handsets,
            steps=tuple(self.steps),
        )

    def eyes(self, handset: Handset, meter: Meter, told: Sequence[Told]) -> Eyes:
        """Whoever uses this phone, and knows what was written on this stage, and what phones were `told`."""
        kinds = [kind for kind in self.world.app.catalog.kinds if kind != MEMBER]
        return Eyes(handset.name, kinds, meter, self.written, told, true_ms=self.world.true_ms)

    def write_down(self, step: Step) -> None:
        """This happens now, or is armed for what comes next."""
        self.steps.append(step)

    def leave_out(self, step: Step) -> None:
        """It cannot be done any more, or not yet."""
        self.left_out[step.do] += 1
        self.world.note(step.who, f"leaves {step.do} out")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that goes on for a while, and is over at the latest when everything heals."""
        task = asyncio.create_task(work)
        self._later[task] = None
        task.add_done_callback(self._over)

    async def end_all(self) -> None:
        """Whatever still goes on is over. Raises what failed first in any of it."""
        await ended(self._later)
        if self._failure is not None:
            raise self._failure

    def _over(self, task: asyncio.Task[None]) -> None:
        self._later.pop(task, None)
        self._failure = self._failure or failure_of(task)
