"""What a tracer is: how one request, and the commit batch it was part of, spent their time.

What is told of a span is who and how much: never a token, a message or a record's text. `NoTracer` is for traces that
are off, and then a request pays a fifth of a microsecond for them.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Span(Protocol):
    """Something under way. An error that leaves its `with` block stands in it, by its code."""

    def tell(self, facts: Mapping[str, str | int]) -> None:
        """Facts about it; the last word on each counts."""


class Tracer(Protocol):
    """Makes spans. No call waits or fails."""

    def request(self, name: str, facts: Mapping[str, str], traceparent: str) -> AbstractContextManager[Span]:
        """A request from now until the block ends. `traceparent` is the caller's own span (W3C), "" if it has none.

        `facts` are those of its log line: tenant and device are among them.
        """

    def batch(self, tenant: str) -> AbstractContextManager[Span]:
        """A commit batch of the tenant. Who is in it is told later, by `holds`."""

    def holds(self, batch: Span, tenant: str, devices: Iterable[str]) -> None:
        """The batch holds pushes of these devices: link it to their requests that are under way."""

    def close(self) -> Coroutine[Any, Any, None]:
        """Send what was not sent yet."""


class NoSpan:
    """Nobody looks. It is its own context manager, so that entering it makes nothing."""

    def __enter__(self) -> NoSpan:
        return self

    def __exit__(self, *_raised: object) -> None:
        return None

    def tell(self, facts: Mapping[str, str | int]) -> None:
        """Nothing."""


class NoTracer:
    """Traces are off."""

    def __init__(self) -> None:
        self._span = NoSpan()

    def request(self, name: str, facts: Mapping[str, str], traceparent: str) -> NoSpan:  # the port's
        """Nothing."""
        return self._span

    def batch(self, tenant: str) -> NoSpan:
        """Nothing."""
        return self._span

    def holds(self, batch: Span, tenant: str, devices: Iterable[str]) -> None:
        """Nothing."""

    async def close(self) -> None:
        """Nothing."""
