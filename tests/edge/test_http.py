"""What can be wrong with a request, what is limited, and the id that follows a request everywhere."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest
from graphql import (
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    lexicographic_sort_schema,
    print_schema,
)

from homeport_server.app import GRAPHQL_PATH
from homeport_sync.wire import PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, ask, make_world

JSON_TYPE = {"content-type": "application/json"}
GRAPHQL_TYPE = "application/graphql-response+json"


def _error(answer: httpx2.Response) -> dict[str, object]:
    """The only error, which says what to do next and carries the request id."""
    (error,) = answer.json()["errors"]
    assert set(":;") & set(error["message"]) or "Compare the request with" in error["message"]
    extensions: dict[str, object] = error["extensions"]
    assert extensions["requestId"] == answer.headers["x-request-id"]
    return {**extensions, "message": error["message"]}


def _sorted(schema: GraphQLSchema) -> str:
    return print_schema(lexicographic_sort_schema(schema))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nope", b'{"query": "\xff"}', b'{"query": "{ a }"} and more', b'{"a": NaN}']
)
async def test_a_body_that_is_not_json_is_told_so(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post(GRAPHQL_PATH, content=body, headers=JSON_TYPE)
    assert (answer.status_code, _error(answer)["code"]) == (400, "BODY_NOT_JSON")


async def test_half_an_emoji_does_not_stop_the_queue_it_stands_in(client: httpx2.AsyncClient, world: World) -> None:
    change = json.dumps(world.new_list(DEVICE, title="half: HERE"))
    torn = change.replace("HERE", r"\ud83d")
    body = f'{{"query": "{PUSH}", "variables": {{"device": "{DEVICE}", "changes": [{torn}]}}}}'
    answer = await client.post(GRAPHQL_PATH, content=body.encode(), headers=JSON_TYPE)
    (outcome,) = answer.json()["data"]["push"]["outcomes"]
    assert outcome["outcome"] == "applied"


@pytest.mark.parametrize("body", [rb'{"query": "\ud83d", "a": NaN}', rb'{"query": "\\ud", "a": NaN}', rb'["\ud83d"'])
async def test_a_body_that_cannot_be_mended_is_still_told_so(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post(GRAPHQL_PATH, content=body, headers=JSON_TYPE)
    assert _error(answer)["code"] in {"BODY_NOT_JSON", "GRAPHQL_INVALID"}


@pytest.mark.parametrize("query", [PUSH, PUSH + " "], ids=["precompiled", "ordinary"])
async def test_what_is_nested_too_deeply_is_told_so_at_whichever_depth_it_is_found(
    client: httpx2.AsyncClient, world: World, query: str
) -> None:
    change = json.dumps(world.new_list(DEVICE))
    told = set()
    for depth in (*range(900, 1_000), 5_000):
        deep = f'{change[:-1]}, "unknown": {"[" * depth}{"]" * depth}}}'
        body = f'{{"query": "{query}", "variables": {{"device": "{DEVICE}", "changes": [{deep}]}}}}'
        answer = await client.post(GRAPHQL_PATH, content=body.encode(), headers=JSON_TYPE)
        refused = answer.json().get("errors") or answer.json()["data"]["push"]["errors"]
        told |= {(each["extensions"]["code"], "nested too deeply" in each["message"]) for each in refused}
    assert ("BODY_NOT_JSON", True) in told
    assert told <= {("BODY_NOT_JSON", True), ("MALFORMED", True)}


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'[{"query": "{ a }"}]', b'{"query": 1}', b'{"query": "{ a }", "variables": []}', b"null"]
)
async def test_json_that_is_no_request_is_invalid_and_batches_are_none(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post(GRAPHQL_PATH, content=body, headers=JSON_TYPE)
    assert _error(answer)["code"] == "GRAPHQL_INVALID"


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "{ nope }",
        "subscription { poke }",
        "mutation { push(device: 1) }",
    ],
)
async def test_a_document_that_cannot_run_is_invalid_and_runs_nothing(
    client: httpx2.AsyncClient, document: str
) -> None:
    answer = await ask(client, document)
    assert answer.status_code == 200
    assert _error(answer)["code"] == "GRAPHQL_INVALID"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"device": None},
        {"device": {}},
        {"device": DEVICE, "limit": "5"},
        {"device": DEVICE, "limit": 2**31},
        {"device": DEVICE, "cursor": 5},
    ],
)
async def test_wrong_variables_are_invalid(client: httpx2.AsyncClient, variables: dict[str, object]) -> None:
    assert _error(await ask(client, PULL, **variables))["code"] == "GRAPHQL_INVALID"


async def test_changes_that_are_no_array_are_malformed(client: httpx2.AsyncClient, world: World) -> None:
    assert _error(await ask(client, PUSH, device=DEVICE, changes={}))["code"] == "MALFORMED"
    assert await world.store.read(world.tenant, 0, 10) == []


async def test_a_device_that_is_no_uuid_is_malformed(client: httpx2.AsyncClient) -> None:
    assert _error(await ask(client, PULL, device="phone"))["code"] == "MALFORMED"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
async def test_another_method_than_post_and_get_is_refused(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, GRAPHQL_PATH, params={"query": "{ __typename }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert _error(answer)["code"] == "METHOD_WRONG"


@pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data; boundary=x", ""])
async def test_a_body_that_any_web_page_could_send_is_refused(client: httpx2.AsyncClient, media_type: str) -> None:
    answer = await client.post(GRAPHQL_PATH, content=b"{}", headers={"content-type": media_type})
    assert (answer.status_code, _error(answer)["code"]) == (415, "MEDIA_TYPE_WRONG")


async def test_a_media_type_with_a_charset_is_json_too(client: httpx2.AsyncClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    answer = await client.post(GRAPHQL_PATH, content=b'{"query": "{ __typename }"}', headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_body_over_its_limit_is_refused_announced_or_not() -> None:
    small = await make_world(replace(SETTINGS, body_bytes_max=100))

    async def in_parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b'{"query": "{ __typename }"' + b" " * 20

    async with small.client() as client:
        fits = b'{"query": "{ __typename }"}'.ljust(100)
        assert (await client.post(GRAPHQL_PATH, content=fits, headers=JSON_TYPE)).status_code == 200
        for body in (fits + b" ", in_parts()):
            answer = await client.post(GRAPHQL_PATH, content=body, headers=JSON_TYPE)
            assert (answer.status_code, _error(answer)["code"]) == (413, "TOO_LARGE")


async def test_a_request_error_is_a_400_for_those_who_ask_for_the_graphql_media_type(
    client: httpx2.AsyncClient,
) -> None:
    client.headers["accept"] = f"{GRAPHQL_TYPE}, application/json;q=0.9"
    answer = await ask(client, "{ nope }")
    assert (answer.status_code, answer.headers["content-type"]) == (400, f"{GRAPHQL_TYPE}; charset=utf-8")
    answer = await ask(client, PULL, device=DEVICE, cursor="not ours")
    assert (answer.status_code, _error(answer)["code"]) == (200, "CURSOR_INVALID")


async def test_a_request_id_is_echoed_and_stands_in_every_line_and_in_the_log(
    client: httpx2.AsyncClient, world: World
) -> None:
    client.headers["x-request-id"] = "phone-7.42_a"
    change = world.new_list(DEVICE)
    answer = await ask(client, PUSH, device=DEVICE, changes=[change], pull={})
    assert answer.headers["x-request-id"] == "phone-7.42_a"
    (line,) = await world.lines()
    assert line["request_id"] == "phone-7.42_a"
    (entry,) = await world.store.read(world.tenant, 0, 10)
    assert entry.request_id == "phone-7.42_a"


@pytest.mark.parametrize("wrong", ["", "a b", "ä", 'x"y', "a" * 129])
async def test_a_request_id_that_is_not_well_formed_is_replaced(client: httpx2.AsyncClient, wrong: str) -> None:
    answer = await client.post(
        GRAPHQL_PATH, json={"query": "{ __typename }"}, headers={b"x-request-id": wrong.encode()}
    )
    assert answer.headers["x-request-id"] != wrong
    assert len(answer.headers["x-request-id"]) == 16


async def test_a_push_and_a_pull_leave_one_line_each_with_what_became_of_them(
    client: httpx2.AsyncClient, world: World
) -> None:
    changes = [
        world.new_list(DEVICE),
        world.new_list(DEVICE),
        world.change(DEVICE, op="create", kind="Nope", id=DEVICE, scope=DEVICE),
    ]
    await ask(client, PUSH, device=DEVICE, changes=changes)
    await ask(client, PULL, device=DEVICE)
    await ask(client, PULL, device=DEVICE, cursor="not ours")
    push, pull, refused = await world.lines()
    assert push["ms"] >= 0
    shown = {name: push[name] for name in ("event", "level", "user", "tenant", "device", "numbers")}
    assert shown == {
        "event": "push",
        "level": "info",
        "user": "ana",
        "tenant": world.tenant,
        "device": DEVICE,
        "numbers": "1-3",
    }
    assert (push["applied"], push["rejected"]) == (2, 1)
    assert (pull["event"], pull["level"], refused["error"]) == ("pull", "info", "CURSOR_INVALID")


async def test_no_token_and_no_secret_is_ever_logged(world: World) -> None:
    canary = "canary-" + "x" * 20
    async with world.client(user="ana") as client:
        await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE, title=canary)])
        await ask(client, f'{{ pull(device: "{canary}") }}')
        await ask(client, PULL, device=DEVICE, cursor=canary)
        client.headers["authorization"] = f"Bearer {canary}"
        await ask(client, PULL, device=DEVICE)
    assert len(await world.lines()) == 3
    logged = world.out.getvalue()
    assert world.token().encode() not in logged
    assert world.secret.key("tokens") not in logged
    assert logged.count(canary.encode()) == 1  # the device's name, which a pull's line shows


async def test_the_schemas_text_is_served_and_can_be_introspected(client: httpx2.AsyncClient) -> None:
    text = await client.get("/api/v1/schema.graphql")
    assert text.headers["content-type"].startswith("text/plain")
    answer = await ask(client, get_introspection_query())
    assert "errors" not in answer.json()
    introspected = build_client_schema(answer.json()["data"])
    assert _sorted(introspected) == _sorted(build_schema(text.text))


async def test_a_schema_that_changed_by_accident_is_noticed(client: httpx2.AsyncClient) -> None:
    text = (await client.get("/api/v1/schema.graphql")).text
    arguments = "changes: JSON!, clockMs: Long, confirmed: Long, device: ID!, pull: PullInput, receipts: JSON"
    assert f"push({arguments}): JSON!" in text
    assert "pull(choice: ChoiceInput, cursor: String, device: ID!, limit: Int): JSON!" in text
    assert "poke(device: ID): Boolean!" in text
