"""One access token for all: got once however many ask, renewed early, asked for only now and then after a refusal."""

from __future__ import annotations

import asyncio
import threading
from random import Random

import pytest

from homeport_notify.answer import Fate
from homeport_notify.channels.bearer import NoBearer
from homeport_notify.channels.google_token import EARLY_MS, PAUSE_FIRST_MS, GoogleToken, GoogleTokens, Refused

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
        assert 0 < (raised.value.answer.retry_after_ms or 0) <= PAUSE_FIRST_MS
    assert endpoint.asked == 1
    endpoint.now_ms += PAUSE_FIRST_MS
    endpoint.refuses = None
    assert await tokens.bearer() == "token 2"


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
