"""`make bench-pull`: what a pull page costs beside a bare route, and how soon a poke arrives.

A page of 1,000 records of about 250 bytes each, pulled through the GraphQL endpoint; beside it a Starlette route that
checks the same token and the same grants and sends the same bytes from memory, and a page of as many records out of 50
scopes. Then one device pushes while 1 and
100 sockets are subscribed: from sending the push to the last poke, the commit included.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

import msgspec

from benchmarks.load import connect, drive, post
from benchmarks.processes import Serving, homeport, run, serving
from benchmarks.sockets import Listeners
from benchmarks.table import show
from benchmarks.workload import Phone
from homeport_sync.wire import PULL, PUSH, PullMessage, PushMessage

RECORDS = 1_000
MANY_SCOPES = 50
REQUESTS = 2_000
CLIENTS = 4
ROUNDS = 3
POKES = 200
PATH = "/api/v1/graphql"
_encode = msgspec.json.encode


def push_request(token: str, message: PushMessage) -> bytes:
    """A whole push request."""
    return post(PATH, _encode({"query": PUSH, "variables": message}), authorization=f"Bearer {token}")


async def fill(server: Serving, token: str, phone: Phone) -> None:
    """Push until the phone's scope holds `RECORDS` records."""
    connection = await connect(server.port)
    left = RECORDS
    while left:
        changes = min(left, RECORDS // 2)
        await connection.ask(push_request(token, phone.push(changes)))
        left -= changes
    connection.close()


async def measured(server: Serving, request: bytes) -> tuple[float, float]:
    """(CPU µs, wall ms) of the server process for an answer to `request`, over `REQUESTS` of them."""
    cpu = server.cpu_s()
    took_s = await drive(server.port, [[request] * (REQUESTS // CLIENTS) for _ in range(CLIENTS)], b"records")
    return (server.cpu_s() - cpu) / REQUESTS * 1e6, took_s / REQUESTS * CLIENTS * 1e3


def pull_request(token: str, phone: Phone) -> bytes:
    """A request for a page of everything."""
    pull = PullMessage(device=phone.device, limit=RECORDS)
    return post(PATH, _encode({"query": PULL, "variables": pull}), authorization=f"Bearer {token}")


async def pages(server: Serving, token: str, data: Path, phone: Phone, many: bytes) -> dict[str, float]:
    """The figures of a pull page; `many` asks for one of as many records out of `MANY_SCOPES` scopes."""
    request = pull_request(token, phone)
    connection = await connect(server.port)
    page = await connection.ask(request)
    connection.close()
    file = data / "page.json"
    file.write_bytes(page)
    async with serving("-m", "benchmarks.bare", "page", str(data), str(file)) as bare:
        bare_request = post("/page", b"{}", authorization=f"Bearer {token}", device=phone.device)
        rounds = [
            (await measured(server, request), await measured(server, many), await measured(bare, bare_request))
            for _ in range(ROUNDS + 1)
        ]
    return {
        "ratio_to_bare_route": median(ours[0] / theirs[0] for ours, _, theirs in rounds[1:]),
        "many_scopes_page_ratio": median(scopes[0] / ours[0] for ours, scopes, _ in rounds[1:]),
        "cpu_us_per_page": median(ours[0] for ours, _, _ in rounds[1:]),
        "many_scopes_cpu_us_per_page": median(scopes[0] for _, scopes, _ in rounds[1:]),
        "bare_cpu_us_per_page": median(theirs[0] for _, _, theirs in rounds[1:]),
        "wall_ms_p50": median(ours[1] for ours, _, _ in rounds[1:]),
        "bytes_per_record": len(page) / RECORDS,
    }


async def poke_ms(server: Serving, token: str, phone: Phone, count: int) -> float:
    """The median time from sending a push to the last of `count` sockets' pokes, in milliseconds."""
    connection = await connect(server.port)
    listeners = Listeners()
    await listeners.open(server.port, token, count)
    took: list[float] = []
    for _ in range(POKES):
        request = push_request(token, phone.push(1))
        listeners.expect(count)
        started = time.perf_counter()
        pushed = asyncio.create_task(connection.ask(request))
        await listeners.all_heard.wait()
        took.append((time.perf_counter() - started) * 1e3)
        await pushed
    listeners.close()
    connection.close()
    return median(took)


async def main() -> None:
    """Run both parts, draw the comparison, print the JSON."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        async with homeport(data) as (server, token):
            phone = Phone(Random(1), notes="", only_creates=True)  # a workload, not a secret
            await fill(server, token, phone)
            other = Phone(Random(2), notes="", only_creates=True, lists=MANY_SCOPES)
            others = await run("token", "--user", "bo", "--tenant", "bench", "--data", str(data))
            await fill(server, others, other)
            figures = await pages(server, token, data, phone, pull_request(others, other))
            for count in (1, 100):
                figures[f"poke_ms_p50_{count}"] = await poke_ms(server, token, phone, count)
    show(
        "CPU µs a page",
        {
            "bare Starlette route": figures["bare_cpu_us_per_page"],
            "pull over GraphQL": figures["cpu_us_per_page"],
            "the same out of 50 scopes": figures["many_scopes_cpu_us_per_page"],
        },
    )
    show(
        "ms from push to last poke",
        {"1 subscriber": figures["poke_ms_p50_1"], "100 subscribers": figures["poke_ms_p50_100"]},
    )
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
