"""I5 as a law: whatever comes in whatever order, the view is what was pulled with the outbox on top.

The model below is naive and of its own: it keeps lists and replays everything every time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeport_client.replica import Replica
from homeport_client.scribe import Scribe
from homeport_sync.change import Change, Outcome
from homeport_sync.clock import Stamp, uuid7
from tests.unit.client.world import NOW, Clock, answer, app, page, pull, record, rejected, sent

HOME = uuid7(NOW, Random(0))
TASKS = tuple(uuid7(NOW, Random(seed)) for seed in (1, 2, 3))


@dataclass
class Model:
    """Titles and their stamps as pulled, staged rows, and changes not rejected or contained; no merging library."""

    pulled: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    staged: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    outbox: list[Change] = field(default_factory=list)
    replacing: bool = False

    def title(self, task: str) -> str | None:
        if task not in self.pulled:
            return None
        best = self.pulled[task]
        for change in self.outbox:
            if change.id == task:
                if change.op == "delete":
                    return None
                best = max(best, (change.stamp, str(change.fields["title"])))
        return best[1]


class Run:
    """A replica and its model, taking the same steps."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.replica = Replica(":memory:", app.catalog, wall_ms=self.clock, random=Random(5))
        self.model = Model()
        self.position = 0
        self.answered: set[Stamp] = set()
        self.take("finish", 7)

    def take(self, what: str, number: int) -> None:
        task = TASKS[number % len(TASKS)]
        match what:
            case "write" | "delete" if self.model.title(task) is not None:
                fields = {"title": f"t{number}"} if what == "write" else {}
                op: Literal["update", "delete"] = "update" if what == "write" else "delete"
                self.model.outbox.append(Scribe(self.replica).write(op, "Task", task, HOME, dict(fields)))
            case "answer" | "reject":
                self._answer(refused=what == "reject")
            case "stage" | "finish":
                self._page(number, more=what == "stage")
            case "reset":
                self.replica.start_over()
                self.answered.clear()
                self.model.staged.clear()
                self.model.replacing = True
            case "fork":
                self.replica.fork()

    def _answer(self, *, refused: bool) -> None:
        changes = sent(self.replica.push_message())[:1]
        for change in changes:
            if refused:
                self.replica.take_answer(answer(rejected(change.number)))
                self.model.outbox = [each for each in self.model.outbox if each.stamp != change.stamp]
            else:
                self.replica.take_answer(answer(Outcome(number=change.number, outcome="merged")))
                self.answered.add(change.stamp)

    def _page(self, number: int, *, more: bool) -> None:
        rows = [record(HOME, HOME, position=1, kind="TaskList")]
        for index, task in enumerate(TASKS):
            if number >> index & 1:
                self.position += 1
                row = record(task, HOME, self.position, position=self.position, title=f"p{self.position}")
                self.model.staged[task] = (row.stamp, f"p{self.position}")
                rows.append(row)
        contained = 0 if more else self.replica.meta.next_number
        pull(self.replica, page(*rows, cursor=f"at {self.position}", more=more, contained=contained))
        if not more:
            kept = {} if self.model.replacing else self.model.pulled
            self.model.pulled = {**kept, **self.model.staged}
            self.model.staged, self.model.replacing = {}, False
            self.model.outbox = [each for each in self.model.outbox if each.stamp not in self.answered]

    def check(self) -> None:
        for task in TASKS:
            seen = self.replica.views.get(task)
            assert (seen["title"] if seen else None) == self.model.title(task)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "delete", "answer", "answer", "reject", "stage", "finish", "reset", "fork"]),
        st.integers(0, 7),
    ),
    max_size=25,
)


@pytest.mark.promise("I5")
@settings(max_examples=80, deadline=None)
@given(steps=STEPS)
def test_the_view_is_what_was_pulled_with_the_outbox_on_top_after_every_step(steps: list[tuple[str, int]]) -> None:
    run = Run()
    for what, number in steps:
        run.take(what, number)
        run.check()
