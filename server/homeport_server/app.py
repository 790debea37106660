"""The roof: builds the server of one app out of settings, a store and a secret. Nothing else builds anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from homeport_notify.ports import NotifyStore
from homeport_server.accounts import Accounts
from homeport_server.background import Background
from homeport_server.command_threads import CommandThreads
from homeport_server.database import Store, notify_store_of
from homeport_server.edge.admission import requests_admission
from homeport_server.edge.console.routes import console_routes
from homeport_server.edge.context import Rooms
from homeport_server.edge.departures import Departures
from homeport_server.edge.health import Health, all_warnings, health_routes, signal_warnings
from homeport_server.edge.holds import Holds
from homeport_server.edge.http import GraphqlOverHttp
from homeport_server.edge.ide.page import ide_routes
from homeport_server.edge.limits import graphql_limits
from homeport_server.edge.persisted import trusted_documents
from homeport_server.edge.schema import HomeportSchema, make_schema
from homeport_server.edge.view import SocketView
from homeport_server.errors import IntrospectionOff
from homeport_server.followers.work import make_work
from homeport_server.notify.channels import Channels, channel_names, close_all, make_channels
from homeport_server.notify.gates import GateWatch
from homeport_server.notify.notifier import Notifier
from homeport_server.notify.nudges import LogSignals
from homeport_server.notify.submit import Counted, Submitter
from homeport_server.notify.work import Notifying
from homeport_server.observe import Log
from homeport_server.observe.failed_commits import FailedCommits
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.process import Pulse
from homeport_server.observe.samples import Samples
from homeport_server.observe.tracing.chosen import make_tracer
from homeport_server.observe.tracing.port import NoTracer, Tracer
from homeport_server.observe.tracing.store import TracedStore
from homeport_server.observe.troubles import Troubles
from homeport_server.secret import Secret
from homeport_server.senses import Senses
from homeport_server.settings import Settings
from homeport_server.tokens import Tokens
from homeport_sync import LIMITS, App
from homeport_sync.cursor import CursorSeal
from homeport_sync.exchange import Exchange
from homeport_sync.limits import Limits
from homeport_sync.meter import Meter
from homeport_sync.ports import Signals, Tenants
from homeport_sync.sightings import Sightings

GRAPHQL_PATH = "/api/v1/graphql"
SCHEMA_PATH = "/api/v1/schema.graphql"


def wall_ms() -> int:
    """The server's clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Built:
    """An ASGI application, the routes it is made of, the switch that takes it out of traffic, its sockets, the work
    beside the requests, and what it was seen to do lately, if it takes requests."""

    asgi: ASGIApp
    routes: Starlette
    health: Health
    departures: Departures
    background: Background
    samples: Samples | None = None


def make_tokens(settings: Settings, secret: Secret, clock: Callable[[], int] = wall_ms) -> Tokens:
    """Issues and verifies the tokens of this secret."""
    return Tokens(secret.key("tokens"), clock, leeway_s=settings.token_leeway_s)


def build_app(
    settings: Settings,
    app: App,
    *,
    store: Store,
    signals: Signals,
    secret: Secret,
    log: Log,
    clock: Callable[[], int] = wall_ms,
    tracer: Tracer | None = None,
    notify_store: NotifyStore | None = None,
    channels: Channels | None = None,
    warnings: Callable[[], Sequence[str]] = tuple,
) -> Built:
    """The server of `app` over `store`. Whoever opened the store closes it; tracer and channels are closed with the
    server. `warnings` are shown by `/readyz`, beside its own.

    Without a `tracer` it has the one that the settings ask for, without `channels` those that they name, and without a
    `notify_store` the one beside the store.
    """
    metrics, seal, troubles = Metrics(), CursorSeal(secret.key("cursors")), Troubles(log)
    tracer, of_log, senses = tracer or make_tracer(settings), LogSignals(signals), Senses(settings, log, seal, clock)
    notify_store = notify_store or notify_store_of(store)
    rooms = Rooms(
        exchange=_exchange(
            settings, app, store, of_log, seal, meter=FailedCommits(metrics, troubles), tracer=tracer, clock=clock
        ),
        accounts=Accounts(make_tokens(settings, secret, clock), store, clock, cached_max=settings.tokens_cached_max),
        pokes=senses.hub(store, of_log, metrics),
        log=log,
        troubles=troubles,
        metrics=metrics,
        samples=senses.samples,
        tracer=tracer,
        settings=settings,
        wall_ms=clock,
        notifier=make_notifier(store, notify_store, signals, metrics=metrics, log=log, clock=clock),
        catalog=app.catalog,
        queries=store,
        quarantine=store,
        heard=senses.heard,
    )
    # On PostgreSQL that is for `homeport work`, of which there may be any number.
    on_sqlite = not settings.database_url
    channels = (make_channels(settings, clock) if channels is None else channels) if on_sqlite else {}
    notifying = Notifying(store=notify_store, channels=channels, presences=senses.presences(store), signals=signals)
    make = partial(make_work, settings, app, store, of_log, log, metrics=metrics, wall_ms=clock, notifying=notifying)
    watch = GateWatch(notify_store, channels.keys() or channel_names(settings), metrics, clock)
    return assemble(
        rooms,
        store,
        rooms.pokes.run,
        Pulse(metrics, signals.connected).run,
        senses.samples.run,
        senses.keeper(store).run,
        watch.run,
        *(make() if on_sqlite else []),
        pages=console_routes(rooms, store, secret.key("console"), senses.listening.listens),
        warnings=all_warnings(warnings, signal_warnings(signals, "pokes", settings.poke_poll_s), watch.warnings),
        at_end=partial(close_all, channels),
    )


def _exchange(
    settings: Settings,
    app: App,
    store: Store,
    signals: Signals,
    seal: CursorSeal,
    *,
    meter: Meter,
    tracer: Tracer,
    clock: Callable[[], int],
) -> Exchange:
    """What takes changes in and gives pages out. Its commit batches leave spans where there is a tracer."""
    return Exchange(
        store=store if isinstance(tracer, NoTracer) else TracedStore(store, tracer),
        catalog=app.catalog,
        signals=signals,
        seal=seal,
        limits=_limits(settings),
        wall_ms=clock,
        meter=meter,
        runner=CommandThreads(LIMITS),
        queries=store,
    )


def make_notifier(
    store: Sightings,
    notify_store: NotifyStore,
    signals: Signals,
    *,
    metrics: Counted,
    log: Log,
    clock: Callable[[], int],
) -> Notifier:
    """What answers about notifications."""
    return Notifier(
        store=notify_store,
        sightings=store,
        submitter=Submitter(store=notify_store, signals=signals, counted=metrics, log=log, wall_ms=clock),
        signals=signals,
        wall_ms=clock,
        random=Random(),
    )


def assemble(
    rooms: Rooms,
    tenants: Tenants,
    *work: Callable[[], Coroutine[Any, Any, None]],
    pages: Sequence[Route] = (),
    warnings: Callable[[], Sequence[str]] = tuple,
    at_end: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> Built:
    """Routes over rooms that are built, `pages` among them, and the `work` that runs beside them. `warnings` are shown
    by `/readyz`; `at_end` runs when the work is over."""

    async def end() -> None:
        if at_end:
            await at_end()
        await rooms.tracer.close()

    background = Background(rooms.log, *work, at_end=end)
    holds = Holds(rooms.settings.told_hold_ms, rooms.settings.told_held_max)

    def on_drain() -> None:
        rooms.metrics.draining()
        holds.release()

    health = Health(tenants, background.runs, on_drain, warnings, production=rooms.settings.production)
    limits, trusted = graphql_limits(rooms.settings), trusted_documents(rooms.settings)
    schema = make_schema(rooms.catalog, limits, trusted, rxdb=rooms.settings.rxdb == "on")
    requests = requests_admission(rooms)
    graphql = GraphqlOverHttp(schema, rooms, requests, holds)
    departures = Departures()
    routes = Starlette(
        routes=[
            Route(GRAPHQL_PATH, graphql),
            WebSocketRoute(GRAPHQL_PATH, SocketView(schema, rooms, requests, departures)),
            Route(SCHEMA_PATH, _schema_text(schema)),
            *ide_routes(GRAPHQL_PATH, rooms.settings),
            *pages,
            *health_routes(health, rooms.metrics),
        ],
        lifespan=background.lifespan,
    )
    return Built(_Front(graphql, routes), routes, health, departures, background, rooms.samples)


def _limits(settings: Settings) -> Limits:
    """SQLite has one writer; on PostgreSQL half of the connections may commit, and the others are there for pulls."""
    commits = max(settings.database_connections_max // 2, 1) if settings.database_url else 1
    return replace(LIMITS, commits_at_once_max=min(commits, LIMITS.commits_at_once_max))


class _Front:
    """Takes the one hot path past the router and its middlewares, which cost as much as the path itself."""

    def __init__(self, graphql: ASGIApp, routes: ASGIApp) -> None:
        self._graphql = graphql
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hot = scope["type"] == "http" and scope["path"] == GRAPHQL_PATH
        await (self._graphql if hot else self._routes)(scope, receive, send)


def _schema_text(schema: HomeportSchema) -> Callable[[Request], PlainTextResponse]:
    shown = schema.documents.limits.introspection
    text = schema.as_str() if shown else IntrospectionOff().message

    def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(text + "\n", status_code=200 if shown else 404)

    return answer
