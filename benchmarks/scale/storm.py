"""A storm: the server is killed and started again, and 5,000 devices come back at once; beside it the same, spread out.

Each device has its own user, pushes three changes with a pull in the same round trip and opens a poke socket, which
brings the first poke. What it is told to do (`retryAfterMs`) it does; everything else that goes wrong is an error.
Spread out means that as many are under way as keep the server busy, and that another comes whenever one is through:
nobody could come earlier and be served. Both begin on a server that has just started.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.scale.device import LightDevice, Tally
from benchmarks.scale.site import Site, site
from benchmarks.table import show
from benchmarks.workload import Phone
from homeport_client.fleet.live.process import cpu_s

DEVICES = 5_000
TENANTS = 10
UNDER_WAY = 64
ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """How all devices came back: until when the last was through, what processor time the server and PostgreSQL took
    for it (its neighbours on the machine move it less), and what the server's memory was at its peak."""

    seconds: float
    cpu_s: float
    told: int
    errors: Counter[str]
    rss_mib: float


async def come_back(here: Site, devices: Sequence[LightDevice], under_way: int) -> Return:
    """Kill the server, start it again, and let the devices come back, so many at once."""
    server = here.cluster.servers[0]
    await server.kill()
    for device in devices:
        device.drop()
        device.work()
    await server.start()
    tally, room = Tally(), asyncio.Semaphore(under_way)

    async def one(device: LightDevice) -> None:
        async with room:
            await device.come_back(tally)

    used_s = cpu_s(server.pid) + here.cluster.postgres.cpu_s()
    started = time.perf_counter()
    await asyncio.gather(*map(one, devices))
    seconds = time.perf_counter() - started
    used_s = cpu_s(server.pid) + here.cluster.postgres.cpu_s() - used_s
    return Return(seconds=seconds, cpu_s=used_s, told=tally.told, errors=tally.errors, rss_mib=peak_mib(server.pid))


def peak_mib(process: int) -> float:
    """The most resident memory that a process has had, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:", 1)[1].split()[0]) / 1_024


async def returns() -> tuple[list[Return], list[Return]]:
    """(spread out, storms), interleaved."""
    spread, storms = [], []
    async with site() as here:
        tenants = await here.tenants(TENANTS)
        devices = [
            LightDevice(here.ports[0], here.token(f"user{number}", tenants[number % TENANTS]), Phone(Random(number)))
            for number in range(DEVICES)
        ]
        await come_back(here, devices, UNDER_WAY)  # warms up
        for _ in range(ROUNDS):
            spread.append(await come_back(here, devices, UNDER_WAY))
            storms.append(await come_back(here, devices, DEVICES))
    return spread, storms


async def measure() -> Mapping[str, float]:
    """Both, drawn and told."""
    spread, storms = await returns()
    errors = sum((each.errors for each in (*spread, *storms)), Counter[str]())
    for words, times in errors.most_common(5):
        print(f"{times} × {words}")
    figures = {
        "storm_time_ratio": median(each.seconds / even.seconds for each, even in zip(storms, spread, strict=True)),
        "storm_cpu_ratio": median(each.cpu_s / even.cpu_s for each, even in zip(storms, spread, strict=True)),
        "spread_cpu_ms_per_device": median(each.cpu_s for each in spread) / DEVICES * 1e3,
        "storm_s": median(each.seconds for each in storms),
        "spread_s": median(each.seconds for each in spread),
        "storm_errors": errors.total(),
        "storm_told_to_wait": median(each.told for each in storms),
        "spread_told_to_wait": median(each.told for each in spread),
        "storm_rss_mib_peak": max(each.rss_mib for each in storms),
        "spread_rss_mib_peak": max(each.rss_mib for each in spread),
    }
    show(
        f"seconds until {DEVICES:,} devices are back",
        {"spread out": figures["spread_s"], "all at once": figures["storm_s"]},
    )
    return figures
