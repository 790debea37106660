"""A realistic stream of changes: task lists and tasks, half creates, half updates of what is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from homeport_sync import LIMITS, Change, load_app
from homeport_sync.change import encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.cursor import CursorSeal
from homeport_sync.exchange import Exchange, ExchangeStore
from homeport_sync.limits import Limits
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PushMessage

APP = Path(__file__).parent.parent / "examples" / "tasks" / "app.py"
NOTES = "Oat milk, the one in the green carton; two if they are on offer, and ask Ana about the bread."


def wall_ms() -> int:
    """The clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def exchange_over(store: ExchangeStore, limits: Limits = LIMITS) -> Exchange:
    """An exchange for the tasks app over the store."""
    return Exchange(
        store=store,
        catalog=load_app(APP).catalog,
        signals=LocalSignals(),
        seal=CursorSeal(b"benchmark" * 4),
        limits=limits,
        wall_ms=wall_ms,
    )


@dataclass(slots=True)
class Phone:
    """A device that writes without end: first its list, then tasks, every second change an update of one."""

    random: Random
    device: str = ""
    scope: str = ""
    number: int = 0
    tasks: list[str] = field(default_factory=list)
    notes: str = NOTES
    only_creates: bool = False
    clock: HybridClock = field(default_factory=lambda: HybridClock(wall_ms))

    def __post_init__(self) -> None:
        self.device = uuid7(wall_ms(), self.random)

    def next_change(self) -> Change:
        """The next change, numbered and stamped."""
        self.number += 1
        stamp = self.clock.stamp(self.device)
        if self.number == 1:
            self.scope = uuid7(wall_ms(), self.random)
            return Change(
                number=1,
                op="create",
                kind="TaskList",
                id=self.scope,
                scope=self.scope,
                stamp=stamp,
                fields={"title": "Groceries", "color": "green"},
            )
        if self.number % 2 and not self.only_creates:
            return Change(
                number=self.number,
                op="update",
                kind="Task",
                id=self.random.choice(self.tasks[-100:]),
                scope=self.scope,
                stamp=stamp,
                fields={"done": self.random.random() < 0.5},
            )
        self.tasks.append(uuid7(wall_ms(), self.random))
        return Change(
            number=self.number,
            op="create",
            kind="Task",
            id=self.tasks[-1],
            scope=self.scope,
            stamp=stamp,
            fields={"title": f"Milk {self.number}", "notes": self.notes, "done": False},
        )

    def push(self, changes: int) -> PushMessage:
        """A push of that many changes; everything before it is confirmed."""
        confirmed = self.number
        raw = [msgspec.Raw(encode(self.next_change()).encode()) for _ in range(changes)]
        return PushMessage(device=self.device, changes=raw, confirmed=confirmed, clock_ms=wall_ms())


def phones(count: int, seed: int) -> Iterator[Phone]:
    """That many phones, each with a random stream of its own."""
    return (Phone(Random(f"{seed}/{index}")) for index in range(count))  # a workload, not a secret
