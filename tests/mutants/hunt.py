"""The hunt for one mutant, in a process that runs on the copy of the source with the bug in it.

Fleets are played, seed after seed, until a checker complains; that story is cut down. One that stays long is put aside
for that of another seed, as anybody would do who is to read it. What came of it is one line of JSON on standard output.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import msgspec

import homeport_client
import homeport_notify
import homeport_server
import homeport_sync
from homeport_client.fleet import Fleet, Played, Script
from homeport_client.fleet.failing import shorten
from homeport_sync import App, load_app
from tests.mutants.mutant import ROOT

STEPS_MAX = 10
FAILING_SEEDS_MAX = 3
APP = ROOT / "examples/tasks/app.py"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to hunt with: the fleet's size, and how many seeds are tried at most. `source` is the copy's folder."""

    source: str
    devices: int
    duration_s: float
    seeds_max: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `checks` are those that complained (none: it survived), `crash` is how the fleet itself broke,
    `steps` those of the story that was cut down, `says` the first complaint about it."""

    checks: tuple[str, ...] = ()
    crash: str = ""
    seed: int = 0
    steps_before: int = 0
    steps: tuple[str, ...] = ()
    says: str = ""
    tries: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0


def hunt(app: App, order: Order) -> Found:
    """Seed after seed, until a checker complains of a story that is short, or the fleet breaks: the shortest one."""
    script = Script(devices=order.devices, duration_s=order.duration_s)
    found: list[Found] = []
    for seed in range(1, order.seeds_max + 1):
        try:
            played = Fleet(app, seed, script=script).run()
            if played.verdict and played.verdict.found:
                found.append(_cut_down(played, app, script))
        except Exception as broke:  # noqa: BLE001  # whatever a bug makes of a fleet is told
            return Found(crash=f"{type(broke).__name__}: {broke}", seed=seed)
        if len(found) == FAILING_SEEDS_MAX or any(len(each.steps) <= STEPS_MAX for each in found):
            break
    return min(found, key=lambda each: len(each.steps), default=Found(seed=order.seeds_max))


def _cut_down(played: Played, app: App, script: Script) -> Found:
    verdict = played.verdict
    assert verdict is not None
    shortest = shorten(played, app, script)
    return Found(
        checks=tuple(verdict.found),
        seed=played.story.seed,
        steps_before=len(played.story.steps),
        steps=shortest.failure.steps,
        says=next(iter(shortest.failure.sentences), ""),
        tries=shortest.failure.tries,
    )


def main() -> None:
    """Reads an `Order` as JSON from the one argument, and writes what was `Found`."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    for package in (homeport_sync, homeport_notify, homeport_server, homeport_client):
        assert Path(str(package.__file__)).is_relative_to(order.source), f"{package.__file__} is not the mutant's copy"
    began_s = time.monotonic()
    found = hunt(load_app(APP), order)
    cpu_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime + resource.getrusage(resource.RUSAGE_SELF).ru_stime
    told = msgspec.structs.replace(found, cpu_s=round(cpu_s, 1), wall_s=round(time.monotonic() - began_s, 1))
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


if __name__ == "__main__":
    main()
