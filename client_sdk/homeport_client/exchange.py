"""One round trip at a time: what a push or a pull brings is taken into the replica, and told as an event.

What the server cannot serve as it stands is repaired here, where both sides are known: a cursor it does not accept
means to pull from the start, a number it does not expect to send again from another one, or to go on under a new
device id. After a repair the same step is simply taken again.

A push that fails is sent again in halves, down to a single change, and grows again as pushes get through: so neither a
proxy with a small limit nor a line that never holds for a whole push can keep the outbox stuck (I13). Groups are the
exception, since they are never sent in parts: a line that never holds for one keeps it, and what was written after it,
until there is another.

Receipts go with the next push, and a push goes for them alone as soon as there is one to tell. A server from before
there were receipts names no ending, so there is nothing to tell it. One that was set back to such a version refuses or
ignores them: it gets all else without them, until it names an ending again or the device is opened anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from homeport_client.errors import ServerError, Unreachable, server_error
from homeport_client.limits import DeviceLimits
from homeport_client.replica import Replica
from homeport_client.state import Event, State
from homeport_client.transport import Transport
from homeport_sync.limits import LIMITS
from homeport_sync.wire import Page, PullInput, PushAnswer

_CURSOR_CODES = frozenset({"CURSOR_INVALID", "CURSOR_FOREIGN"})
_DEVICE_CODES = frozenset({"DEVICE_FORKED", "DEVICE_FOREIGN"})


class Exchange:
    """The two steps that talk to the server. Each may be cancelled at any moment: then it is simply taken again."""

    def __init__(
        self, replica: Replica, transport: Transport, wall_ms: Callable[[], int], limits: DeviceLimits
    ) -> None:
        self._replica = replica
        self._transport = transport
        self._wall_ms = wall_ms
        self._limits = limits
        self._repairs = 0
        self._changes_max = LIMITS.push_changes_max
        self._page_size = LIMITS.page_size
        self._pulls_along = True
        self._tells = True
        self._turn = asyncio.Lock()

    async def step(self, state: State) -> Event:
        """The step of `State.PUSHING` or `State.PULLING`, and how it ended.

        Raises `Unreachable`, `Refused`, or a `ServerError` that no repair helps against.
        """
        async with self._turn:
            try:
                event = await (self._push() if state is State.PUSHING else self._pull())
            except ServerError as error:
                if not self._repair(error.code, error.extensions):
                    raise
                return Event.WROTE
        if event is Event.CAUGHT_UP:
            self._repairs = 0
        return event

    async def _push(self) -> Event:
        page_size = self._page_size if self._pulls_along else None
        message = self._replica.push_message(self._changes_max, page_size, receipts=self._tells)
        if message is None:
            return Event.PUSHED
        sent_ms = self._wall_ms()
        try:
            answer = await self._transport.push(message)
        except (Unreachable, ServerError) as error:
            if message.receipts and isinstance(error, ServerError) and error.retry_after_ms is None:
                self._tells = False
                return Event.WROTE
            if error.retry_after_ms is None:
                self._changes_max = max(len(message.changes) // 2, 1) if message.changes else self._changes_max
                self._pulls_along = False  # the answer may be what is too long for this line
            raise
        self._pulls_along = True
        self._changes_max = min(self._changes_max * 2, LIMITS.push_changes_max)
        self._learn(answer.server_time_ms, sent_ms)
        settled = self._replica.take_answer(answer) + len(answer.receipts)
        caught_up = answer.pull is not None and self._take(answer.pull, message.pull)
        if message.receipts and not answer.receipts and not answer.errors:
            self._tells = False
        elif not self._repair_all(answer) and not settled:
            raise _undecided(answer)
        return self._end_of(Event.PUSHED if answer.pull is None else Event.CAUGHT_UP if caught_up else Event.MORE)

    async def _pull(self) -> Event:
        sent_ms = self._wall_ms()
        try:
            message = self._replica.pull_message(self._page_size)
            page = await self._transport.pull(message)
        except Unreachable:
            self._page_size = max(self._page_size // 2, 1)
            raise
        self._page_size = min(self._page_size * 2, LIMITS.page_size)
        self._learn(page.server_time_ms, sent_ms)
        return self._end_of(Event.CAUGHT_UP if self._take(page, message) else Event.MORE)

    def _take(self, page: Page, asked: PullInput | None) -> bool:
        """Takes a page; whether the device is caught up then."""
        self._tells = self._tells or bool(page.endings)
        return self._replica.take_page(page, asked)

    def _end_of(self, event: Event) -> Event:
        """How a round trip ended; before all else goes what is to be pushed, be it written or to be sent again."""
        if self._replica.outbox.first_unanswered() is not None:
            return Event.WROTE
        owes = event is Event.CAUGHT_UP and self._tells and bool(self._replica.receipts.given(1))
        return Event.WROTE if owes else event

    def _learn(self, server_ms: int, sent_ms: int) -> None:
        self._replica.clock.learn(server_ms, sent_ms=sent_ms, received_ms=self._wall_ms())

    def _repair_all(self, answer: PushAnswer) -> bool:
        repaired = [self._repair(error.code, error.extensions) for error in answer.errors]
        return any(repaired)

    def _repair(self, code: str, extensions: Mapping[str, object]) -> bool:
        """Adjusts the replica to what the server expects; False if the error asks for nothing of the kind."""
        if code in _CURSOR_CODES:
            self._replica.start_over()
        elif code == "NUMBER_GAP":
            expected = extensions.get("expected")
            if not isinstance(expected, int) or not self._replica.resend_from(expected):
                self._replica.fork()
        elif code in _DEVICE_CODES:
            self._replica.fork()
        else:
            return False
        self._repairs += 1
        if self._repairs > self._limits.repairs_max:
            self._repairs = 0
            raise Unreachable(f"The server answered {code} again and again, whatever was adjusted: try again later.")
        return True


def _undecided(answer: PushAnswer) -> Exception:
    """Why a push came back with nothing decided."""
    if answer.errors:
        return server_error(answer.errors[0])
    return Unreachable("The answer decided none of the changes that were sent: send them again.")
