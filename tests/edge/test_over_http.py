"""GraphQL over HTTP, by its letter: media types, GET for queries, and what no page of another site can do."""

import json
from urllib.parse import quote

import httpx2
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_server.edge.request import URL_BYTES_MAX
from homeport_sync.wire import PULL, PUSH
from tests.edge.world import DEVICE, World, ask

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
TYPENAME = {"query": "{ __typename }"}


def _code(answer: httpx2.Response) -> str:
    (error,) = answer.json()["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON_TYPE),
        ("", JSON_TYPE),
        ("*/*", JSON_TYPE),
        ("application/*", JSON_TYPE),
        (JSON_TYPE, JSON_TYPE),
        ("Application/JSON; charset=utf-8", JSON_TYPE),
        (GRAPHQL_TYPE, GRAPHQL_TYPE),
        (f"{GRAPHQL_TYPE}, {JSON_TYPE};q=0.9", GRAPHQL_TYPE),
        (f"{JSON_TYPE}, {GRAPHQL_TYPE}", GRAPHQL_TYPE),
        (f"{GRAPHQL_TYPE};q=0.5, {JSON_TYPE};q=0.8", JSON_TYPE),
        (f"{GRAPHQL_TYPE};q=0, */*;q=0.1", JSON_TYPE),
        ("text/html, */*;q=0.1", JSON_TYPE),
    ],
)
async def test_the_answer_has_the_media_type_that_the_client_likes_best(
    client: httpx2.AsyncClient, accept: str | None, media_type: str
) -> None:
    client.headers.pop("accept")
    headers = {} if accept is None else {"accept": accept}
    answer = await client.post(GRAPHQL_PATH, json=TYPENAME, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", f"{JSON_TYPE};q=0", "*/*;q=0", f"{GRAPHQL_TYPE};q=none", "junk"])
async def test_a_client_that_takes_neither_type_is_told_so_and_nothing_is_done(
    client: httpx2.AsyncClient, world: World, accept: str
) -> None:
    request = {"query": PUSH, "variables": {"device": DEVICE, "changes": [world.new_list(DEVICE)]}}
    answer = await client.post(GRAPHQL_PATH, json=request, headers={"accept": accept})
    assert (answer.status_code, _code(answer)) == (406, "NOT_ACCEPTABLE")
    assert await world.store.read(world.tenant, 0, 10) == []


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "utf8"])
async def test_a_body_in_utf_8_is_taken(client: httpx2.AsyncClient, charset: str) -> None:
    headers = {"content-type": f"application/json; charset={charset}"}
    answer = await client.post(GRAPHQL_PATH, content=json.dumps(TYPENAME).encode(), headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_body_in_another_charset_is_refused(client: httpx2.AsyncClient) -> None:
    headers = {"content-type": "application/json; charset=utf-16"}
    answer = await client.post(GRAPHQL_PATH, content=json.dumps(TYPENAME).encode("utf-16"), headers=headers)
    assert (answer.status_code, _code(answer)) == (415, "MEDIA_TYPE_WRONG")


@pytest.mark.parametrize("name", ["query", "operationName", "variables", "extensions"])
@pytest.mark.parametrize("value", [5, False, ["a"]])
async def test_a_parameter_of_another_type_is_no_request_at_all(
    client: httpx2.AsyncClient, name: str, value: object
) -> None:
    answer = await client.post(GRAPHQL_PATH, json={**TYPENAME, name: value})
    assert (answer.status_code, _code(answer)) == (400, "GRAPHQL_INVALID")


async def test_an_array_of_requests_is_told_that_batching_is_off(client: httpx2.AsyncClient) -> None:
    answer = await client.post(GRAPHQL_PATH, json=[TYPENAME, TYPENAME])
    assert (answer.status_code, _code(answer)) == (400, "GRAPHQL_INVALID")
    assert "batching is off" in answer.json()["errors"][0]["message"]


async def test_extensions_change_nothing_unless_they_are_known(client: httpx2.AsyncClient) -> None:
    for document in (PULL, PULL + " "):
        request = {"query": document, "variables": {"device": DEVICE}, "extensions": {"some": "value"}}
        answer = await client.post(GRAPHQL_PATH, json=request)
        assert answer.json()["data"]["pull"]["records"] == []


async def test_a_query_may_come_by_get_with_all_its_parameters(client: httpx2.AsyncClient, world: World) -> None:
    await world.push(world.new_list(DEVICE))
    document = "query A { __typename } query B($device: ID!) { pull(device: $device) }"
    variables = json.dumps({"device": DEVICE})
    given = {"query": document, "operationName": "B", "variables": variables, "extensions": "{}", "unknown": "ü"}
    answer = await client.get(GRAPHQL_PATH, params=given)
    assert answer.status_code == 200
    assert {each["kind"] for each in answer.json()["data"]["pull"]["records"]} >= {"ShoppingList"}


async def test_of_several_operations_one_must_be_named(client: httpx2.AsyncClient) -> None:
    document = "query A { __typename } query B { __typename }"
    answer = await client.post(GRAPHQL_PATH, json={"query": document}, headers={"accept": GRAPHQL_TYPE})
    assert (answer.status_code, _code(answer)) == (400, "GRAPHQL_INVALID")
    assert "name the one to run as operationName" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ pul }", "Did you mean 'pull'? Compare the request with /api/v1/schema.graphql."),
        ("{ nothing }", "on type 'Query'. Compare the request with /api/v1/schema.graphql."),
        ("{ __typename", "Syntax Error: Expected Name, found <EOF>. Mend the document there."),
    ],
)
async def test_what_graphql_says_itself_ends_with_what_to_do(
    client: httpx2.AsyncClient, document: str, message: str
) -> None:
    (error,) = (await client.post(GRAPHQL_PATH, json={"query": document})).json()["errors"]
    assert error["message"].endswith(message)


@pytest.mark.parametrize("document", ["mutation { __typename }", PUSH])
async def test_a_get_never_runs_a_mutation(client: httpx2.AsyncClient, world: World, document: str) -> None:
    variables = json.dumps({"device": DEVICE, "changes": [world.new_list(DEVICE)]})
    answer = await client.get(GRAPHQL_PATH, params={"query": document, "variables": variables})
    assert (answer.status_code, answer.headers["allow"], _code(answer)) == (405, "POST", "METHOD_WRONG")
    assert await world.store.read(world.tenant, 0, 10) == []


async def test_a_subscription_over_http_is_told_where_to_go(client: httpx2.AsyncClient) -> None:
    document = "subscription { poke }"
    for answer in (await client.get(GRAPHQL_PATH, params={"query": document}), await ask(client, document)):
        assert _code(answer) == "GRAPHQL_INVALID"
        assert "WebSocket" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=%ff",
        "query={__typename}&query={__typename}",
        "query={__typename}&variables=[]",
        "query={__typename}&variables=nope",
        "query={__typename}&extensions=5",
        "&".join(["a=1"] * 100),
    ],
)
async def test_a_url_that_is_no_request_is_told_so(client: httpx2.AsyncClient, query_string: str) -> None:
    url = f"{GRAPHQL_PATH}?{quote(query_string, safe='=&%{}[]')}"
    answer = await client.get(url)
    assert (answer.status_code, _code(answer)) == (400, "GRAPHQL_INVALID")


async def test_an_empty_parameter_of_a_url_is_none(client: httpx2.AsyncClient) -> None:
    answer = await client.get(GRAPHQL_PATH, params={**TYPENAME, "operationName": "", "variables": "", "extensions": ""})
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_url_over_its_limit_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get(GRAPHQL_PATH, params={**TYPENAME, "unknown": "x" * URL_BYTES_MAX})
    assert (answer.status_code, _code(answer)) == (414, "TOO_LARGE")


async def test_no_cache_keeps_an_answer_and_a_request_id_comes_back_with_every_one(client: httpx2.AsyncClient) -> None:
    client.headers["x-request-id"] = "phone-7"
    asked = [
        await client.get(GRAPHQL_PATH, params=TYPENAME),
        await client.post(GRAPHQL_PATH, json=TYPENAME),
        await client.put(GRAPHQL_PATH),
        await client.get(GRAPHQL_PATH, headers={"authorization": "Bearer none"}),
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 405, 401]
    for answer in asked:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "Accept, Accept-Encoding, Authorization"
        assert answer.headers["x-request-id"] == "phone-7"


@pytest.mark.parametrize("header", [{}, {"apollo-require-preflight": "true"}, {"content-type": "application/json"}])
async def test_a_page_of_another_site_has_no_token_and_so_gets_nothing(
    client: httpx2.AsyncClient, world: World, header: dict[str, str]
) -> None:
    """A browser sends cookies unasked, and what a URL holds: neither is a token here, whatever else is said."""
    del client.headers["authorization"]
    client.cookies.set("authorization", f"Bearer {world.token()}")
    given = {**TYPENAME, "authorization": f"Bearer {world.token()}", "access_token": world.token()}
    answer = await client.get(GRAPHQL_PATH, params=given, headers={"origin": "https://evil.example", **header})
    assert (answer.status_code, _code(answer)) == (401, "UNAUTHENTICATED")


async def test_a_page_of_another_site_may_not_send_a_token_either(client: httpx2.AsyncClient) -> None:
    """To set that header a page needs the answer to a preflight, and nobody gives it one."""
    asks = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    answer = await client.options(GRAPHQL_PATH, headers={"origin": "https://evil.example", **asks})
    assert answer.status_code == 405
    assert not any(name.startswith("access-control-") for name in answer.headers)


async def test_what_apollo_sends_for_a_preflight_changes_nothing_for_who_has_a_token(
    client: httpx2.AsyncClient,
) -> None:
    headers = {"apollo-require-preflight": "true", "content-type": "application/json"}
    answer = await client.get(GRAPHQL_PATH, params=TYPENAME, headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}
