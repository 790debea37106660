"""A request on its way on one connection, and what has come of its answer."""

from __future__ import annotations

from collections.abc import Mapping

from homeport_notify.answer import Answer
from homeport_notify.http2 import limits
from homeport_notify.http2.batch import Batch
from homeport_notify.transport import BROKEN, UNFINISHED, Reply


class Stream:
    """`rest` is what the windows did not let through of its body yet, `window` what its own still lets through."""

    __slots__ = ("batch", "body", "deadline_s", "headers", "index", "rest", "status", "window")

    def __init__(self, batch: Batch, index: int, deadline_s: float, rest: bytes, window: int) -> None:
        self.batch = batch
        self.index = index
        self.deadline_s = deadline_s
        self.rest = rest
        self.window = window
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = b""

    @property
    def too_long(self) -> bool:
        """Whether more came than anybody reads."""
        return len(self.body) > limits.REPLY_BYTES_MAX

    def complete(self) -> None:
        """Its answer is whole, or as much of it as is wanted."""
        self.batch.answer(self.index, Reply(self.status, self.headers, self.body[: limits.REPLY_BYTES_MAX]))

    def lose(self, answer: Answer) -> None:
        """There will be none."""
        self.batch.answer(self.index, answer)

    def cut(self) -> None:
        """The connection is gone. Nobody acts on a request whose end they have not seen."""
        self.batch.answer(self.index, UNFINISHED if self.rest else BROKEN)
