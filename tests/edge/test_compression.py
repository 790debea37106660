"""Large answers are compressed for who takes that, and nothing else is."""

import gzip
from dataclasses import replace

import httpx2
import pytest

from homeport_server.app import GRAPHQL_PATH
from homeport_server.edge.compression import ASIDE_BYTES_MIN
from homeport_sync.wire import PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, make_world

TITLE = "Milk, and bread, and what else there was"


async def _page(world: World, accept_encoding: str | None, lists: int = 1) -> tuple[httpx2.Response, bytes]:
    """A pull's answer, and its body as it travelled."""
    await world.push(*(world.new_list(DEVICE, title=TITLE * 100) for _ in range(lists)))
    async with world.client() as client:
        client.headers.pop("accept-encoding")
        headers = {} if accept_encoding is None else {"accept-encoding": accept_encoding}
        request = client.build_request(
            "POST", GRAPHQL_PATH, json={"query": PULL, "variables": {"device": DEVICE}}, headers=headers
        )
        answer = await client.send(request, stream=True)
        travelled = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["vary"] == "Accept, Accept-Encoding, Authorization"
    assert answer.headers["content-length"] == str(len(travelled))
    return answer, travelled


@pytest.mark.parametrize("accept", ["gzip", "deflate, GZIP;q=0.5, br", "*", "*;q=0.1, identity"])
@pytest.mark.parametrize("lists", [1, ASIDE_BYTES_MIN // 4_000 + 1], ids=["large", "very large"])
async def test_a_large_answer_is_compressed_for_who_takes_gzip(world: World, accept: str, lists: int) -> None:
    answer, travelled = await _page(world, accept, lists)
    whole = gzip.decompress(travelled)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(travelled) < len(whole) / 4
    assert whole.count(TITLE.encode()) == lists * 100


@pytest.mark.parametrize("accept", [None, "", "identity", "br, deflate", "gzip;q=0", "*, gzip;q=0", "gzip;q=no"])
async def test_it_is_not_for_who_does_not_take_it(world: World, accept: str | None) -> None:
    answer, travelled = await _page(world, accept)
    assert "content-encoding" not in answer.headers
    assert TITLE.encode() in travelled


async def test_a_small_answer_is_never_compressed(client: httpx2.AsyncClient, world: World) -> None:
    request = {"query": PUSH, "variables": {"device": DEVICE, "changes": [world.new_list(DEVICE)], "pull": {}}}
    answer = await client.post(GRAPHQL_PATH, json=request, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


async def test_where_the_setting_is_0_nothing_is_compressed() -> None:
    answer, _ = await _page(await make_world(replace(SETTINGS, gzip_bytes_min=0)), "gzip")
    assert "content-encoding" not in answer.headers


async def test_our_devices_read_what_is_compressed(world: World) -> None:
    await world.push(*(world.new_list(DEVICE, title=TITLE * 100) for _ in range(3)))
    async with world.client() as client:
        assert "gzip" in client.headers["accept-encoding"]
        answer = await client.post(GRAPHQL_PATH, json={"query": PULL, "variables": {"device": DEVICE}})
    assert answer.headers["content-encoding"] == "gzip"
    kinds = [each["kind"] for each in answer.json()["data"]["pull"]["records"]]
    assert kinds.count("ShoppingList") == 3
