"""`homeport fleet run`: plays a script on an app, in one of the two worlds, and says what came of it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

import click
from rich.console import Console

from homeport_client.fleet.command.asked import Asked, Place
from homeport_client.fleet.command.options import DURATION, NETWORK, THRESHOLD, Refused, options_of
from homeport_client.fleet.command.wanted import Wanted
from homeport_client.fleet.networks import Network
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.exits import Exit
from homeport_client.fleet.report.sentences import WIDTH_MAX
from homeport_client.fleet.report.thresholds import NotABound, parse
from homeport_client.fleet.sources import Sources
from homeport_sync.errors import HomeportError

SEEDS = 1_000_000
FAILURES = Path("homeport_failures")
option = options_of("HOMEPORT_FLEET")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("app", type=click.Path(path_type=Path), envvar="HOMEPORT_FLEET_APP")
@option("--script", type=click.Path(path_type=Path), help="A Python file with `script = Script(...)`.")
@option("--devices", type=click.IntRange(1), help="How many phones (50, or as the script says).")
@option("--duration", type=DURATION, help="How long they are used: 90s, 30m, 1h, 1d (1h).")
@option("--network", type=NETWORK, help="The network all phones are on; unless said, each persona's own.")
@option("--seed", type=click.IntRange(0), help="What everything is drawn from; a new one unless said.")
@option(
    "--world",
    type=click.Choice(["simulated", "real"]),
    default="simulated",
    show_default=True,
    help="Virtual time in this process, or real servers, sockets and seconds.",
)
@option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Real: how many processes drive the phones. Simulated: how many seeds are played, each in its process.",
)
@option("--threshold", "thresholds", type=THRESHOLD, multiple=True, help="Such as 'p95(sync_lag) < 500ms'.")
@option("--server", metavar="URL", default="", help="Real: a server that runs already, not one of our own.")
@option("--data", type=click.Path(path_type=Path), help="Real: the data directory of that server (SQLite).")
@option("--database-url", default="", help="Real: its database, if that is PostgreSQL.")
@option("--json", "to_json", type=click.Path(path_type=Path, allow_dash=True), help="Write all of it as JSON.")
@option("--junit", type=click.Path(path_type=Path), help="Write checks and thresholds as JUnit XML.")
@option("--html", type=click.Path(path_type=Path), help="Write a report that opens in any browser, offline.")
@option(
    "--failures",
    type=click.Path(path_type=Path, file_okay=False),
    default=FAILURES,
    show_default=True,
    help="Where the test file of a failing story goes.",
)
@option("--shrink/--no-shrink", default=True, show_default=True, help="Look for the shortest story that fails.")
@option("--plain", is_flag=True, help="Plain lines, no colours and no live view.")
def run(
    *,
    app: Path,
    script: Path | None,
    devices: int | None,
    duration: float | None,
    network: Network | None,
    seed: int | None,
    world: str,
    processes: int,
    thresholds: Sequence[Bound],
    server: str,
    data: Path | None,
    database_url: str,
    to_json: Path | None,
    junit: Path | None,
    html: Path | None,
    failures: Path,
    shrink: bool,
    plain: bool,
) -> None:
    """Play a fleet of phones on the app that the Python file APP declares.

    Ends with 0 if no check found anything and no threshold was missed, 99 if not, 2 if the command is wrong and nothing
    was played, 1 if the fleet itself breaks. Ctrl-C ends it with what there is: nothing is checked then, so 0 says only
    that no threshold was missed until that moment.
    """
    sources = Sources(app=app, script=script, devices=devices, duration_s=duration, network=network)
    try:
        declared, given = sources.load()
        bounds = (*map(parse, given.thresholds), *thresholds)
    except (HomeportError, NotABound) as wrong:
        raise Refused(str(wrong)) from wrong
    asked = Asked(
        sources=sources,
        app=declared,
        script=given,
        seed=seed if seed is not None else SystemRandom().randrange(SEEDS),
        processes=processes,
        bounds=bounds,
        added=thresholds,
        place=Place(server=server, data=data, database_url=database_url),
        wanted=Wanted(json=to_json, junit=junit, html=html, failures=failures if shrink else None),
        console=_console(plain=plain, aside=str(to_json) == "-"),
    )
    asked.wanted.check()
    sys.exit(_end_of(asked, world))


def _end_of(asked: Asked, world: str) -> Exit:
    """What breaks a fleet that plays is no wrong command, whatever it is: it ends with its traceback."""
    try:
        return _play(asked, world)
    except click.ClickException:
        raise
    except Exception:  # noqa: BLE001  # acts are anybody's code
        traceback.print_exc()
        return Exit.CRASHED


def _play(asked: Asked, world: str) -> Exit:
    if world == "simulated":
        if asked.place.said:
            raise Refused("--server, --data and --database-url are for --world real: say so, or leave them out.")
        from homeport_client.fleet.command.simulated import play_simulated

        return play_simulated(asked)
    from homeport_client.fleet.command.real import play_real

    return play_real(asked)


def _console(*, plain: bool, aside: bool) -> Console:
    """Where people read: standard error if the JSON goes to standard output."""
    console = Console(stderr=aside)
    wide = None if console.is_terminal or "COLUMNS" in os.environ else WIDTH_MAX  # a pipe has no width of its own
    if plain:
        return Console(stderr=aside, force_terminal=False, no_color=True, highlight=False, width=wide)
    return Console(stderr=aside, width=wide)
