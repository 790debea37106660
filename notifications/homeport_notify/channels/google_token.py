"""Google's access tokens: an hour each, one for all who send, got in a thread before the last one ends.

The first who needs one waits for it with everybody else; after that it is renewed behind the back of the sending, some
minutes early. Where the token endpoint is down, the old one goes on as long as it holds, and then what is sent is
`UNAVAILABLE`, and the endpoint is asked again only after a while, longer each time. Where Google refuses the key, it is
`MISCONFIGURED`: the channel's gate keeps everybody away then, so whoever mends the key and opens it is not told again
what was said of the former.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final, Protocol, TypeAlias

import msgspec

from homeport_notify.answer import Answer, Fate
from homeport_notify.channels.bearer import NoBearer

EARLY_MS: Final = 5 * 60_000  # before its end a token is renewed; at most half of its life before
PAUSE_FIRST_MS: Final = 10_000
PAUSE_LONGEST_MS: Final = 5 * 60_000
PAUSE_FINAL_MS: Final = 1_000  # for those who were on their way already when the key was refused
ENDPOINT_S: Final = 10.0  # for one try of the token endpoint; google-auth makes three


class GoogleToken(msgspec.Struct, frozen=True):
    """What Google gave, and until when it holds."""

    bearer: str
    until_ms: int


class Refused(Exception):
    """There is no token. `final`: not before somebody mends the key."""

    def __init__(self, code: str, detail: str, *, final: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.final = final


# Gets a token, blocking. Raises `Refused`.
Refresh: TypeAlias = Callable[[], GoogleToken]


class Credentials(Protocol):
    """As much of google-auth's credentials as is used here: after `refresh` they have a `token` and an `expiry`."""

    token: str | None
    expiry: datetime | None

    def refresh(self, request: object) -> None:
        """Get another token, blocking."""


def google_refresh(credentials: Credentials) -> Refresh:
    """A refresh with credentials of google-auth, such as pyfcm reads them from a service account's file."""
    from google.auth import exceptions
    from google.auth.transport.requests import Request

    request = functools.partial(Request(), timeout=ENDPOINT_S)

    def refresh() -> GoogleToken:
        try:
            credentials.refresh(request)
        except exceptions.TransportError as error:
            raise Refused("TOKEN_UNAVAILABLE", f"The token endpoint cannot be reached: {error}", final=False) from error
        except exceptions.GoogleAuthError as error:
            raise _refused(error) from error
        except (OSError, ValueError) as error:
            raise Refused("TOKEN_UNAVAILABLE", f"No token could be asked for: {error}", final=False) from error
        if not credentials.token or credentials.expiry is None:
            raise Refused("TOKEN_UNAVAILABLE", "The token endpoint gave no token that ends.", final=False)
        until = credentials.expiry.replace(tzinfo=UTC)  # google-auth's times are UTC and do not say so
        return GoogleToken(credentials.token, int(until.timestamp() * 1_000))

    return refresh


def _refused(error: Exception) -> Refused:
    """Google says why as OAuth has it (RFC 6749, section 5.2); what says nothing of that sort is an outage."""
    said = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
    code = said.get("error")
    if not isinstance(code, str) or getattr(error, "retryable", False):
        return Refused(
            "TOKEN_UNAVAILABLE",
            f"The token endpoint failed: {str(error.args[0] if error.args else error)[:200]}",
            final=False,
        )
    why = str(said.get("error_description") or error.args[0]).removesuffix(".")[:200]
    return Refused(code.upper(), f"Google refuses the service account: {why}.", final=True)


class GoogleTokens:
    """`Bearers` of one service account. `wall_ms` is the clock that Google's times are compared with."""

    def __init__(self, refresh: Refresh, wall_ms: Callable[[], int], random: Random | None = None) -> None:
        self._refresh = refresh
        self._wall_ms = wall_ms
        self._random = random or Random()
        self._token: GoogleToken | None = None
        self._renew_at_ms = 0
        self._refreshing: asyncio.Task[None] | None = None
        self._failures = 0
        self._failed: Refused | None = None
        self._not_before_ms = 0

    async def bearer(self) -> str:
        """As `Bearers` says."""
        now_ms = self._wall_ms()
        if now_ms >= self._renew_at_ms and now_ms >= self._not_before_ms and self._refreshing is None:
            self._refreshing = asyncio.get_running_loop().create_task(self._renew())
        if not self._holds(now_ms) and self._refreshing is not None:
            await asyncio.shield(self._refreshing)
        if self._token is None or not self._holds(self._wall_ms()):
            raise NoBearer(self._answer())
        return self._token.bearer

    def refused(self, bearer: str) -> None:
        """As `Bearers` says."""
        if self._token is not None and self._token.bearer == bearer:
            self._token, self._renew_at_ms = None, 0

    async def close(self) -> None:
        """As `Bearers` says. A thread that waits for the endpoint ends by itself."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])

    def _holds(self, now_ms: int) -> bool:
        return self._token is not None and now_ms < self._token.until_ms

    async def _renew(self) -> None:
        try:
            token = await asyncio.to_thread(self._refresh)
        except Refused as refused:
            pause_ms = min(PAUSE_FIRST_MS * 2 ** min(self._failures, 16), PAUSE_LONGEST_MS)
            if refused.final:
                pause_ms = PAUSE_FINAL_MS
            self._failures += 1
            self._failed = refused
            self._not_before_ms = self._wall_ms() + int(pause_ms * self._random.uniform(0.5, 1.0))
        else:
            now_ms = self._wall_ms()
            self._failures, self._failed, self._not_before_ms = 0, None, 0
            self._token = token
            self._renew_at_ms = token.until_ms - min(EARLY_MS, max(0, token.until_ms - now_ms) // 2)
        finally:
            self._refreshing = None

    def _answer(self) -> Answer:
        failed = self._failed or Refused("TOKEN_UNAVAILABLE", "The token ended as soon as it was given.", final=False)
        if failed.final:
            return Answer(fate=Fate.MISCONFIGURED, code=failed.code, detail=str(failed))
        return Answer(
            fate=Fate.UNAVAILABLE,
            code=failed.code,
            detail=str(failed),
            retry_after_ms=max(0, self._not_before_ms - self._wall_ms()) or None,
        )
