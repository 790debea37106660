"""A realistic stream of changes: task lists and tasks, half creates, half updates of what is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from homeport_sync import LIMITS, Change, load_app
from homeport_sync.change import Edits, Elements, Increment, Op, Swap, encode
from homeport_sync.clock import HybridClock, uuid7
from homeport_sync.cursor import CursorSeal
from homeport_sync.exchange import Exchange, ExchangeStore
from homeport_sync.limits import Limits
from homeport_sync.rank import FIRST_RANK, between
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PushMessage

APP = Path(__file__).parent.parent / "examples" / "tasks" / "app.py"
TAGS = ("urgent", "home", "later", "shop")
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
    """A device that writes without end: first its lists, then tasks in them by turns, every second change an update of
    one. A `mixed` one edits by every rule there is: a vote, a tag, a place in the order, a budget, a mark."""

    random: Random
    device: str = ""
    number: int = 0
    lists: int = 1
    scopes: list[str] = field(default_factory=list)
    tasks: list[tuple[str, str]] = field(default_factory=list)
    budgets: dict[str, int] = field(default_factory=dict)
    notes: str = NOTES
    only_creates: bool = False
    mixed: bool = False
    clock: HybridClock = field(default_factory=lambda: HybridClock(wall_ms))

    def __post_init__(self) -> None:
        self.device = uuid7(wall_ms(), self.random)

    def next_change(self) -> Change:
        """The next change, numbered and stamped."""
        self.number += 1
        if len(self.scopes) < self.lists:
            self.scopes.append(uuid7(wall_ms(), self.random))
            fields: Edits = {"title": "Groceries", "color": "green"}
            return self._change("create", "TaskList", self.scopes[-1], self.scopes[-1], fields)
        if self.number % 2 and not self.only_creates and self.tasks:
            task, scope = self.random.choice(self.tasks[-100:])
            return self._change("update", "Task", task, scope, self._edit(task))
        task, scope = uuid7(wall_ms(), self.random), self.scopes[self.number % len(self.scopes)]
        self.tasks.append((task, scope))
        fields = {"title": f"Milk {self.number}", "notes": self.notes, "done": False}
        return self._change("create", "Task", task, scope, fields)

    def push(self, changes: int) -> PushMessage:
        """A push of that many changes; everything before it is confirmed."""
        confirmed = self.number
        raw = [msgspec.Raw(encode(self.next_change()).encode()) for _ in range(changes)]
        return PushMessage(device=self.device, changes=raw, confirmed=confirmed, clock_ms=wall_ms())

    def _edit(self, task: str) -> Edits:
        match self.random.randrange(5) if self.mixed else 0:
            case 1:
                return {"cheers": Increment(by=1)}
            case 2:
                return {"tags": Elements(add={self.random.choice(TAGS): []})}
            case 3:
                return {"place": between(FIRST_RANK, None, self.random)}
            case 4:
                was = self.budgets.get(task, 0)
                self.budgets[task] = was + 100
                return {"budget": Swap(to=was + 100, was=was)}
            case _:
                return {"done": self.random.random() < 0.5}

    def _change(self, op: Op, kind: str, id: str, scope: str, fields: Edits) -> Change:
        stamp = self.clock.stamp(self.device)
        return Change(number=self.number, op=op, kind=kind, id=id, scope=scope, stamp=stamp, fields=fields)


def phones(count: int, seed: int, *, mixed: bool = False, lists: int = 1) -> Iterator[Phone]:
    """That many phones, each with a random stream of its own."""
    # a workload, not a secret
    return (Phone(Random(f"{seed}/{index}"), mixed=mixed, lists=lists) for index in range(count))
