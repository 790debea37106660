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
from homeport_client.fleet.report.board import Board
from homeport_client.fleet.report.exits import exit_of
from homeport_client.fleet.report.terminal import draw
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.summarize import summarize
from homeport_sync.errors import HomeportError


def play_real(asked: Asked, *, server: str, data: Path | None, database_url: str) -> int:
    """Play, tell, write; the exit code. Without a `server` one of our own is started, in a directory that goes away."""
    if server and not data:
        raise Refused("A server that runs already needs --data: its data directory, whose secret signs tokens.")
    if not server and (data or database_url):
        raise Refused("--data and --database-url say where the log of a --server is: name the server, too.")
    script, watch = asked.script, Stopwatch()
    lasts = spoken(script.duration_s * 1_000, "ms")
    asked.say(f"{script.devices} phones, {lasts} of real time, network {asked.network}, seed {asked.seed}.")
    try:
        with Board(asked.console, whole_s=script.duration_s) as board, TemporaryDirectory(prefix="homeport-") as made:
            site = RunningSite(server, data or Path(), database_url=database_url) if server else None
            played = asyncio.run(_played(asked, board, site or RealServer(asked.sources.app, Path(made))))
    except (ProcessFailed, HomeportError) as failed:
        raise Refused(str(failed)) from failed
    summary = summarize(
        played,
        asked.app.catalog,
        network=asked.network,
        again=asked.again(asked.seed, "real"),
        bounds=asked.bounds,
        wall=watch.read(),
    )
    draw(asked.console, summary)
    asked.write(summary)
    return exit_of(summary)


async def _played(asked: Asked, board: Board, site: RealServer | RunningSite) -> Played:
    async with contextlib.AsyncExitStack() as ends:
        if isinstance(site, RealServer):
            await ends.enter_async_context(site)
        return await LiveFleet(
            asked.app,
            site,
            asked.seed,
            script=asked.script,
            show=board.show,
            processes=asked.processes,
            sources=asked.sources,
        ).run()
