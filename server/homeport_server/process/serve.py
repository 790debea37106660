"""Running the server: one process with one event loop, or a supervisor with several of them on one port.

How a process stops stands in `drain.py`; here it is begun by signals, or by the supervisor's orders.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypeAlias

import uvicorn

from homeport_server.app import Built, build_app
from homeport_server.database import Store, opened_store
from homeport_server.errors import BadSetting
from homeport_server.observe import Log, adopt_standard_logging, make_log
from homeport_server.process.connections import Connections, HttpConnection, SocketConnection
from homeport_server.process.drain import CLOSE_S, STOPS, Drain, Stop, pace_of
from homeport_server.process.leash import Leash
from homeport_server.secret import check_fingerprint, open_secret
from homeport_server.settings import Settings, flag, variable
from homeport_server.signals import open_signals
from homeport_sync import App
from homeport_sync.catalog import Catalog
from homeport_sync.index_book import MEND, IndexBook, indexed, told_missing
from homeport_sync.key_book import check_keys
from homeport_sync.ports import Signals

LISTENING = "listening"
BROKEN = 1  # the exit code of a process whose work beside the requests has stopped
_GRACE_S = 10
_EXIT_S = 5


Build: TypeAlias = Callable[[Store, Signals, Log], Awaitable[Built]]


class Server(uvicorn.Server):
    """uvicorn, which says when it is `ready`, in that word, and drains before it stops. `leash`: it has a supervisor,
    and says so there.

    `broken`: it stops because work beside the requests has stopped, and whoever restarts it should.
    """

    def __init__(
        self,
        built: Built,
        settings: Settings,
        log: Log,
        listening: socket.socket,
        *,
        ready: str = LISTENING,
        leash: Leash | None = None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                built.asgi,
                loop="none",
                http=HttpConnection,
                ws=SocketConnection,
                ws_max_size=settings.body_bytes_max,
                ws_per_message_deflate=False,
                backlog=settings.backlog,
                timeout_keep_alive=settings.keep_alive_s,
                access_log=False,
                proxy_headers=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self.server_state = self._connections = Connections()
        self._drain = Drain(health=built.health, departures=built.departures, connections=self._connections)
        self._settings = settings
        self._log = log
        self._listening = listening
        self._ready = ready
        self._leash = leash
        self._leaving: asyncio.Task[None] | None = None
        self.broken = False
        built.background.at_death(self._break)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so: to the supervisor, or in one line with the address that tools can wait for."""
        await super().startup(sockets)
        if self.should_exit:
            return  # it was told to stop meanwhile
        if self._leash is None:
            self._log.info(self._ready, url=url_of(self._listening))
        else:
            self._leash.obey(self.stop)
            self._leash.say_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGTERM and SIGINT, at once when one comes again; stay on SIGHUP, which would kill.

        uvicorn would raise them again at its end, before the store is closed.
        """
        loop = asyncio.get_running_loop()
        # There is no such thing outside the main thread, where nobody sends us signals, nor on Windows.
        with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            for number in STOPS:
                loop.add_signal_handler(number, self._signalled, number)
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        yield

    def stop(self, stop: Stop = Stop.NOW) -> None:
        """Drain, then stop; harmless when that has begun."""
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._leave(stop))

    def _break(self) -> None:
        self.broken = True
        self.stop(Stop.PLANNED)

    def _hung_up(self) -> None:
        self._log.warning("SIGHUP ignored", pid=os.getpid(), reason="SIGHUP rolls only with --workers 2 or more")

    def _signalled(self, number: signal.Signals) -> None:
        self.stop(STOPS[number])
        # Once more, and the process ends as if nobody had listened: what was acknowledged is committed.
        for each in STOPS:
            signal.signal(each, signal.SIG_DFL)

    async def _leave(self, stop: Stop) -> None:
        why = stop.name.lower().replace("_", " ")
        self._log.info("draining", pid=os.getpid(), why=why, sockets=len(self._drain.departures))
        try:
            if self.started:
                deaf = await self._drain.run(pace_of(stop, self._settings), self._stop_accepting)
                self._log.info("drained", pid=os.getpid(), sockets_cut=deaf)
        finally:
            self.should_exit = True

    def _stop_accepting(self) -> None:
        for server in self.servers:
            server.close()


def url_of(listening: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(settings: Settings) -> socket.socket:
    """A socket on the settings' address. Raises `BadSetting` if that cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(settings.backlog)
    except OSError as error:
        listening.close()
        raise BadSetting(
            f"Port {settings.port} of {settings.host} cannot be listened on ({error.strerror}): choose another with "
            f"{flag('port')} ({flag('port')} 0 takes any free one) or {flag('host')}."
        ) from error
    return listening


def run(settings: Settings, app: App, leash: Leash | None = None) -> None:
    """Serve until told to stop, on a loop of its own.

    Raises `BadSetting` if the address cannot be had, and `SystemExit` if the work beside the requests has stopped.
    """

    async def build(store: Store, signals: Signals, log: Log) -> Built:
        secret = open_secret(settings.data)  # not sooner: who does not come in leaves no new one behind
        await check_fingerprint(store, secret)
        await check_keys(store, app.catalog)
        warnings = await index_warnings(store, app.catalog, log)
        return build_app(
            settings, app, store=store, signals=signals, secret=secret, log=log, warnings=partial(tuple, warnings)
        )

    with leash.shared() if leash else listen(settings) as listening:
        allow_open_files()
        run_server(settings, listening, build, leash=leash)


async def index_warnings(store: IndexBook, catalog: Catalog, log: Log) -> Sequence[str]:
    """Make the indexes of the app's queries, where a server may; what there is to say of those that are missing.

    Of many records that takes a while, in which nobody is served: so it is told before.
    """
    missing = await indexed(store, catalog, lambda names: log.info("making indexes", names=list(names)))
    if not missing:
        return ()
    told = f"{told_missing(missing)}: {MEND}"
    log.warning("indexes missing", reason=told)
    return (told,)


def run_server(
    settings: Settings, listening: socket.socket, build: Build, *, ready: str = LISTENING, leash: Leash | None = None
) -> None:
    """Run what is built over the settings' store and signals until told to stop, on a loop of its own.

    Raises `SystemExit` if the work beside the requests has stopped.
    """
    adopt_standard_logging(settings.log_level)
    log = make_log(settings.log_level)
    spare_the_collector()

    async def serve() -> bool:
        async with opened_store(settings) as store, open_signals(settings, log) as signals:
            server = Server(await build(store, signals, log), settings, log, listening, ready=ready, leash=leash)
            await server.serve(sockets=[listening])
            return server.broken

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        if runner.run(serve()):
            raise SystemExit(BROKEN)


def supervise(settings: Settings, app: Path) -> int:
    """Serve the app by `settings.workers` processes until told to stop; the exit code.

    Raises `BadSetting` if the address cannot be had. The settings go to the processes as variables, because everyone
    on the machine may read a command line, and the database's URL has a password in it.
    """
    from homeport_server.observe.exposition import SHARED_DIRECTORY, process_ended, shared_directory
    from homeport_server.process.supervisor import Supervisor

    given = {variable(each.name): str(getattr(settings, each.name)) for each in fields(Settings)}
    with listen(settings) as listening, shared_directory() as shared:
        log = make_log(settings.log_level)
        allow_open_files()

        async def run() -> int:
            supervisor = Supervisor(
                # -P: the working directory is no place to import from, as for the command itself.
                [sys.executable, "-P", "-m", "homeport_server", "serve", str(app)],
                listening,
                {**os.environ, **given, **shared},
                log,
                workers=settings.workers,
                gone_s=settings.drain_notice_s + settings.drain_s + CLOSE_S + _GRACE_S + _EXIT_S,
                ready=partial(log.info, LISTENING, url=url_of(listening)),
                buried=partial(process_ended, directory=shared[SHARED_DIRECTORY]),
            )
            return await supervisor.run()

        return asyncio.run(run())


def allow_open_files() -> None:
    """As many open files as the system lets us have: each socket is one, and the usual 1,024 are soon gone."""
    try:
        import resource
    except ImportError:  # there is none on Windows, and no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where the kernel's own limit is lower than the one it names
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def spare_the_collector() -> None:
    """Let Python's cycle collector run seldom: a push makes thousands of objects and no cycles to speak of.

    At Python's own threshold (700 objects) a fifth of the processor time of a push of 50 changes goes into looking
    for cycles that are not there. What start-up made is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loops where there is uvloop; None: asyncio's own."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
