"""Pushes that wait for a commit batch: a queue for each tenant, and the tenants are served in turn.

A tenant that pushes as hard as it can fills its own queue and nobody else's. Who is alone takes as much as a commit
batch holds; in company a turn is short, and a long push needs several, so that whoever comes next waits for a part
of a push and not for all that was there before.
"""

from __future__ import annotations

from asyncio import Future
from collections import deque
from dataclasses import dataclass, field, replace

from homeport_sync.group import uncut
from homeport_sync.limits import Limits
from homeport_sync.pace import Pace
from homeport_sync.push import Decided, Push


@dataclass(slots=True)
class Waiting:
    """A push and who waits for it. Its first `done` changes are committed, as `decided` says; the next, before
    `upto`, are in the turn that is under way."""

    push: Push
    answer: Future[Decided]
    decided: Decided | None = None
    done: int = 0
    upto: int = 0

    @property
    def left(self) -> int:
        """How many changes still wait for a turn. Even an empty push takes its part of a commit."""
        return max(len(self.push.sent) - self.upto, 1)

    @property
    def part(self) -> Push:
        """What of the push is in this turn."""
        if self.done == 0 and self.upto >= len(self.push.sent):
            return self.push
        return replace(self.push, sent=self.push.sent[self.done : self.upto], first=self.done)

    def settle(self, decided: Decided) -> None:
        """The turn was committed: answer, unless more is to come."""
        if self.decided is not None:
            decided.outcomes[:0] = self.decided.outcomes
            decided.verdicts[:0] = self.decided.verdicts
            decided.rejections[:0] = self.decided.rejections
        self.done, self.decided = self.upto, decided
        if (self.done >= len(self.push.sent) or decided.errors) and not self.answer.done():
            self.answer.set_result(decided)


@dataclass(slots=True, kw_only=True)
class Queue:
    """One tenant's pushes, first come first served. `changes` counts what they still bring."""

    tenant: str
    pushes: deque[Waiting] = field(default_factory=deque)
    changes: int = 0
    pace: Pace = field(default_factory=Pace)

    def take(self, changes_max: int, *, whole: bool) -> list[Waiting]:
        """The next turn: as many pushes as fit, at least one; of one that is longer a part, unless it must be `whole`.

        A push that nobody waits for any more is dropped.
        """
        taken: list[Waiting] = []
        room = changes_max
        while self.pushes:
            waiting = self.pushes[0]
            left = waiting.left
            if waiting.answer.done():
                self.pushes.popleft()
                self.changes -= left
                continue
            if left > room and (taken or not whole):
                if not taken:
                    taken.append(self._part(waiting, room))
                    if waiting.upto == len(waiting.push.sent):  # all of it after all, for it ends with a group
                        self.pushes.popleft()
                break
            taken.append(self._part(self.pushes.popleft(), left))
            room -= left
        return taken

    def _part(self, waiting: Waiting, changes: int) -> Waiting:
        end, sent = waiting.upto + changes, waiting.push.sent
        if end < len(sent):
            end = uncut(sent, end)
        self.changes -= end - waiting.upto
        waiting.upto = end
        return waiting

    def drop(self) -> None:
        """Nobody will take them: the process goes down."""
        for waiting in self.pushes:
            waiting.answer.cancel()
        self.pushes.clear()


@dataclass(frozen=True, slots=True)
class Turn:
    """What of a queue goes into the next commit batch: so many changes of these pushes."""

    queue: Queue
    pushes: list[Waiting]
    changes: int


class Queues:
    """The queues that are not empty, and whose turn it is. `changes` counts what waits in all of them."""

    def __init__(self, limits: Limits) -> None:
        self.changes = 0
        self._limits = limits
        self._queues: dict[str, Queue] = {}
        self._ready: deque[Queue] = deque()
        self._last, self._last_at, self._other_at = "", float("-inf"), float("-inf")

    @property
    def ready(self) -> int:
        """How many tenants wait for their turn."""
        return len(self._ready)

    def of(self, tenant: str) -> Queue | None:
        """The tenant's queue; None: nothing of it waits."""
        return self._queues.get(tenant)

    def join(self, tenant: str, waiting: Waiting, now: float) -> None:
        """One more push; its tenant comes last, if it was not there already."""
        queue = self._queues.get(tenant)
        if queue is None:
            queue = self._queues[tenant] = Queue(tenant=tenant)
            queue.pace.begin(now)
            self._ready.append(queue)
        left = waiting.left
        queue.pushes.append(waiting)
        queue.changes += left
        self.changes += left
        if tenant != self._last:
            self._last, self._other_at = tenant, self._last_at
        self._last_at = now

    def turn(self, now: float) -> Turn | None:
        """Whose turn it is; None: nobody waits."""
        while self._ready:
            queue = self._ready.popleft()
            before = queue.changes
            if self._has_company(queue.tenant, now):
                taken = queue.take(self._limits.turn_changes_max, whole=False)
            else:
                taken = queue.take(self._limits.batch_changes_max, whole=True)
            self.changes -= before - queue.changes
            if taken:
                return Turn(queue, taken, before - queue.changes)
            self._queues.pop(queue.tenant)
        return None

    def over(self, queue: Queue) -> None:
        """The turn is over: the tenant goes to the end of the line, or away if nothing of it waits."""
        if queue.pushes:
            self._ready.append(queue)
        else:
            self._queues.pop(queue.tenant, None)

    def _has_company(self, tenant: str, now: float) -> bool:
        """Whether another tenant has pushed lately."""
        seen = self._other_at if tenant == self._last else self._last_at
        return now - seen <= self._limits.company_ms / 1_000
