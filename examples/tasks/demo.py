"""Two phones you can touch, in a browser; or twenty phones, real servers, and a bad day, told in the terminal.

`make demo` opens a page with two phones on it, if there is a display and a browser; with `--page` it prints the page's
address anywhere. Else, and with `--story`, the terminal tells a day: phones work offline, lose the servers, and agree
again. `make demo` tells it of one server, `make demo-postgres` of PostgreSQL with three servers and two workers, of
which one each is killed together with PostgreSQL; `make soak-kill` adds NATS and kills any of them every few seconds.
Each is a real process here; real devices write to the same few lists over HTTP and WebSockets, each with its own
tunnels, airplane mode, dead batteries and wrong clocks. The killing is done in the middle, without warning, and what
was killed is started again. Then everything comes back online, and the checkers judge: the database's own rows, read
by SQL alone, against what every phone wrote, was told and holds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random, SystemRandom
from tempfile import TemporaryDirectory

from rich.console import Console

from homeport_client.fleet.hurried import hurried
from homeport_client.fleet.live.cluster import Cluster
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.provider import LiveProvider
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.trouble import EndlessTrouble, Trouble, killing
from homeport_client.fleet.report.board import Board
from homeport_client.fleet.report.terminal import draw
from homeport_client.fleet.summarize import summarize
from homeport_server.phones.browser import has_browser, is_watched
from homeport_server.phones.serving import run_phones
from homeport_server.verbs.phones import PORT
from homeport_sync import load_app
from homeport_sync.errors import HomeportError

APP = Path(__file__).with_name("app.py")
DEVICES_MIN = 2
DEVICES, SECONDS = 20, 20.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--devices", type=int, default=DEVICES, help=f"how many phones ({DEVICES})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"how long they write ({SECONDS:.0f})")
    parser.add_argument("--seed", type=int, default=None, help="what the story is drawn from (a new one each time)")
    parser.add_argument("--postgres", action="store_true", help="three servers and two workers on PostgreSQL")
    parser.add_argument("--soak", action="store_true", help="… and any process of them killed every few seconds")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--page", action="store_true", help="two phones in a browser, wherever it may be")
    shown.add_argument("--story", action="store_true", help="twenty phones in the terminal, even if there is a display")
    parser.add_argument("--port", type=int, default=PORT, help=f"the page's port ({PORT}); 0 takes any free one")
    given = parser.parse_args()
    if given.devices < DEVICES_MIN or given.seconds <= 0:
        parser.error(f"a fleet has at least {DEVICES_MIN} devices and writes for more than 0 seconds")
    return given


def stage(
    directory: Path, given: argparse.Namespace, seed: int, settings: Mapping[str, str]
) -> tuple[RealServer | Cluster, Trouble]:
    """Where the phones call, and what dies there."""
    if given.soak:
        cluster = Cluster(APP, directory, nats=True, durable=True, settings=settings)
        return cluster, EndlessTrouble(Random(seed))
    if given.postgres:
        return Cluster(APP, directory, settings=settings), killing("PostgreSQL", "server 1", "worker 1")
    return RealServer(APP, directory, settings=settings), killing("server")


async def demo(directory: Path, seed: int, console: Console, given: argparse.Namespace) -> bool:
    """The whole day; whether every promise was kept."""
    app = load_app(APP)
    script = hurried(app, devices=given.devices, duration_s=given.seconds)
    async with LiveProvider(directory) as provider:
        opened, trouble = stage(directory, given, seed, provider.settings)
        async with opened as site:
            with Board(console, whole_s=given.seconds) as board:
                fleet = LiveFleet(app, site, seed, script=script, trouble=trouble, show=board.show, provider=provider)
                played = await fleet.run()
            told = provider.tallies(await site.notified(fleet.tenant)) if played.kept else None
    again = " ".join(["python", *sys.argv[:1], *(each for each in sys.argv[1:] if each), f"--seed {seed}"])
    draw(console, summarize(played, app.catalog, network=script.personas[0].network.name, again=again))
    if isinstance(trouble, EndlessTrouble):
        killed = ", ".join(f"{name} {times} times" for name, times in trouble.killed.most_common())
        console.print(f"Killed: {killed}", soft_wrap=True)
    differ = [*told.differ()] if told else []
    if told:
        who = f"the provider took {told.taken}, by the database {told.sent} were sent"
        console.print(f"Tallies   {who}, phones gave {told.received} receipts", soft_wrap=True)
    for sentence in differ:
        console.print(sentence, style="red", soft_wrap=True)
    return played.kept and not differ


def is_page(given: argparse.Namespace, watched: bool) -> bool:
    """Whether the page is shown: if it is asked for, or somebody sees it and nothing was said of the story."""
    asked = (given.story, given.postgres, given.soak, given.seed, given.devices, given.seconds)
    return given.page or (watched and asked == (False, False, False, None, DEVICES, SECONDS))


def page(port: int) -> int:
    """Two phones in a browser, until Ctrl-C."""
    try:
        run_phones(APP, host="127.0.0.1", port=port, opens=None, say=lambda line: print(line, flush=True))
    except HomeportError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


def main() -> int:
    given = arguments()
    if is_page(given, is_watched(os.environ, terminal=sys.stdout.isatty()) and has_browser()):
        return page(given.port)
    seed = given.seed if given.seed is not None else SystemRandom().randrange(1_000_000)
    console = Console()
    try:
        console.print(f"{given.devices} phones write for about {given.seconds:.0f} s; seed {seed}.")
        with TemporaryDirectory(prefix="homeport-demo-") as made:
            kept = asyncio.run(demo(Path(made), seed, console, given))
    except KeyboardInterrupt:
        console.print("Stopped: the servers and the phones are gone.")
        return 130
    except ProcessFailed as failed:
        console.print(str(failed), style="red", markup=False)
        return 2
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
