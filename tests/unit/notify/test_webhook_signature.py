"""Webhooks are signed as Standard Webhooks has it, so that others' code verifies them."""

from __future__ import annotations

import base64

import pytest

from homeport_notify.channels.webhook_signature import read_secret, signed_headers
from homeport_notify.errors import ChannelMissing

# Of the test suites of the reference implementations.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_as_published() -> None:
    headers = signed_headers(
        [read_secret(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNED,
    }


def test_while_a_secret_is_changed_both_sign() -> None:
    other = read_secret("whsec_" + base64.b64encode(bytes(32)).decode())
    headers = signed_headers([other, read_secret(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"x")
    assert [each[:3] for each in headers["webhook-signature"].split(" ")] == ["v1,", "v1,"]


@pytest.mark.parametrize(
    "text", ["", "whsec_", SECRET.removeprefix("whsec_"), "whsec_!!!", "whsec_c2hvcnQ=", "whsec_ü"]
)
def test_a_secret_that_is_none_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ChannelMissing, match="expected whsec_"):
        read_secret(text)
