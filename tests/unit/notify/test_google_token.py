"""One access token for all: got once however many ask, renewed early, asked for only now and then after a refusal."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime
from random import Random
from typing import Any

import pytest
from google.auth import exceptions

from homeport_notify.answer import Fate
from homeport_notify.channels.bearer import NoBearer
from homeport_notify.channels.google_token import (
    EARLY_MS,
    PAUSE_FINAL_MS,
    PAUSE_FIRST_MS,
    GoogleToken,
    GoogleTokens,
    Refused,
    google_refresh,
)

HOUR_MS = 3_600_000


class Endpoint:
    """Google's, by hand. `refuses` is what it says instead of giving a token; `gate` holds its answer back."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.asked = 0
        self.life_ms = HOUR_MS
        self.refuses: Refused | None = None
        self.gate: threading.Event | None = None

    def wall_ms(self) -> int:
        return self.now_ms

    def __call__(self) -> GoogleToken:
        self.asked += 1
        number = self.asked
        if self.gate is not None:
            self.gate.wait()
        if self.refuses is not None:
            raise self.refuses
        return GoogleToken(f"token {number}", self.now_ms + self.life_ms)

    def tokens(self) -> GoogleTokens:
        return GoogleTokens(self, self.wall_ms, Random(1))


DOWN = Refused("TOKEN_UNAVAILABLE", "The endpoint is down.", final=False)
REVOKED = Refused("INVALID_GRANT", "The key is revoked.", final=True)


async def settled(tokens: GoogleTokens) -> None:
    if tokens._refreshing is not None:
        await tokens._refreshing


async def test_however_many_ask_it_is_got_once() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens()
    assert await asyncio.gather(*(tokens.bearer() for _ in range(50))) == ["token 1"] * 50
    assert await tokens.bearer() == "token 1"
    assert endpoint.asked == 1


async def test_who_leaves_takes_it_from_nobody() -> None:
    endpoint = Endpoint()
    endpoint.gate = threading.Event()
    tokens = endpoint.tokens()
    one, other = asyncio.create_task(tokens.bearer()), asyncio.create_task(tokens.bearer())
    await asyncio.sleep(0)
    one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await one
    endpoint.gate.set()
    assert await other == "token 1"


async def test_some_minutes_before_its_end_it_is_renewed_and_nobody_waits_for_that() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens()
    await tokens.bearer()
    endpoint.now_ms += HOUR_MS - EARLY_MS
    endpoint.gate = threading.Event()
    assert await tokens.bearer() == "token 1"
    assert await tokens.bearer() == "token 1"
    endpoint.gate.set()
    await settled(tokens)
    assert await tokens.bearer() == "token 2"
    assert endpoint.asked == 2


async def test_a_short_life_is_renewed_in_its_second_half() -> None:
    endpoint = Endpoint()
    endpoint.life_ms = 60_000
    tokens = endpoint.tokens()
    await tokens.bearer()
    endpoint.now_ms += 29_000
    await tokens.bearer()
    assert endpoint.asked == 1
    endpoint.now_ms += 1_000
    await tokens.bearer()
    await settled(tokens)
    assert endpoint.asked == 2


async def test_one_that_was_refused_is_not_used_again() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens()
    tokens.refused(await tokens.bearer())
    assert await tokens.bearer() == "token 2"
    tokens.refused("token 1")  # a late word about the former
    assert await tokens.bearer() == "token 2"


@pytest.mark.parametrize(("refusal", "fate"), [(DOWN, Fate.UNAVAILABLE), (REVOKED, Fate.MISCONFIGURED)])
async def test_a_refusal_says_what_it_means_and_the_endpoint_is_left_alone_for_a_while(
    refusal: Refused, fate: Fate
) -> None:
    endpoint = Endpoint()
    endpoint.refuses = refusal
    tokens = endpoint.tokens()
    for _ in range(3):
        with pytest.raises(NoBearer) as raised:
            await tokens.bearer()
        assert (raised.value.answer.fate, raised.value.answer.code) == (fate, refusal.code)
    assert endpoint.asked == 1
    endpoint.now_ms += PAUSE_FIRST_MS
    endpoint.refuses = None
    assert await tokens.bearer() == "token 2"


async def test_who_is_refused_is_told_when_to_ask_again_unless_the_key_has_to_be_mended_first() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens()
    endpoint.refuses = DOWN
    with pytest.raises(NoBearer) as raised:
        await tokens.bearer()
    assert 0 < (raised.value.answer.retry_after_ms or 0) <= PAUSE_FIRST_MS
    endpoint.now_ms += PAUSE_FIRST_MS
    endpoint.refuses = REVOKED
    for _ in range(5):
        with pytest.raises(NoBearer) as raised:
            await tokens.bearer()
        assert raised.value.answer.retry_after_ms is None
        endpoint.now_ms += PAUSE_FINAL_MS
    endpoint.refuses = None  # mended: however often it was refused before, it is asked for at once
    assert await tokens.bearer() == "token 7"


async def test_the_pause_grows_with_each_refusal() -> None:
    endpoint = Endpoint()
    endpoint.refuses = DOWN
    tokens = endpoint.tokens()
    pauses = []
    for _ in range(4):
        with pytest.raises(NoBearer) as raised:
            await tokens.bearer()
        pauses.append(raised.value.answer.retry_after_ms or 0)
        endpoint.now_ms += pauses[-1]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * PAUSE_FIRST_MS


async def test_while_the_endpoint_is_down_the_old_token_goes_on_as_long_as_it_holds() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens()
    await tokens.bearer()
    endpoint.now_ms += HOUR_MS - 1_000
    endpoint.refuses = DOWN
    assert await tokens.bearer() == "token 1"
    await settled(tokens)
    assert await tokens.bearer() == "token 1"
    endpoint.now_ms += 1_000
    with pytest.raises(NoBearer):
        await tokens.bearer()


async def test_closed_it_asks_for_no_more() -> None:
    endpoint = Endpoint()
    endpoint.gate = threading.Event()
    tokens = endpoint.tokens()
    waiting = asyncio.create_task(tokens.bearer())
    await asyncio.sleep(0)
    closing = asyncio.create_task(tokens.close())
    endpoint.gate.set()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await waiting


GOOGLES: Any = exceptions  # whose makers have no types


class Account:
    """Credentials of google-auth, by hand: refreshing them does what the test says."""

    def __init__(self, does: Exception | datetime | None) -> None:
        self.token: str | None = "given"
        self.expiry: datetime | None = None
        self._does = does

    def refresh(self, request: object) -> None:
        assert callable(request)
        if isinstance(self._does, Exception):
            raise self._does
        self.expiry = self._does


def test_what_google_gives_ends_at_a_time_of_ours() -> None:
    given = google_refresh(Account(datetime(2026, 11, 29, 11, 0)))()  # noqa: DTZ001 -- as google-auth has it
    assert given == GoogleToken("given", 1_795_950_000_000)


@pytest.mark.parametrize(
    ("does", "code", "final"),
    [
        (GOOGLES.TransportError("no route"), "TOKEN_UNAVAILABLE", False),
        (OSError("no certificates"), "TOKEN_UNAVAILABLE", False),
        (GOOGLES.RefreshError("<html>Bad gateway</html>"), "TOKEN_UNAVAILABLE", False),
        (GOOGLES.RefreshError("busy", {"error": "internal_failure"}, retryable=True), "TOKEN_UNAVAILABLE", False),
        (GOOGLES.RefreshError("invalid_grant: no", {"error": "invalid_grant"}), "INVALID_GRANT", True),
        (GOOGLES.RefreshError("no", {"error": "invalid_client"}), "INVALID_CLIENT", True),
        (None, "TOKEN_UNAVAILABLE", False),  # a token that never ends
    ],
)
def test_each_refusal_of_google_is_an_outage_or_a_key_to_be_mended(
    does: Exception | None, code: str, final: bool
) -> None:
    with pytest.raises(Refused) as raised:
        google_refresh(Account(does))()
    assert (raised.value.code, raised.value.final) == (code, final)
    assert "{" not in str(raised.value)  # a sentence, and not what Python makes of an answer


def test_why_google_refuses_is_said_in_its_own_words() -> None:
    said = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    with pytest.raises(Refused) as raised:
        google_refresh(Account(GOOGLES.RefreshError("invalid_grant: Invalid JWT Signature.", said)))()
    assert str(raised.value) == "Google refuses the service account: Invalid JWT Signature."
