"""Apple's provider tokens: the same in every worker, without a word between them."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from homeport_notify.channels.apple_token import STEP_S, AppleTokens
from homeport_notify.errors import ChannelMissing

KEY = ec.generate_private_key(ec.SECP256R1())
START_S = 1_795_200_000 - 1_795_200_000 % STEP_S


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


class Clock:
    def __init__(self, now_s: int) -> None:
        self.now_s = now_s

    def __call__(self) -> int:
        return self.now_s * 1_000


def tokens(clock: Clock) -> AppleTokens:
    return AppleTokens("TEAM000000", "KEY0000000", pem(KEY), clock)


async def test_workers_whose_clocks_differ_a_little_sign_the_very_same_token() -> None:
    one, other = tokens(Clock(START_S + 100)), tokens(Clock(START_S + 130))
    token = await one.bearer()
    assert token == await other.bearer()
    claims = jwt.decode(token, KEY.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims == {"iss": "TEAM000000", "iat": START_S}
    assert jwt.get_unverified_header(token)["kid"] == "KEY0000000"


async def test_a_token_is_replaced_after_forty_minutes_and_not_before() -> None:
    clock = Clock(START_S)
    signed = tokens(clock)
    first = await signed.bearer()
    clock.now_s += STEP_S - 1
    assert await signed.bearer() == first
    clock.now_s += 1
    assert await signed.bearer() != first


async def test_one_that_apple_calls_expired_is_followed_by_a_younger_one_if_there_can_be_one() -> None:
    clock = Clock(START_S + STEP_S // 2 + 5)
    signed, other = tokens(clock), tokens(clock)
    old = await signed.bearer()
    signed.refused(old)
    younger = await signed.bearer()
    assert younger != old
    assert await signed.bearer() == younger
    other.refused(old)
    assert await other.bearer() == younger
    early = tokens(Clock(START_S + 5))
    early.refused(await early.bearer())
    assert await early.bearer() == old


@pytest.mark.parametrize("text", ["", "no key", pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))])
def test_a_key_that_is_none_of_apples_is_refused(text: str) -> None:
    with pytest.raises(ChannelMissing, match=r"expected"):
        AppleTokens("TEAM000000", "KEY0000000", text, Clock(0))
