"""`homeport work`: a process that does the work beside the requests and takes none, but for its health and metrics."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette

from homeport_server.app import Built, wall_ms
from homeport_server.background import Background
from homeport_server.database import Store, opened_store
from homeport_server.edge.departures import Departures
from homeport_server.edge.health import Health, health_routes, signal_warnings
from homeport_server.followers.work import make_work
from homeport_server.observe import Log, adopt_standard_logging, make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.process import Pulse
from homeport_server.process.serve import BROKEN, Server, listen, loop_factory, spare_the_collector, url_of
from homeport_server.secret import FILE, check_fingerprint, read_secret
from homeport_server.settings import Settings
from homeport_server.signals import open_signals
from homeport_sync.ports import Signals


class Station(Server):
    """A server that says that it works."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so in one line with the address of its health."""
        await uvicorn.Server.startup(self, sockets)
        self._log.info("working", url=url_of(self._listening))


def build_station(settings: Settings, *, store: Store, signals: Signals, log: Log) -> Built:
    """The work of the settings, and the routes that tell of it. Whoever opened the store closes it."""
    metrics = Metrics()
    work = make_work(settings, store, signals, log, metrics=metrics, wall_ms=wall_ms)
    background = Background(log, *work, Pulse(metrics, signals.connected).run, at_end=_nothing)
    warnings = signal_warnings(signals, "followers", settings.work_poll_s)
    health = Health(store, background.runs, metrics.draining, warnings)
    routes = Starlette(routes=health_routes(health, metrics), lifespan=background.lifespan)
    return Built(routes, routes, health, Departures(), background)


def run(settings: Settings) -> None:
    """Work until told to stop, on a loop of its own.

    Raises `BadSetting` if the address cannot be had, and `SystemExit` if a part of the work has stopped by itself.
    """
    with listen(settings) as listening:
        adopt_standard_logging(settings.log_level)
        log = make_log(settings.log_level)
        spare_the_collector()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            if runner.run(_work(settings, log, listening)):
                raise SystemExit(BROKEN)


async def _work(settings: Settings, log: Log, listening: socket.socket) -> bool:
    async with opened_store(settings) as store, open_signals(settings, log) as signals:
        if (file := settings.data / FILE).is_file():  # a worker signs nothing, and needs none; a wrong one is a mistake
            await check_fingerprint(store, read_secret(file))
        built = build_station(settings, store=store, signals=signals, log=log)
        station = Station(built, settings, log, listening)
        await station.serve(sockets=[listening])
        return station.broken


async def _nothing() -> None:
    """There is no tracer to close."""
