"""Two tenants' traffic, each made by a process of its own, so that neither waits for the other's client.

python -m benchmarks.scale.traffic KIND PORT TOKEN SEED, where KIND is
quiet    one change a push, at a steady pace
flood    50 changes a push, as soon as the last are answered; waits when told to
rude     the same by more devices; told to wait, they send the same again at once

Each begins at a line on standard input and ends at the next, then prints what it saw as one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time

from benchmarks.load import Connection, connect
from benchmarks.pull import push_request
from benchmarks.workload import Phone, phones

PACE_S = 0.04
QUIET_DEVICES = 5
FLOOD_DEVICES = 32
RUDE_DEVICES = 400  # more than a server lets one tenant have under way
FLOOD_CHANGES = 50
FLOOD_NICE = 10  # its own work is not what the quiet tenant shall wait for
_RETRY_AFTER = re.compile(rb'"retryAfterMs":(\d+)').search
_APPLIED = b'"applied"'


async def quiet(port: int, token: str, seed: int, over: asyncio.Event) -> dict[str, object]:
    """Milliseconds that each push took, from when it was due; the devices take turns."""
    lines = [(await connect(port), phone) for phone in phones(QUIET_DEVICES, seed)]
    took: list[float] = []
    pushes: set[asyncio.Task[None]] = set()

    async def push(connection: Connection, phone: Phone, due: float) -> None:
        answer = await connection.ask(push_request(token, phone.push(1)))
        took.append((time.perf_counter() - due) * 1e3)
        if _APPLIED not in answer:
            raise AssertionError(answer[:500])

    started, number = time.perf_counter(), 0
    while not over.is_set():
        due = started + number * PACE_S
        await asyncio.sleep(due - time.perf_counter())
        pushes.add(asyncio.create_task(push(*lines[number % QUIET_DEVICES], due)))
        number += 1
        if number % QUIET_DEVICES == 0:  # each device has one push under way
            await asyncio.gather(*pushes)
            pushes.clear()
    await asyncio.gather(*pushes)
    return {"ms": took}


async def flood(port: int, token: str, seed: int, over: asyncio.Event, *, rude: bool) -> dict[str, object]:
    """How many changes were taken in and how often it was told to wait, by as many devices as it can."""
    os.nice(FLOOD_NICE)
    applied, told = 0, 0

    async def device(phone: Phone) -> None:
        nonlocal applied, told
        connection = await connect(port)
        while not over.is_set():
            request = push_request(token, phone.push(FLOOD_CHANGES))
            while wait := _RETRY_AFTER(answer := await connection.ask(request)):
                told += 1
                if over.is_set():
                    return
                if not rude:
                    await asyncio.sleep(int(wait[1]) / 1_000)
            if _APPLIED not in answer:
                raise AssertionError(answer[:500])
            applied += FLOOD_CHANGES

    devices = RUDE_DEVICES if rude else FLOOD_DEVICES
    await asyncio.gather(*map(device, phones(devices, seed)))
    return {"applied": applied, "told": told}


async def main(kind: str, port: int, token: str, seed: int) -> None:
    """Wait for the word, run until the next, tell."""
    over = asyncio.Event()
    await asyncio.to_thread(sys.stdin.readline)
    asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    if kind == "quiet":
        saw = await quiet(port, token, seed, over)
    else:
        saw = await flood(port, token, seed, over, rude=kind == "rude")
    print(json.dumps(saw), flush=True)


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
