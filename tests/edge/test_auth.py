"""Each thing that can be wrong with a token has a code of its own, a next step, and writes nothing."""

import base64
import json
from collections.abc import Callable

import httpx2
import jwt
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_sync.wire import PUSH
from tests.edge.world import DEVICE, START_MS, World, ask

CLAIMS = {"sub": "ana", "iss": "homeport", "aud": "homeport", "iat": START_MS // 1_000, "exp": START_MS // 1_000 + 60}
TYPE = {"typ": "at+jwt"}


def _key(world: World) -> bytes:
    return world.secret.key("tokens")


def _signed(world: World, **changed: object) -> str:
    claims = {**CLAIMS, "tenant": world.tenant, **changed}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, _key(world), "HS256", headers=TYPE)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _claims(world: World) -> dict[str, object]:
    return {**CLAIMS, "tenant": world.tenant}


BAD_TOKENS: dict[str, tuple[str, Callable[[World], str]]] = {
    "garbage": ("TOKEN_MALFORMED", lambda _: "garbage"),
    "three parts of garbage": ("TOKEN_MALFORMED", lambda _: "a.b.c"),
    "too long": ("TOKEN_MALFORMED", lambda world: world.token() + "a" * 5_000),
    "no user": ("TOKEN_MALFORMED", lambda world: _signed(world, sub=None)),
    "of everybody": ("TOKEN_MALFORMED", lambda world: _signed(world, sub="*")),
    "no tenant": ("TOKEN_MALFORMED", lambda world: _signed(world, tenant=None)),
    "no expiry": ("TOKEN_MALFORMED", lambda world: _signed(world, exp=None)),
    "another issuer": ("TOKEN_MALFORMED", lambda world: _signed(world, iss="elsewhere")),
    "another audience": ("TOKEN_MALFORMED", lambda world: _signed(world, aud="elsewhere")),
    "from the future": ("TOKEN_MALFORMED", lambda world: _signed(world, iat=START_MS // 1_000 + 100)),
    "another type": ("TOKEN_MALFORMED", lambda world: jwt.encode(_claims(world), _key(world), "HS256")),
    "expired": ("TOKEN_EXPIRED", lambda world: _signed(world, exp=START_MS // 1_000)),
    "alg none": ("TOKEN_UNSIGNED", lambda world: f"{_part({'alg': 'none', **TYPE})}.{_part(_claims(world))}."),
    "alg None with a signature": (
        "TOKEN_UNSIGNED",
        lambda world: f"{_part({'alg': 'None', **TYPE})}.{_part(_claims(world))}.c2ln",
    ),
    "signature cut off": ("TOKEN_UNSIGNED", lambda world: world.token().rpartition(".")[0] + "."),
    "HS512 with our key": (
        "TOKEN_ALGORITHM",
        lambda world: jwt.encode(_claims(world), _key(world) * 2, "HS512", headers=TYPE),
    ),
    "RS256": (
        "TOKEN_ALGORITHM",
        lambda world: f"{_part({'alg': 'RS256', **TYPE})}.{_part(_claims(world))}.c2lnbmF0dXJl",
    ),
    "another key": (
        "TOKEN_SIGNATURE",
        lambda world: jwt.encode(_claims(world), b"x" * 32, "HS256", headers=TYPE),
    ),
    "the cursors' key": (
        "TOKEN_SIGNATURE",
        lambda world: jwt.encode(_claims(world), world.secret.key("cursors"), "HS256", headers=TYPE),
    ),
    "altered": (
        "TOKEN_SIGNATURE",
        lambda world: ".".join(
            [
                (parts := world.token().split("."))[0],
                _part({**_claims(world), "sub": "bo"}),
                parts[2],
            ]
        ),
    ),
    "an unknown tenant": ("TENANT_UNKNOWN", lambda world: _signed(world, tenant="no-such-tenant")),
    "a tenant's name for its id": ("TENANT_UNKNOWN", lambda world: _signed(world, tenant="demo")),
}


async def _try(world: World, headers: dict[str, str]) -> httpx2.Response:
    async with world.client() as client:
        client.headers.pop("authorization")
        client.headers.update(headers)
        return await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE)])


async def _refused(world: World, headers: dict[str, str]) -> dict[str, object]:
    """The extensions of a 401 that wrote nothing and says what to do next."""
    answer = await _try(world, headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json().keys() == {"errors"}
    (error,) = answer.json()["errors"]
    assert ":" in error["message"] or ";" in error["message"]
    assert await world.store.read(world.tenant, 0, 10) == []
    extensions: dict[str, object] = error["extensions"]
    return extensions


@pytest.mark.parametrize("wrong", BAD_TOKENS)
async def test_a_bad_token_is_refused_by_its_own_code_and_nothing_is_written(world: World, wrong: str) -> None:
    code, make = BAD_TOKENS[wrong]
    extensions = await _refused(world, {"authorization": f"Bearer {make(world)}"})
    assert extensions["code"] == code
    assert extensions["retryable"] is False


async def test_a_request_without_a_token_is_unauthenticated(world: World) -> None:
    assert (await _refused(world, {}))["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("text", ["Basic YTpi", "Bearer", "Bearer "])
async def test_an_authorization_of_another_form_is_malformed(world: World, text: str) -> None:
    assert (await _refused(world, {"authorization": text}))["code"] in {"TOKEN_MALFORMED", "UNAUTHENTICATED"}


async def test_a_request_that_names_another_tenant_than_its_token_is_refused(world: World) -> None:
    headers = {"authorization": f"Bearer {world.token()}", "homeport-tenant": "another"}
    assert (await _refused(world, headers))["code"] == "TOKEN_FOREIGN"


async def test_a_request_that_names_the_tokens_tenant_goes_through(world: World) -> None:
    answer = await _try(world, {"authorization": f"Bearer {world.token()}", "homeport-tenant": world.tenant})
    assert answer.status_code == 200
    assert answer.json()["data"]["push"]["outcomes"][0]["outcome"] == "applied"


async def test_a_token_that_was_verified_before_is_refused_once_it_expires(world: World) -> None:
    headers = {"authorization": f"Bearer {world.token(ttl_s=60)}"}
    world.clock.now_ms += 59_999
    assert (await _try(world, headers)).status_code == 200
    world.clock.now_ms += 1
    answer = await _try(world, headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "TOKEN_EXPIRED"


async def test_the_token_is_asked_before_the_body_is_read(world: World) -> None:
    async with world.client() as client:
        client.headers.pop("authorization")
        answer = await client.post(GRAPHQL_PATH, content=b"not json", headers={"content-type": "application/json"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
