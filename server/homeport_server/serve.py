"""Running the server: one process, one event loop, SQLite in the data directory.

A graceful stop is: readiness drops, sockets close with 1012 so that clients come back at once, requests under way
are answered, the store closes last.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import uvicorn

from homeport_server.app import Built, build_app
from homeport_server.database import open_store
from homeport_server.errors import BadSetting
from homeport_server.observe import Log, adopt_standard_logging, make_log
from homeport_server.secret import Secret
from homeport_server.settings import Settings, flag
from homeport_sync import App
from homeport_sync.signals import LocalSignals

_STOPS = (signal.SIGTERM, signal.SIGINT)
_GRACE_S = 10


class Server(uvicorn.Server):
    """uvicorn, which says where it listens, and leaves traffic before it stops."""

    def __init__(self, built: Built, settings: Settings, log: Log, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                built.asgi,
                loop="none",
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=settings.body_bytes_max,
                ws_per_message_deflate=False,
                backlog=settings.backlog,
                access_log=False,
                proxy_headers=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._built = built
        self._log = log
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say the address in one line that tools can wait for."""
        await super().startup(sockets)
        self._log.info("listening", url=url_of(self._listening))

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGTERM and SIGINT. uvicorn would raise them again at its end, before the store is closed."""
        loop = asyncio.get_running_loop()
        # There is no such thing outside the main thread, where nobody sends us signals, nor on Windows.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for stop in _STOPS:
                loop.add_signal_handler(stop, self.stop)
        yield

    def stop(self) -> None:
        """Drain and stop; asked a second time, stop at once."""
        self._built.health.drain()
        self.force_exit = self.should_exit
        self.should_exit = True


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
    except OSError as error:
        listening.close()
        raise BadSetting(
            f"Port {settings.port} of {settings.host} cannot be listened on ({error.strerror}): choose another with "
            f"{flag('port')} ({flag('port')} 0 takes any free one) or {flag('host')}."
        ) from error
    return listening


def run(settings: Settings, app: App, secret: Secret) -> None:
    """Serve until told to stop, on a loop of its own. Raises `BadSetting` if the address cannot be had."""
    with listen(settings) as listening:
        adopt_standard_logging(settings.log_level)
        log = make_log(settings.log_level)
        spare_the_collector()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, app, secret, log, listening))


def spare_the_collector() -> None:
    """Let Python's cycle collector run seldom: a push makes thousands of objects and no cycles to speak of.

    At Python's own threshold (700 objects) a fifth of the processor time of a push of 50 changes goes into looking
    for cycles that are not there. What start-up made is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _serve(settings: Settings, app: App, secret: Secret, log: Log, listening: socket.socket) -> None:
    store = await open_store(settings)
    try:
        built = build_app(settings, app, store=store, signals=LocalSignals(), secret=secret, log=log)
        await Server(built, settings, log, listening).serve(sockets=[listening])
    finally:
        await store.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
