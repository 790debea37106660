"""Twenty phones, real servers, and a bad day: watch them work offline, lose the servers, and agree again.

`make demo` runs this on one server, `make demo-postgres` on PostgreSQL with three servers and two workers, of which
one each is killed together with PostgreSQL; `make soak-kill` adds NATS and kills any of them every few seconds. Each
is a real process on this machine; real devices with replica files write to the same few lists over HTTP and
WebSockets, each with its own tunnels, airplane mode, dead batteries and wrong clocks. The killing is done in the
middle, without warning, and what was killed is started again. Then everything comes back online, and the checkers
judge: the database's own rows, read by SQL alone, against what every phone wrote, was told and holds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory

from rich.console import Console

from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.display import Display, draw_verdict
from homeport_client.fleet.live.fleet import LiveFleet, run_live
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.trouble import EndlessTrouble, Trouble, killing
from homeport_client.fleet.script import Script
from homeport_sync import load_app

APP = Path(__file__).with_name("app.py")
PAUSE_S = 0.4
USERS = 5
DEVICES_MIN = 2
WHY = {
    "SCOPE_GONE": "written into a list that was deleted meanwhile",
    "SCOPE_FORBIDDEN": "by someone who was removed from the list",
    "RECORD_GONE": "to a task that is not there",
    "ROLE_FORBIDDEN": "not allowed to an editor",
    "DEPENDS_ON_REJECTED": "built on a rejected one",
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--devices", type=int, default=20, help="how many phones (20)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long they write (20)")
    parser.add_argument("--seed", type=int, default=None, help="what the story is drawn from (a new one each time)")
    parser.add_argument("--postgres", action="store_true", help="three servers and two workers on PostgreSQL")
    parser.add_argument("--soak", action="store_true", help="… and any process of them killed every few seconds")
    given = parser.parse_args()
    if given.devices < DEVICES_MIN or given.seconds <= 0:
        parser.error(f"a fleet has at least {DEVICES_MIN} devices and writes for more than 0 seconds")
    return given


def stage(directory: Path, given: argparse.Namespace, seed: int) -> tuple[RealServer | Cluster, Trouble]:
    """Where the phones call, and what dies there."""
    if given.soak:
        return Cluster(APP, directory, nats=True, durable=True), EndlessTrouble(Random(seed))
    if given.postgres:
        return Cluster(APP, directory), killing("PostgreSQL", "server 1", "worker 1")
    return RealServer(APP, directory), killing("server")


async def demo(directory: Path, script: Script, seed: int, console: Console, given: argparse.Namespace) -> bool:
    """The whole day; whether every promise was kept."""
    replicas = directory / "phones"
    replicas.mkdir()
    opened, trouble = stage(directory / "server", given, seed)
    async with opened as site:
        fleet = LiveFleet(load_app(APP), site, replicas, seed, script, trouble=trouble)
        with Display(console, script.actions * script.pause_s) as display:
            verdict = await run_live(fleet, display.show, every_s=display.every_s)
        counts = ", ".join(f"{count} {outcome}" for outcome, count in fleet.told().most_common())
        told = f"{len(fleet.written)} changes written on {len(fleet.phones)} phones: {counts}. Seed {seed}."
        why = ", ".join(f"{count} {WHY.get(code, code)}" for code, count in fleet.refusals().most_common())
        if why:
            told += f"\nRejected, and told why: {why}."
        if isinstance(trouble, EndlessTrouble):
            told += "\nKilled: " + ", ".join(f"{name} {times} times" for name, times in trouble.killed.most_common())
    draw_verdict(console, verdict, told=told)
    return not verdict.violations


def main() -> int:
    given = arguments()
    seed = given.seed if given.seed is not None else SystemRandom().randrange(1_000_000)
    script = Script(
        users=min(USERS, max(given.devices, 2)),
        phones=given.devices,
        lists=3,
        actions=max(round(given.seconds / PAUSE_S), 1),
        pause_s=PAUSE_S,
        clones=0,
    )
    console = Console()
    console.print(f"{given.devices} phones write for about {given.seconds:.0f} s; seed {seed}.")
    try:
        with TemporaryDirectory(prefix="homeport-demo-") as made:
            kept = asyncio.run(demo(Path(made), script, seed, console, given))
    except KeyboardInterrupt:
        console.print("Stopped: the servers and the phones are gone.")
        return 130
    except ProcessFailed as failed:
        console.print(str(failed), style="red", markup=False)
        return 2
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
