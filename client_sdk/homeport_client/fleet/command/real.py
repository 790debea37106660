"""The real world from the command line: a server of our own, or one that runs already."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

from homeport_client.fleet.command.asked import Asked
from homeport_client.fleet.command.options import Refused
from homeport_client.fleet.command.stopwatch import Stopwatch
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.live.running import RunningSite
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.board import Board, Now
from homeport_client.fleet.report.exits import Exit
from homeport_client.fleet.report.sentences import counted
from homeport_client.fleet.report.terminal import draw
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.summarize import summarize
from homeport_sync.errors import HomeportError


def play_real(asked: Asked) -> Exit:
    """Play, tell, write; the exit code. Without a server one of our own is started, in a directory that goes away.

    Raises `Refused` for what keeps it from beginning; what breaks it after that is raised as it is.
    """
    place = asked.place
    if place.server and not place.data:
        raise Refused("A server that runs already needs --data: its data directory, whose secret signs tokens.")
    if place.said and not place.server:
        raise Refused("--data and --database-url say where the log of a --server is: name the server, too.")
    script, watch = asked.script, Stopwatch()
    lasts = spoken(script.duration_s * 1_000, "ms")
    asked.say(f"{counted(script.devices, 'phone')}, {lasts} of real time, network {asked.network}, seed {asked.seed}.")
    with Board(asked.console, whole_s=script.duration_s) as board, TemporaryDirectory(prefix="homeport-") as made:
        showing = _Showing(board)
        try:
            played = asyncio.run(_played(asked, showing, _site(asked, Path(made))))
        except (ProcessFailed, HomeportError) as failed:
            if showing.begun:
                raise
            raise Refused(str(failed)) from failed
    summary = summarize(
        played,
        asked.app.catalog,
        network=asked.network,
        again=asked.again(asked.seed, "real"),
        planned_s=script.duration_s,
        bounds=asked.bounds,
        wall=watch.read(),
    )
    draw(asked.console, summary)
    return asked.end(summary)


class _Showing:
    """The board, and whether there was anything to show: a fleet shows nothing before it plays."""

    def __init__(self, board: Board) -> None:
        self.begun = False
        self._board = board

    def show(self, now: Now) -> None:
        """How it stands."""
        self.begun = True
        self._board.show(now)


def _site(asked: Asked, made: Path) -> RealServer | RunningSite:
    place = asked.place
    if place.server:
        return RunningSite(place.server, place.data or Path(), database_url=place.database_url)
    return RealServer(asked.sources.app, made)


async def _played(asked: Asked, showing: _Showing, site: RealServer | RunningSite) -> Played:
    async with contextlib.AsyncExitStack() as ends:
        if isinstance(site, RealServer):
            await ends.enter_async_context(site)
        return await LiveFleet(
            asked.app,
            site,
            asked.seed,
            script=asked.script,
            show=showing.show,
            processes=asked.processes,
            sources=asked.sources,
        ).run()
