"""What people see while the shortest story that fails is looked for, which can take minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from homeport_client.fleet.report.board import LINE_EVERY_S


class Search:
    """A context in which stories are tried: a line that changes on a terminal; where there is none, one now and then.
    `steps` are those of the story that failed."""

    def __init__(self, console: Console, steps: int, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._steps = steps
        self._clock_s = clock_s
        self._said_at_s = clock_s()
        draws = console.is_terminal and not console.is_dumb_terminal
        self._status = Status("", console=console) if draws else None

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        self._say(f"It failed. Looking for the shortest of its {self._steps:,} steps that still do …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def found(self, steps: int) -> None:
        """So few steps still fail."""
        now_s = self._clock_s()
        if self._status or now_s - self._said_at_s >= LINE_EVERY_S:
            self._said_at_s = now_s
            self._say(f"It failed. {steps:,} of {self._steps:,} steps still do …")

    def _say(self, line: str) -> None:
        if self._status:
            self._status.update(line)
        else:
            self._console.print(line, soft_wrap=True, markup=False, highlight=False)
