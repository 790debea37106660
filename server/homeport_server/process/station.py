"""`homeport work`: a process that does the work beside the requests and takes none, but for its health and metrics."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette

from homeport_server.app import Built, wall_ms
from homeport_server.background import Background
from homeport_server.database import Store, notify_store_of
from homeport_server.edge.departures import Departures
from homeport_server.edge.health import Health, all_warnings, health_routes, signal_warnings
from homeport_server.followers.work import make_work
from homeport_server.notify.channels import close_all, make_channels
from homeport_server.notify.gates import GateWatch
from homeport_server.notify.nudges import LogSignals
from homeport_server.notify.presences import KeptPresences
from homeport_server.notify.work import Notifying
from homeport_server.observe import Log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.process import Pulse
from homeport_server.process.serve import listen, run_server
from homeport_server.secret import FILE, check_fingerprint, read_secret
from homeport_server.settings import Settings
from homeport_sync import App
from homeport_sync.ports import Signals


def build_station(settings: Settings, app: App, *, store: Store, signals: Signals, log: Log) -> Built:
    """The work of the settings, and the routes that tell of it. Whoever opened the store closes it."""
    metrics, notify_store, channels = Metrics(), notify_store_of(store), make_channels(settings, wall_ms)
    notifying = Notifying(store=notify_store, channels=channels, presences=KeptPresences(store), signals=signals)
    work = make_work(
        settings, app, store, LogSignals(signals), log, metrics=metrics, wall_ms=wall_ms, notifying=notifying
    )
    watch = GateWatch(notify_store, channels.keys(), metrics, wall_ms)
    pulse, at_end = Pulse(metrics, signals.connected), partial(close_all, channels)
    background = Background(log, *work, watch.run, pulse.run, at_end=at_end)
    warnings = all_warnings(signal_warnings(signals, "followers", settings.work_poll_s), watch.warnings)
    health = Health(store, background.runs, metrics.draining, warnings, production=settings.production)
    routes = Starlette(routes=health_routes(health, metrics), lifespan=background.lifespan)
    return Built(routes, routes, health, Departures(), background)


def run(settings: Settings, app: App) -> None:
    """Work until told to stop, on a loop of its own.

    Raises `BadSetting` if the address cannot be had, and `SystemExit` if a part of the work has stopped by itself.
    """

    async def build(store: Store, signals: Signals, log: Log) -> Built:
        if (file := settings.data / FILE).is_file():  # a worker signs nothing, and needs none; a wrong one is a mistake
            await check_fingerprint(store, read_secret(file))
        return build_station(settings, app, store=store, signals=signals, log=log)

    with listen(settings) as listening:
        run_server(settings, listening, build, ready="working")
