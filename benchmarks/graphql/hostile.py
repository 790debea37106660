"""What it costs to say no: the CPU of each hostile document, body and socket, and the memory that they leave behind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from websockets.asyncio.client import connect as open_socket

from benchmarks.load import connect, post
from benchmarks.processes import Serving, homeport
from benchmarks.pull import PATH
from benchmarks.table import show
from homeport_sync.wire import POKE
from tests.edge.hostile import HOSTILE

TIMES = 20  # each: a process's CPU is counted in steps of 10 ms
SUBSCRIPTIONS = 1_000


async def measure() -> Mapping[str, float]:
    """CPU ms of the worst document, and of a thousand subscriptions; the memory that all of them leave, in MB."""
    # Nobody is slowed here: what is measured is what each costs that is let through.
    with tempfile.TemporaryDirectory() as folder:
        async with homeport(Path(folder), "--graphql-checking-ms-a-s", "0") as (server, token):
            await _document_ms(server, token, "{ __typename }", "data")
            before = server.memory_bytes()
            costs = {name: await _document_ms(server, token, *HOSTILE[name]) for name in HOSTILE}
            costs["a body of 50 MB"] = await _body_ms(server, token)
            flood = await _flood_ms(server, token)
            left_mb = (server.memory_bytes() - before) / 1e6
    show("CPU ms to refuse", costs)
    return {"hostile_worst_ms": max(costs.values()), "thousand_subscriptions_ms": flood, "hostile_left_mb": left_mb}


async def _document_ms(server: Serving, token: str, document: str, expected: str) -> float:
    return await _refused_ms(
        server, post(PATH, msgspec.json.encode({"query": document}), authorization=f"Bearer {token}"), expected
    )


async def _body_ms(server: Serving, token: str) -> float:
    """Of one that says how large it is; the server closes before it comes."""
    head = post(PATH, b"", authorization=f"Bearer {token}").replace(b"content-length: 0", b"content-length: 52428800")
    return await _refused_ms(server, head, "TOO_LARGE", afresh=True)


async def _refused_ms(server: Serving, request: bytes, expected: str, *, afresh: bool = False) -> float:
    connection, cpu_s = await connect(server.port), server.cpu_s()
    for _ in range(TIMES):
        answer = await connection.ask(request)
        if expected.encode() not in answer:
            raise AssertionError(answer[:500])
        if afresh:
            connection.close()
            connection = await connect(server.port)
    connection.close()
    return (server.cpu_s() - cpu_s) / TIMES * 1_000


async def _flood_ms(server: Serving, token: str) -> float:
    """Of as many subscriptions on one socket; ten of them run."""
    cpu_s = server.cpu_s()
    url = f"ws://127.0.0.1:{server.port}{PATH}"
    async with open_socket(url, subprotocols=["graphql-transport-ws"], compression=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        await socket.recv()
        for number in range(SUBSCRIPTIONS):
            await socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": {"query": POKE}}))
        refused = sum([b"TOO_MANY_SUBSCRIPTIONS" in await socket.recv(decode=False) for _ in range(SUBSCRIPTIONS)])
    assert refused > SUBSCRIPTIONS - 50
    return (server.cpu_s() - cpu_s) * 1_000
