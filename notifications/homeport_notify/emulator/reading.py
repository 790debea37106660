"""How a phone reads its messages over HTTP: as a stream of lines that does not end, or by asking again and again."""

from __future__ import annotations

import asyncio

import msgspec

from homeport_notify.emulator.exchange import Attend, Wire
from homeport_notify.emulator.phone import Phone

LINES = "application/x-ndjson"


def attend_stream(phone: Phone) -> Attend:
    """A line of JSON for each message, as soon as there is one. What was written counts as read."""

    def attend(wire: Wire) -> None:
        def give() -> None:
            for number, push in phone.poll():
                wire.write(msgspec.json.encode({"number": number, **msgspec.to_builtins(push)}) + b"\n")
                phone.acknowledge(number)

        wire.begin(LINES)
        wire.when_gone(phone.listen(give))
        give()

    return attend


def attend_poll(phone: Phone, *, wait_s: float, after: int) -> Attend:
    """One answer, as soon as there is a message, or empty after `wait_s`. What is in it is given again unless the next
    question has acknowledged it with `after`, its highest number: nothing is lost when an answer is."""

    def attend(wire: Wire) -> None:
        _Poll(phone, wire).ask(wait_s, after)

    return attend


class _Poll:
    """One question that waits."""

    def __init__(self, phone: Phone, wire: Wire) -> None:
        self._phone = phone
        self._wire = wire
        self._leave = phone.listen(self._look)
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, wait_s: float, after: int) -> None:
        self._wire.when_gone(self._stop)
        if self._phone.poll(after) or not wait_s:
            self._answer()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._answer)

    def _look(self) -> None:
        if self._phone.poll():
            self._answer()

    def _answer(self) -> None:
        self._stop()
        messages = [{"number": number, **msgspec.to_builtins(push)} for number, push in self._phone.poll()]
        self._wire.begin("application/json")
        self._wire.write(msgspec.json.encode({"messages": messages}) + b"\n")
        self._wire.end()

    def _stop(self) -> None:
        self._leave()
        if self._timer is not None:
            self._timer.cancel()
