"""A small query through all that Homeport has, beside the least that answers the same: a bare Starlette route that
checks the same token and runs the same statement, and writes the same five values as JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from statistics import median

import msgspec

from benchmarks.load import connect, drive, post
from benchmarks.processes import Serving, homeport, serving
from benchmarks.pull import PATH, push_request
from benchmarks.table import show
from benchmarks.workload import Phone

REQUESTS = 3_000
CLIENTS = 4
ROUNDS = 3
QUERY = "query One($ids: [ID!]!) { nodes(ids: $ids) { ... on Task { recordId title done due cheers } } }"


async def measure() -> Mapping[str, float]:
    """CPU µs a query, both ways, and how much more ours is."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with homeport(data) as (server, token):
            phone = Phone(Random(1), only_creates=True)  # a workload, not a secret
            connection = await connect(server.port)
            await connection.ask(push_request(token, phone.push(20)))
            connection.close()
            task = phone.tasks[-1][0]
            body = msgspec.json.encode({"query": QUERY, "variables": {"ids": [task]}})
            ours = post(PATH, body, authorization=f"Bearer {token}")
            async with serving("-m", "benchmarks.bare", "record", str(data)) as bare:
                theirs = post("/record", b"{}", authorization=f"Bearer {token}", record=task)
                rounds = [(await cpu_us(server, ours), await cpu_us(bare, theirs)) for _ in range(ROUNDS + 1)]
    figures = {
        "small_query_us": median(each for each, _ in rounds[1:]),
        "small_bare_us": median(each for _, each in rounds[1:]),
        "small_query_extra_us": median(each - other for each, other in rounds[1:]),
    }
    show(
        "CPU µs a small query",
        {"bare Starlette route": figures["small_bare_us"], "GraphQL": figures["small_query_us"]},
    )
    return figures


async def cpu_us(server: Serving, request: bytes) -> float:
    """What an answer costs the server's process."""
    cpu = server.cpu_s()
    await drive(server.port, [[request] * (REQUESTS // CLIENTS) for _ in range(CLIENTS)], b"Milk")
    return (server.cpu_s() - cpu) / REQUESTS * 1e6
