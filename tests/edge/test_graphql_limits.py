"""The limits of GraphQL documents: each has its setting, its code and its figures, and says what an operation cost."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as some

from homeport_server.app import GRAPHQL_PATH, SCHEMA_PATH
from homeport_sync.ports import Tenant
from homeport_sync.wire import PULL
from tests.edge.gallery import app, hang, make_gallery
from tests.edge.world import DEVICE, SETTINGS, World, ask, make_world, receive, send, served, socket

IN_A_FRAGMENT = "{ ...q } fragment q on Query { __schema { types { name } } }"
PAGE = "query Page($first: Int, $last: Int = 5) { rooms(first: $first, last: $last) { nodes { id title } } }"


async def _gallery(**limits: Any) -> World:  # noqa: ANN401  # of a setting's own type
    return await make_world(replace(SETTINGS, **limits), declared=app)


async def _told(world: World, query: str, **variables: object) -> dict[str, Any]:
    """The extensions of the only error, its message among them."""
    async with world.client() as client:
        (error,) = (await ask(client, query, **variables)).json()["errors"]
    return {"message": error["message"], **error["extensions"]}


async def _cost(client: httpx2.AsyncClient, query: str, **variables: object) -> tuple[Any, int]:
    """The data of an answer, and what it says that it cost."""
    asked = {"query": query, "variables": variables, "extensions": {"cost": True}}
    answer = (await client.post(GRAPHQL_PATH, json=asked)).json()
    assert "errors" not in answer, answer
    return answer["data"], answer["extensions"]["cost"]["cost"]


@pytest.mark.parametrize(
    ("limits", "query", "code", "limit"),
    [
        ({"graphql_tokens_max": 3}, "{ __typename __typename }", "QUERY_TOO_LONG", 3),
        ({"graphql_tokens_max": 3}, "{ __typename" + " " * 100 + "}", "QUERY_TOO_LONG", 96),
        ({"graphql_depth_max": 2}, "{ rooms { nodes { id } } }", "QUERY_TOO_DEEP", 2),
        ({"graphql_aliases_max": 1}, "{ a: __typename b: __typename }", "TOO_MANY_ALIASES", 1),
        ({"graphql_page_max": 5}, "{ rooms(first: 6) { nodes { id } } }", "PAGE_TOO_LARGE", 5),
        ({"graphql_page_max": 5}, "{ rooms(last: 6) { nodes { id } } }", "PAGE_TOO_LARGE", 5),
        ({"graphql_cost_max": 13}, "{ rooms(first: 6) { nodes { id title } } }", "QUERY_TOO_COSTLY", 13),
    ],
)
async def test_a_limit_has_its_setting_its_code_and_its_figure(
    limits: dict[str, int], query: str, code: str, limit: int
) -> None:
    told = await _told(await _gallery(**limits), query)
    assert (told["code"], told["limit"], told["retryable"]) == (code, limit, False)
    assert code == "QUERY_TOO_LONG" or str(limit) in told["message"]


@pytest.mark.parametrize(
    ("limits", "query"),
    [
        ({"graphql_tokens_max": 3}, "{ __typename }"),
        ({"graphql_depth_max": 3}, "{ rooms { nodes { id ... on Room { ...r } } } } fragment r on Room { title }"),
        ({"graphql_aliases_max": 1}, '{ a: __typename picture(id: "x") { ... on Picture { id } } }'),
        ({"graphql_page_max": 5}, "{ rooms(first: 5) { nodes { id } } }"),
        ({"graphql_cost_max": 14}, "{ rooms(first: 6) { nodes { id title } } }"),
        ({"graphql_depth_max": 1}, "{ __schema { types { name } } }"),
    ],
)
async def test_what_is_within_a_limit_is_not_refused_for_it(limits: dict[str, int], query: str) -> None:
    world = await _gallery(**limits)
    async with world.client() as client:
        answer = (await ask(client, query)).json()
    assert {each["extensions"]["code"] for each in answer.get("errors", [])} <= {"MALFORMED"}


@pytest.mark.parametrize(
    ("variables", "cost"),
    [({"first": 3, "last": None}, 8), ({"first": 1, "last": None}, 4), ({"first": None}, 12), ({"first": 2}, 12)],
)
async def test_a_list_multiplies_by_what_its_variables_or_their_defaults_ask_for(
    variables: dict[str, object], cost: int
) -> None:
    world = await _gallery(graphql_cost_max=cost - 1)
    assert (await _told(world, PAGE, **variables))["cost"] == cost


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", 1),
        ("{ a: __typename b: __typename }", 2),
        ("{ __typename __typename ...q ...q } fragment q on Query { __typename }", 1),
        ("{ rooms(first: 2) { nodes { id } } }", 4),
        ("{ rooms(first: 2) { edges { node { id } cursor } pageInfo { hasNextPage } } }", 10),
        ("{ rooms { nodes { id } } }", 22),
        ("{ rooms(first: 2) { nodes { pictures(first: 3) { nodes { id title } } } } }", 2 + 2 * (1 + 1 + 3 * 2)),
        ('{ nodes(ids: ["a", "b"]) { id } }', 3),
        ("{ __schema { types { name fields { name } } } }", 0),
    ],
)
async def test_what_an_operation_costs_is_told_to_who_asks(query: str, cost: int) -> None:
    world = await _gallery()
    async with world.client() as client:
        asked = {"query": query, "extensions": {"cost": True}}
        answer = (await client.post(GRAPHQL_PATH, json=asked)).json()
        assert answer["extensions"] == {"cost": {"cost": cost, "limit": 20_000}}
        assert "extensions" not in (await ask(client, query)).json()


async def test_every_answer_says_what_it_cost_where_a_setting_asks_for_it_on_sockets_too() -> None:
    world = await _gallery(graphql_cost_shown=True)
    async with world.client() as client:
        assert (await ask(client, "{ __typename }")).json()["extensions"]["cost"]["cost"] == 1
    async with served(world) as url, socket(url, world.token()) as ana:
        await receive(ana)
        await send(ana, type="subscribe", id="1", payload={"query": "{ __typename }"})
        assert (await receive(ana))["payload"]["extensions"]["cost"]["cost"] == 1


def _fields(data: object) -> int:
    """How many fields an answer has."""
    if isinstance(data, dict):
        return sum(1 + _fields(each) for each in data.values())
    return sum(map(_fields, data)) if isinstance(data, list) else 0


_leaves = some.lists(some.sampled_from(["id", "t: title", "title", "__typename", "...r"]), min_size=1, max_size=4)
_pages = some.integers(1, 4)
_rooms = some.builds(
    lambda first, leaves, within: f"rooms(first: {first}) {{ nodes {{ ...r {' '.join(leaves)} {within} }} }}",
    _pages,
    _leaves,
    some.builds(
        lambda first, leaves: f"pictures(last: {first}) {{ edges {{ node {{ {' '.join(leaves)} }} }} }}",
        _pages,
        _leaves.map(lambda leaves: [leaf for leaf in leaves if leaf != "...r"] or ["id"]),
    )
    | some.just(""),
)


async def _furnished() -> World:
    world = await make_gallery()
    for number in range(2, 5):
        await hang(world, "Room", number, title="Room")
    for number in range(10, 15):
        await hang(world, "Picture", number, scope=1, title="P", tags=[], place="a1")
    return world


async def _data_and_cost(world: World, query: str) -> tuple[Any, int]:
    async with world.client() as client:
        return await _cost(client, query)


def test_an_answer_never_has_more_fields_than_it_cost() -> None:
    with asyncio.Runner() as runner:
        world = runner.run(_furnished())

        @given(some.lists(_rooms, min_size=1, max_size=3))
        @law(max_examples=60, deadline=None)
        def holds(parts: list[str]) -> None:
            named = " ".join(f"q{number}: {part}" for number, part in enumerate(parts))
            query = f"{{ {named} }} fragment r on Room {{ __typename title }}"
            data, cost = runner.run(_data_and_cost(world, query))
            assert 0 < _fields(data) <= cost

        holds()


async def test_production_does_not_describe_its_schema_unless_it_is_asked_to() -> None:
    query = get_introspection_query()
    for world, answers in (
        (await _gallery(), True),
        (await _gallery(production=True), False),
        (await _gallery(production=True, graphql_introspection=True), True),
    ):
        async with world.client() as client:
            for asked in (query, '{ __type(name: "Room") { name } }', IN_A_FRAGMENT):
                answer = (await ask(client, asked)).json()
                codes = [each["extensions"]["code"] for each in answer.get("errors", [])]
                assert codes == ([] if answers else ["INTROSPECTION_OFF"])
            assert (await ask(client, "{ __typename }")).json() == {"data": {"__typename": "Query"}}
            assert (await client.get(SCHEMA_PATH)).status_code == (200 if answers else 404)
            told = (await ask(client, "{ romos { nodes { id } } }")).json()["errors"][0]["message"]
            assert ("Did you mean" in told) is answers


class _Stuck:
    """A store that does not answer."""

    async def find(self, id_or_name: str) -> Tenant | None:
        raise NotImplementedError

    async def query(self, *_: object) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("graphql_s", [0.01])
async def test_a_query_that_takes_too_long_is_ended_over_http_and_on_a_socket(
    graphql_s: float,
) -> None:
    world = await _gallery(graphql_s=graphql_s)
    world.store.query = _Stuck().query  # type: ignore[method-assign,assignment]  # a database that hangs
    query = "{ rooms { nodes { id } } }"
    async with world.client() as client:
        client.headers["accept"] = "application/graphql-response+json"
        answer = await ask(client, query)
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    (error,) = answer.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("QUERY_TOO_SLOW", False)
    async with served(world) as url, socket(url, world.token()) as ana:
        await receive(ana)
        await send(ana, type="subscribe", id="1", payload={"query": query})
        told = (await receive(ana))["payload"]
        assert (told["data"], told["errors"][0]["extensions"]["code"]) == (None, "QUERY_TOO_SLOW")
        assert await receive(ana) == {"id": "1", "type": "complete"}
        await send(ana, type="subscribe", id="1", payload={"query": PULL, "variables": {"device": DEVICE}})
        assert (await receive(ana))["payload"]["data"]["pull"]["records"] == []


async def test_a_write_that_takes_too_long_may_be_sent_again() -> None:
    world = await _gallery(graphql_s=0.01)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    world.notify.subscribe = never  # type: ignore[method-assign,assignment]  # a database that hangs
    told = await _told(world, 'mutation { subscribe(topic: "news") }')
    assert (told["code"], told["retryable"]) == ("WRITE_TOO_SLOW", True)
