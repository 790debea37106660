"""Bugs in when a device speaks: polling, backing off, coming back."""

from tests.mutants.mutant import CLIENT, Mutant

IN_SYNCER = (
    Mutant(
        name="who listens for pokes does not poll",
        known="Apps that go by push notifications alone, which Apple and Google deliver as best they can.",
        file=f"{CLIENT}/syncer.py",
        before="timed = self.state in (State.LIVE, State.BACKING_OFF)",
        after="timed = self.state is State.BACKING_OFF",
    ),
    Mutant(
        name="it gives up after five tries",
        known="Queues with a fixed number of tries: a long tunnel, and the work is never sent.",
        file=f"{CLIENT}/syncer.py",
        before="            self._until = now + pause_s(self._failures, after_ms, self._random, self._limits)",
        after="""
            self._until = now + pause_s(self._failures, after_ms, self._random, self._limits)
            if self._failures > 5:
                self._until = float("inf")
""",
    ),
    Mutant(
        name="the pauses grow without end",
        known="Exponential backoff without a cap: after a night offline the next try is due tomorrow.",
        file=f"{CLIENT}/backoff.py",
        before="longest_ms = min(limits.retry_first_ms << doublings, limits.retry_max_ms)",
        after="longest_ms = limits.retry_first_ms << doublings",
    ),
    Mutant(
        name="a new token wakes nobody",
        known="Apps that must be killed and started again after a login, before they sync.",
        file=f"{CLIENT}/state.py",
        before="(State.REFUSED, Event.RENEWED): State.PUSHING",
        after="(State.REFUSED, Event.RENEWED): State.REFUSED",
    ),
    Mutant(
        name="only the first page of a catch-up is asked for",
        known="Clients that follow the first link to a next page, and leave the others to the next refresh.",
        file=f"{CLIENT}/exchange.py",
        before="        return self._end_of(Event.CAUGHT_UP if self._take(page, message) else Event.MORE)",
        after="""
        self._take(page, message)
        return self._end_of(Event.CAUGHT_UP)
""",
    ),
)
