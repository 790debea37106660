"""Pages that follow what happens: one stream of server-sent events to each browser tab that looks.

A page has **regions**, each with a name and a function that renders it. `touch` says that a region may look different
now: whoever listens gets its HTML, if that has changed, at most `RATE_A_S` times a second. `say` tells something that
is no state, such as a change on its way; a tab that is slow misses the oldest of those. A tab that connects, or comes
back, gets every region: so whatever was missed heals.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from homeport_server.pages.policy import PAGE_HEADERS

LISTENERS_MAX: Final = 50
RATE_A_S: Final = 10
SAID_WAITING_MAX: Final = 200
QUIET_S: Final = 15.0  # after so long without a word a comment is sent, so that nobody on the way gives up
RECONNECT_MS: Final = 1_000
FULL_RECONNECT_S: Final = 5  # the same for whom there was no room
_line_ends = re.compile(r"\r\n?").sub


class _Tab:
    """One that listens: which regions it has not got yet, and what was said since."""

    def __init__(self, regions: Mapping[str, Callable[[], str]]) -> None:
        self.stale = dict.fromkeys(regions)
        self.said: deque[bytes] = deque(maxlen=SAID_WAITING_MAX)
        self.shown: dict[str, str] = {}
        self.news = asyncio.Event()
        self.news.set()


class Live:
    """The stream of one page with these regions, by name."""

    def __init__(self, regions: Mapping[str, Callable[[], str]]) -> None:
        self._regions = regions
        self._tabs: set[_Tab] = set()
        self._rendered: dict[str, str] = {}  # once for all tabs, until it may look different
        self._closed = False

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return bool(self._tabs)

    def touch(self, *names: str) -> None:
        """These regions may look different now. Raises `KeyError` for what is no region."""
        for name in names:
            self._regions[name]
            self._rendered.pop(name, None)
        for tab in self._tabs:
            tab.stale.update(dict.fromkeys(names))
            tab.news.set()

    def say(self, event: str, text: str) -> None:
        """Tell everybody who listens `text`, as an event of that name."""
        told = _frame(event, text)
        for tab in self._tabs:
            tab.said.append(told)
            tab.news.set()

    def answer(self) -> Response:
        """The answer to a tab that begins to listen."""
        if self._closed or len(self._tabs) >= LISTENERS_MAX:
            why = f"At most {LISTENERS_MAX} tabs may look at once: close one."
            return PlainTextResponse(
                why, status_code=503, headers={**PAGE_HEADERS, "retry-after": str(FULL_RECONNECT_S)}
            )
        return StreamingResponse(self._told(), media_type="text/event-stream", headers=PAGE_HEADERS)

    def close(self) -> None:
        """Ends every stream, and takes no more."""
        self._closed = True
        for tab in self._tabs:
            tab.news.set()

    async def _told(self) -> AsyncIterator[bytes]:
        if len(self._tabs) >= LISTENERS_MAX:  # others came between this answer and its first word
            yield f"retry: {FULL_RECONNECT_S * 1_000}\n\n".encode()
            return
        tab = _Tab(self._regions)
        self._tabs.add(tab)
        self._rendered.clear()  # whoever comes is shown what is so now, whether anybody said so or not
        try:
            yield f"retry: {RECONNECT_MS}\n\n".encode()
            while not self._closed:
                try:
                    await asyncio.wait_for(tab.news.wait(), QUIET_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                tab.news.clear()
                yield self._news(tab)
                await asyncio.sleep(1 / RATE_A_S)
        finally:
            self._tabs.discard(tab)

    def _news(self, tab: _Tab) -> bytes:
        """What it has not got yet."""
        said, tab.said = tab.said, deque(maxlen=SAID_WAITING_MAX)
        stale, tab.stale = tab.stale, {}
        frames = list(said)
        for name in stale:
            html = self._html(name)
            if tab.shown.get(name) != html:
                tab.shown[name] = html
                frames.append(_frame(name, html))
        return b"".join(frames) or b": nothing new\n\n"

    def _html(self, name: str) -> str:
        if name not in self._rendered:
            self._rendered[name] = self._regions[name]()
        return self._rendered[name]


def _frame(event: str, text: str) -> bytes:
    """An event as it travels: each line of it by itself. What ends lines is what does so in such a stream; Python knows
    more of that, which people may write."""
    lines = "\n".join(f"data: {line}" for line in _line_ends("\n", text).split("\n"))
    return f"event: {event}\n{lines}\n\n".encode()
