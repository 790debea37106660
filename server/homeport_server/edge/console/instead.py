"""What a page says in place of what was asked for, always with what to do next."""

from __future__ import annotations

from typing import Final

from homeport_sync.errors import HomeportError, Overloaded, Unavailable

BUSY: Final = (Overloaded, Unavailable)


class Instead(Exception):
    """Raised by whoever makes a page. `next` is a sentence; `back` and `back_name` are a link, if there is one."""

    def __init__(
        self, title: str, text: str, *, status: int = 404, then: str = "", back: str = "", to: str = ""
    ) -> None:
        super().__init__(title)
        self.title = title
        self.text = text
        self.status = status
        self.then = then
        self.back = back
        self.to = to


def instead_of(error: Exception, request_id: str) -> Instead:
    """What is said of an error. Of one that nobody expected only where to look for it."""
    if isinstance(error, Instead):
        return error
    if isinstance(error, BUSY):
        return Instead(
            "The database does not answer",
            error.message,
            status=503,
            then="The page tries again by itself when you load it again. `homeport doctor` says what is wrong.",
        )
    if isinstance(error, HomeportError):
        return Instead("This could not be done", error.message, status=400)
    return Instead(
        "This page failed",
        "Nobody expected that.",
        status=500,
        then=f"The server's log has the cause: look for the request {request_id}.",
    )
