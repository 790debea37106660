"""Hostile documents, bodies and sockets: each is refused with its code, before anything is done for it."""

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_sync.wire import POKE, PULL
from tests.edge.hostile import HOSTILE
from tests.edge.world import DEVICE, SETTINGS, World, ask, make_world, poke, receive, send, socket

TYPED = "query Q($device: ID!, $choice: ChoiceInput) { pull(device: $device, choice: $choice) }"


def _code(answer: httpx2.Response) -> str:
    """The code of what is refused, in an answer that is small whatever was sent."""
    assert len(answer.content) < 5_000
    assert "data" not in answer.json()
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_refused_with_its_code(client: httpx2.AsyncClient, name: str) -> None:
    document, code = HOSTILE[name]
    assert _code(await ask(client, document)) == code


@pytest.mark.parametrize("name", [name for name in HOSTILE if HOSTILE[name][1] != "TOO_LARGE"])
async def test_it_is_refused_on_a_socket_with_the_same_code_and_the_socket_goes_on(
    served_world: World, url: str, name: str
) -> None:
    document, code = HOSTILE[name]
    async with socket(url, served_world.token()) as ana:
        await receive(ana)
        await send(ana, type="subscribe", id="1", payload={"query": document})
        told = await receive(ana)
        assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", code)
        await send(ana, type="subscribe", id="1", payload={"query": POKE})
        assert await receive(ana) == poke("1")


async def test_a_body_of_50_mb_is_refused_before_it_is_read(client: httpx2.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(800):
            read += 1
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    announced = {**headers, "content-length": "52428800"}
    answer = await client.post(GRAPHQL_PATH, content=body(), headers=announced)
    assert (answer.status_code, _code(answer), read) == (413, "TOO_LARGE", 0)
    answer = await client.post(GRAPHQL_PATH, content=body(), headers=headers)
    assert (answer.status_code, _code(answer)) == (413, "TOO_LARGE")
    assert read < 30


@pytest.mark.parametrize(
    "scopes", [["x"] * 200_000, [[["x"] * 100] * 20] * 10], ids=["many values", "many values within values"]
)
async def test_huge_variables_are_refused_unless_they_are_what_a_device_sends(
    client: httpx2.AsyncClient, scopes: list[object]
) -> None:
    variables = {"device": DEVICE, "choice": {"scopes": scopes}}
    assert _code(await ask(client, TYPED, **variables)) == "TOO_LARGE"


async def test_variables_that_are_nested_too_deeply_are_refused(client: httpx2.AsyncClient) -> None:
    deep = f'{{"scopes": {"[" * 900}{"]" * 900}}}'
    body = f'{{"query": "{TYPED}", "variables": {{"device": "{DEVICE}", "choice": {deep}}}}}'
    answer = await client.post(GRAPHQL_PATH, content=body.encode(), headers={"content-type": "application/json"})
    assert _code(answer) == "TOO_LARGE"


async def test_a_thousand_subscriptions_on_one_socket_are_ten_and_990_refusals(served_world: World, url: str) -> None:
    async with socket(url, served_world.token()) as ana:
        await receive(ana)
        for number in range(1_000):
            await send(ana, type="subscribe", id=str(number), payload={"query": POKE})
        told = [await receive(ana) for _ in range(1_000)]
    assert [each["type"] for each in told].count("next") == 10
    refused = [each for each in told if each["type"] == "error"]
    assert {each["payload"][0]["extensions"]["code"] for each in refused} == {"TOO_MANY_SUBSCRIPTIONS"}


async def test_who_sends_junk_is_slowed_and_nobody_else_is() -> None:
    world = await make_world(replace(SETTINGS, graphql_checking_ms_a_s=1))
    async with world.client("eve") as eve, world.client("ana") as ana:
        for number in range(10_000):
            answer = await ask(eve, f"{{ nope{number} }}")
            (error,) = answer.json()["errors"]
            if error["extensions"]["code"] != "GRAPHQL_INVALID":
                break
        assert error["extensions"]["code"] == "TOO_MANY_NEW_DOCUMENTS"
        assert error["extensions"]["retryable"]
        assert error["extensions"]["retryAfterMs"] > 0
        assert (await ask(ana, "{ __typename }")).json() == {"data": {"__typename": "Query"}}
        assert (await ask(eve, "{ __typename }")).json() == {"data": {"__typename": "Query"}}
        assert (await ask(eve, PULL, device=DEVICE)).json()["data"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b" " * (SETTINGS.body_bytes_max + 1),
        json.dumps({"query": HOSTILE["1 MB of tokens"][0]}).encode(),
        json.dumps({"query": HOSTILE["10,000 aliases"][0]}).encode(),
        json.dumps({"documentId": "nope"}).encode(),
    ],
    ids=["no JSON", "an array", "too large", "tokens", "aliases", "a name"],
)
async def test_what_was_refused_is_let_go_at_once(world: World, body: bytes) -> None:
    """An error that is kept by its own traceback keeps the request, until the garbage collector comes by."""
    headers = [(b"authorization", f"Bearer {world.token()}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": GRAPHQL_PATH, "query_string": b"", "headers": headers}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(dict(message))

    request = weakref.ref(receive)  # as long as a frame of the request lives, this does, too
    gc.disable()
    try:
        await world.built.asgi(scope, receive, send)
        del receive
        await asyncio.sleep(0)
        assert request() is None
    finally:
        gc.enable()
    assert b"errors" in sent[1]["body"]


async def test_an_error_of_graphql_repeats_no_more_of_a_document_than_one_can_read(client: httpx2.AsyncClient) -> None:
    answer = await ask(client, f'{{ pull(limit: "{"x" * 60_000}", device: 1) }}')
    assert len(json.dumps(answer.json())) < 1_500
