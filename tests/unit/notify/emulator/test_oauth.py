"""The token endpoint: whose assertion is taken, and what is said to the others."""

import json

import pytest

from homeport_notify.emulator import EmulatorKeys
from homeport_notify.emulator.exchange import Ending, Request
from tests.unit.notify.emulator.world import NOW_MS, World

NOW_S = NOW_MS // 1_000


def test_a_signed_assertion_gets_a_token_with_its_lifetime() -> None:
    reply = World().token()
    given = json.loads(reply.body)
    assert (reply.status, given["expires_in"], given["token_type"]) == (200, 3_599, "Bearer")


def test_googles_own_endpoint_may_be_the_audience() -> None:
    assert World().token({"aud": "https://oauth2.googleapis.com/token"}).status == 200


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"iss": "somebody@else"}, "invalid_grant"),
        ({"aud": "http://elsewhere/token"}, "invalid_grant"),
        ({"scope": ""}, "invalid_scope"),
        ({"iat": NOW_S - 9_000, "exp": NOW_S - 5_400}, "invalid_grant"),
        ({"iat": NOW_S + 9_000, "exp": NOW_S + 9_600}, "invalid_grant"),
        ({"exp": NOW_S + 7_200}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
    ],
)
def test_an_assertion_that_is_not_in_order_gets_none(claims: dict[str, object], wrong: str) -> None:
    world = World()
    reply = world.token(claims)
    assert (reply.status, json.loads(reply.body)["error"]) == (400, wrong)
    assert world.provider.tally.tokens.refused == 1


def test_another_grant_is_none_of_ours() -> None:
    assert json.loads(World().token(grant="password").body)["error"] == "unsupported_grant_type"


def test_a_foreign_key_gets_none() -> None:
    reply = World().token(key=EmulatorKeys().google_pem)
    assert json.loads(reply.body)["error_description"] == "Invalid JWT Signature."


def test_the_endpoint_is_down_or_silent_or_the_key_revoked_as_set() -> None:
    world = World()
    world.behave(tokens_given="no")
    down = world.token()
    world.behave(tokens_given="silent")
    silent = world.ask(Request("POST", "/token", "", {}, b""))
    world.behave(tokens_given="yes", key="revoked")
    revoked = world.token()
    assert (down.status, silent.ending, revoked.status) == (503, Ending.SILENT, 400)
