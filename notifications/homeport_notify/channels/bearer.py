"""Who may send: the port for what goes into `authorization`, whether a provider gives it or we sign it."""

from __future__ import annotations

from typing import Protocol

from homeport_notify.answer import Answer


class NoBearer(Exception):
    """There is none now; `answer` is what that means for each delivery."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail)
        self.answer = answer


class Bearers(Protocol):
    """One account's."""

    async def bearer(self) -> str:
        """The one to use now. However many ask, it is got once. Raises `NoBearer`."""

    def refused(self, bearer: str) -> None:
        """The provider says that this one is no good (any more): the next is another, if there can be one."""

    async def close(self) -> None:
        """Ask for no more."""
