"""A noisy neighbour: what a tenant's pushes take while another tenant pushes as hard as it can, beside without.

Both use one server process on PostgreSQL. The quiet tenant's five devices push one change each in turn, 25 in a second
whether answers come or not; the clock runs from when a push is due. A flood pushes 50 changes
on each of its connections, and the next 50 when those are answered. There are two: one of 32 connections, that waits
when it is told to, and a rude one of 400, that sends the same again at once. Each client is a process of its own and
the floods' are nice (their own work yields), so that the wait is the server's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.scale.site import Site, site
from benchmarks.table import show

ROUNDS = 5
BLOCK_S = 4.0
SETTLE_S = 1.0
FLOODS = ("flood", "rude")


@dataclass(slots=True)
class Block:
    """What the quiet tenant saw, in milliseconds, and what the flood did."""

    ms: list[float]
    applied_per_s: float = 0.0
    told: int = 0

    @property
    def p95(self) -> float:
        """Of 20 pushes 19 took less."""
        return quantiles(self.ms, n=20)[-1]


class Traffic:
    """A process of `traffic.py` that makes traffic of that kind."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def end(self) -> dict[str, object]:
        """Let it end; what it saw. Raises `RuntimeError` if it has failed."""
        self._say()
        printed, _ = await self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("the traffic's process failed")
        return dict(json.loads(printed))

    def _say(self) -> None:
        if self._process.stdin:
            self._process.stdin.write(b"\n")

    @classmethod
    async def begin(cls, kind: str, port: int, token: str, seed: int) -> Traffic:
        """One that has begun."""
        words = ("-m", "benchmarks.scale.traffic", kind, str(port), token, str(seed))
        traffic = cls(await asyncio.create_subprocess_exec(sys.executable, *words, stdin=PIPE, stdout=PIPE))
        traffic._say()
        return traffic


@asynccontextmanager
async def neighbours() -> AsyncIterator[tuple[Site, str, str]]:
    """A server, a quiet user's token and a noisy user's, of another tenant."""
    async with site() as here:
        quiet, noisy = await here.tenants(2)
        yield here, here.token("ana", quiet), here.token("bob", noisy)


async def block(port: int, quiet: str, noisy: str, flood: str, seed: int) -> Block:
    """Some seconds of the quiet tenant, beside that flood ("": none)."""
    loud = await Traffic.begin(flood, port, noisy, seed) if flood else None
    await asyncio.sleep(SETTLE_S)
    calm = await Traffic.begin("quiet", port, quiet, seed)
    await asyncio.sleep(BLOCK_S)
    saw = await calm.end()
    found = Block(ms=[float(each) for each in saw["ms"]])  # type: ignore[attr-defined]
    if loud is not None:
        did = await loud.end()
        found.applied_per_s, found.told = int(str(did["applied"])) / (BLOCK_S + SETTLE_S), int(str(did["told"]))
    return found


async def blocks() -> dict[str, list[Block]]:
    """Blocks by their flood, interleaved."""
    found: dict[str, list[Block]] = {flood: [] for flood in ("", *FLOODS)}
    async with neighbours() as (here, quiet, noisy):
        await block(here.ports[0], quiet, noisy, "flood", 0)  # warms up
        for seed in range(1, ROUNDS + 1):
            for number, (flood, each) in enumerate(found.items()):
                each.append(await block(here.ports[0], quiet, noisy, flood, seed * len(found) + number))
    return found


async def measure() -> Mapping[str, float]:
    """All blocks, drawn and told."""
    found = await blocks()
    figures = {"quiet_p95_ms": median(each.p95 for each in found[""])}
    for name, flood in (("noisy_neighbour", "flood"), ("rude_neighbour", "rude")):
        figures[f"{name}_ratio"] = median(a.p95 / b.p95 for a, b in zip(found[flood], found[""], strict=True))
        figures[f"{name}_p95_ms"] = median(each.p95 for each in found[flood])
        figures[f"{name}_changes_per_s"] = median(each.applied_per_s for each in found[flood])
        figures[f"{name}_told_to_wait"] = median(each.told for each in found[flood])
    show(
        "ms that a quiet tenant's push takes, p95",
        {
            "alone": figures["quiet_p95_ms"],
            "beside a flood": figures["noisy_neighbour_p95_ms"],
            "beside a rude flood": figures["rude_neighbour_p95_ms"],
        },
    )
    return figures
