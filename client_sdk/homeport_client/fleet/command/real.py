"""The real world from the command line: a server of our own in a directory that goes away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from homeport_client.fleet.command.asked import Asked
from homeport_client.fleet.command.options import Refused
from homeport_client.fleet.command.stopwatch import Stopwatch
from homeport_client.fleet.live.fleet import LiveFleet
from homeport_client.fleet.live.process import ProcessFailed
from homeport_client.fleet.live.real import RealServer
from homeport_client.fleet.played import Played
from homeport_client.fleet.report.board import Board
from homeport_client.fleet.report.exits import exit_of
from homeport_client.fleet.report.terminal import draw
from homeport_client.fleet.report.units import spoken
from homeport_client.fleet.summarize import summarize


def play_real(asked: Asked) -> int:
    """Play, tell, write; the exit code."""
    script, watch = asked.script, Stopwatch()
    lasts = spoken(script.duration_s * 1_000, "ms")
    asked.say(f"{script.devices} phones, {lasts} of real time, network {asked.network}, seed {asked.seed}.")
    try:
        with Board(asked.console, whole_s=script.duration_s) as board:
            played = asyncio.run(_played(asked, board))
    except ProcessFailed as failed:
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


async def _played(asked: Asked, board: Board) -> Played:
    with TemporaryDirectory(prefix="homeport-fleet-") as made:
        async with RealServer(asked.app_path, Path(made)) as server:
            return await LiveFleet(asked.app, server, asked.seed, script=asked.script, show=board.show).run()
