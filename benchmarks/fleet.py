"""`make bench-fleet`: what a simulated day of a thousand phones costs, and what a phone weighs in either world.

The day: 1,000 phones in lists of five, each used in sittings of two to six minutes over 24 virtual hours, about 100
changes and 8 spells without any network a phone, replicas in memory, pages and batches as they are in production. The
app polls every five minutes while it is open: pokes bring the news, as they do on a phone. Beside it as many phones
connected to a real server from one process, as `make bench-devices` weighs them. Each part in a process of its own.
`HOMEPORT_BENCH_DEVICES` makes it smaller (1000).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import replace

from benchmarks.devices import resident_kb
from benchmarks.processes import measured
from benchmarks.table import show
from benchmarks.workload import APP
from homeport_client import DeviceLimits
from homeport_client.fleet import Fleet, Gaps, Network, Persona, Script, ServerFaults, Setup, ramp, steady
from homeport_client.fleet.acts import edit, erase, make
from homeport_sync import LIMITS, load_app

DEVICES = int(os.environ.get("HOMEPORT_BENCH_DEVICES", "1000"))
HOUR_S = 3_600.0
TOWN = Network(
    name="town",
    delay_s=(0.02, 0.2),
    gaps=Gaps(every_s=(2.2 * HOUR_S, 3.0 * HOUR_S), for_s=(300.0, 1_800.0)),
    rates={"lose_answer": 0.01, "cut_answer": 0.01},
    lose_poke=0.02,
)
PERSON = Persona(
    name="person",
    does={edit("Task"): 6, make("Task"): 3, erase("Task"): 1},
    every_s=75,
    network=TOWN,
    open_s=(120.0, 360.0),
    closed_s=(1_200.0, 3_600.0),
)
DAY = Script(
    devices=DEVICES,
    duration_s=24 * HOUR_S,
    personas=[PERSON],
    phases=(ramp(0.02), steady(0.98)),
    phones_per_user=1,
    crashes=0,
    storms=0,
    clones=0,
    watched=0,
)
SETUP = Setup(server=ServerFaults(store_delay_s=0.0), server_limits=LIMITS, device_limits=DeviceLimits(poll_s=300.0))


def day() -> dict[str, float]:
    """The whole day: played, healed and judged."""
    began_s = time.process_time()
    fleet = Fleet(load_app(APP), 1, script=DAY, setup=SETUP)
    played = fleet.run()
    cpu_s = time.process_time() - began_s
    assert played.kept, str(played.verdict)
    requests = sum(meter.requests for meter in played.meters.values())
    gaps = sum(step.do == "no_network" for step in played.story.steps)
    return {
        "sim_cpu_s": round(cpu_s, 1),
        "sim_changes_per_device": round(played.written / DEVICES, 1),
        "sim_gaps_per_device": round(gaps / DEVICES, 1),
        "sim_requests_per_device": round(requests / DEVICES, 1),
        "sim_cpu_us_per_request": round(cpu_s / requests * 1e6, 1),
        "sim_speedup": round(DEVICES * DAY.duration_s / cpu_s),
    }


def weight() -> dict[str, float]:
    """What a phone weighs that is on, live, and holds next to nothing."""
    before_kb = 0.0

    async def plot(fleet: Fleet) -> None:
        await asyncio.sleep(30)
        found.append(resident_kb() - before_kb)

    found: list[float] = []
    app, quiet = load_app(APP), replace(DAY, personas=[replace(PERSON, network=Network(name="calm"))], roots=0)
    Fleet(app, 1, script=replace(quiet, devices=20), setup=SETUP).rehearse(plot)
    before_kb = resident_kb()
    Fleet(app, 1, script=quiet, setup=SETUP).rehearse(plot)
    return {"sim_kb_per_device": round(found[-1] / DEVICES, 1)}


PARTS = {"day": day, "weight": weight}


async def main() -> None:
    figures: dict[str, float] = {}
    for part in PARTS:
        figures |= await measured("benchmarks.fleet", part)
    figures |= await measured("benchmarks.devices", "real", HOMEPORT_BENCH_DEVICES=str(DEVICES))
    show("CPU seconds of a simulated day", {name: value for name, value in figures.items() if name.endswith("cpu_s")})
    show("a phone's day", {name: value for name, value in figures.items() if "per_device" in name and "kb" not in name})
    show("KB a phone", {name: value for name, value in figures.items() if "kb" in name})
    print(json.dumps(figures))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(PARTS[sys.argv[1]]()))
    else:
        asyncio.run(main())
