"""`/metrics` shows what devices did; neither it nor the log shows what is theirs."""

import asyncio
import json
from dataclasses import replace

import httpx2
from starlette.applications import Starlette
from websockets.asyncio.client import connect

from homeport_server.edge.health import Health, health_routes
from homeport_server.observe.metrics import Metrics
from homeport_sync.wire import POKE, PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, ask, listening, make_world, receive, send, served, socket

CANARY = "canary-4711"
OTHER_DEVICE = "00000000-0000-4000-8000-00000000000b"


async def shown(world: World) -> dict[str, float]:
    """Every sample by its name with its labels, as a scraper reads it."""
    async with world.client() as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(count) for name, _, count in lines}


async def test_a_push_is_counted_by_outcome_and_by_the_code_of_what_was_rejected(world: World) -> None:
    made = world.new_list(DEVICE)
    wrong = world.change(
        DEVICE, op="update", kind="ShoppingList", id=OTHER_DEVICE, scope=made["id"], fields={"title": "x"}
    )
    await world.push(made, wrong)
    await world.push(made)
    found = await shown(world)
    assert found['homeport_changes_total{code="",outcome="applied"}'] == 1
    assert found['homeport_changes_total{code="WRONG_ID",outcome="rejected"}'] == 1
    assert found['homeport_changes_total{code="",outcome="again"}'] == 1
    assert found["homeport_push_seconds_count"] == found["homeport_admitted_total"] == 2
    assert found["homeport_batch_pushes_count"] == 2
    assert found["homeport_batch_commit_seconds_sum"] > 0
    (line,) = (line for line in await world.lines() if line["event"] == "push" and "rejected" in line)
    assert line["codes"] == {"rejected": {"WRONG_ID": 1}}


async def test_what_failed_is_counted_by_its_code(world: World, client: httpx2.AsyncClient) -> None:
    await ask(client, PULL, device=DEVICE, cursor="garbage")
    await ask(client, PUSH, device="nobody", changes=[])
    await client.post("/api/v1/graphql", content=b"{}", headers={"authorization": "Bearer x"})
    found = await shown(world)
    assert found['homeport_pull_errors_total{code="CURSOR_INVALID"}'] == 1
    assert found['homeport_push_errors_total{code="MALFORMED"}'] == 1
    assert found['homeport_requests_refused_total{code="MEDIA_TYPE_WRONG"}'] == 1
    assert found["homeport_pull_seconds_count"] == 1


async def test_a_commit_that_the_store_refuses_is_counted_and_logged(world: World, client: httpx2.AsyncClient) -> None:
    await world.push(world.new_list(DEVICE))
    del world.store._logs[world.tenant]
    await ask(client, PUSH, device=DEVICE, changes=[world.new_list(DEVICE)])
    found = await shown(world)
    assert found['homeport_commit_failures_total{code="UNAVAILABLE"}'] >= 1
    lines = await world.lines()
    assert {"commit failed", "push"} <= {line["event"] for line in lines if line.get("error") == "UNAVAILABLE"}


async def test_a_page_is_counted_by_its_bytes_and_where_it_was_found(world: World, client: httpx2.AsyncClient) -> None:
    await world.push(*[world.new_list(DEVICE, "x" * 900) for _ in range(30)])
    pages = [await ask(client, PULL, device=device) for device in (DEVICE, OTHER_DEVICE)]
    found = await shown(world)
    assert found['homeport_pages_total{source="store"}'] == 1
    assert found['homeport_pages_total{source="cache"}'] == 1
    sent = sum(len(page.content) - len(b'{"data":{"pull":}}') for page in pages)
    assert found["homeport_pull_page_bytes_total"] == sent


async def test_a_socket_is_counted_while_it_lasts_and_logged_at_both_ends(served_world: World, url: str) -> None:
    world = served_world
    async with listening(url, world.token(), POKE) as ana:
        await world.push(world.new_list(DEVICE))
        await receive(ana)
        during = await shown(world)
        await send(ana, type="nonsense")
        await ana.wait_closed()
    after = await shown(world)
    assert (during["homeport_sockets_open"], during["homeport_listeners"]) == (1, 1)
    assert during["homeport_pokes_total"] == 1
    assert during["homeport_poke_delay_seconds_count"] == 1
    assert during["homeport_signals_received_total"] == 1
    assert during["homeport_log_head_position"] == 1
    assert (after["homeport_sockets_open"], after["homeport_listeners"]) == (0, 0)
    assert after['homeport_sockets_closed_total{code="4400"}'] == 1
    opened, closed = (line for line in await world.lines() if line["event"].startswith("socket"))
    assert (opened["event"], opened["user"], opened["tenant"]) == ("socket opened", "ana", world.tenant)
    assert (closed["event"], closed["user"], closed["code"]) == ("socket closed", "ana", 4400)
    assert opened["request_id"] == closed["request_id"]


async def test_a_socket_that_may_not_stay_is_counted_by_its_reason(served_world: World, url: str) -> None:
    async with socket(url, "garbage") as connection:
        await connection.wait_closed()
    found = await shown(served_world)
    assert found['homeport_sockets_refused_total{code="TOKEN_MALFORMED"}'] == 1
    assert found['homeport_sockets_closed_total{code="4401"}'] == 1
    refused, closed = (line for line in await served_world.lines() if line["event"].startswith("socket"))
    assert (refused["error"], closed["code"]) == ("TOKEN_MALFORMED", 4401)
    assert "user" not in closed


async def test_a_client_that_is_just_gone_closed_without_a_code(served_world: World, url: str) -> None:
    connection = await connect(url, subprotocols=["graphql-transport-ws"])  # type: ignore[list-item]
    connection.transport.abort()
    async with asyncio.timeout(5):
        while not (await shown(served_world)).get('homeport_sockets_closed_total{code="1005"}'):
            await asyncio.wait([asyncio.ensure_future(connection.wait_closed())], timeout=0.01)


async def test_each_position_that_the_poll_finds_was_one_that_no_signal_told_of() -> None:
    world = await make_world(replace(SETTINGS, poke_poll_s=0.01))
    world.signals.publish = lambda tenant, position: None  # type: ignore[method-assign]  # every signal is lost
    async with served(world) as url, listening(url, world.token(), POKE) as ana:
        await world.push(*(world.new_list(DEVICE) for _ in range(3)))
        await receive(ana)
        found = await shown(world)
    assert found["homeport_signals_missed_positions_total"] == 3
    assert found["homeport_signals_received_total"] == 0


async def test_a_process_that_drains_says_so(world: World) -> None:
    assert (await shown(world))["homeport_draining_processes"] == 0
    world.built.health.drain()
    assert (await shown(world))["homeport_draining_processes"] == 1


async def test_a_process_that_serves_no_devices_answers_the_same_three_questions(world: World) -> None:
    routes = Starlette(routes=health_routes(Health(world.store, lambda: True), Metrics()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=routes), base_url="http://test") as client:
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_neither_metrics_nor_lines_show_a_token_or_what_is_in_a_record(served_world: World, url: str) -> None:
    world = served_world
    made = world.new_list(DEVICE, CANARY)
    await world.push(made)
    wrong = {"op": "update", "kind": CANARY, "id": made["id"], "scope": made["id"], "fields": {CANARY: CANARY}}
    await world.push(world.change(DEVICE, **wrong))
    async with world.client() as client:
        await ask(client, PULL, device=DEVICE)
        await ask(client, PULL, device=DEVICE, cursor=CANARY)
        await ask(client, CANARY)
        await client.post("/api/v1/graphql", content=CANARY)
    async with listening(url, world.token(), POKE) as ana:
        variables = {"device": DEVICE, "changes": [world.new_list(DEVICE, CANARY)]}
        await send(ana, type="subscribe", id="2", payload={"query": PUSH, "variables": variables})
        await receive(ana)
    async with socket(url, f"{CANARY}.{CANARY}.{CANARY}") as connection:
        await connection.wait_closed()
    told = json.dumps([await shown(world), await world.lines()])
    assert '"push"' in told
    assert CANARY not in told
    assert world.token() not in told
