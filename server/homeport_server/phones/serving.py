"""Serving the page until somebody has seen enough: one event loop for the phones, their networks and the page.

Ctrl-C ends everything at once: the streams of open tabs, the page, the phones, the server and the crowd.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvicorn

from homeport_client.fleet.live.process import ProcessFailed
from homeport_server.errors import BadSetting
from homeport_server.phones.browser import has_browser, is_watched, open_page
from homeport_server.phones.page import PhonesPage
from homeport_server.phones.table import Table
from homeport_server.process.serve import url_of

GRACE_S: Final = 1  # for what is being answered when the end comes
BACKLOG: Final = 128
_STOPS: Final = (signal.SIGINT, signal.SIGTERM)


class _PageServer(uvicorn.Server):
    """uvicorn, which ends the page's streams before it waits for those who listen."""

    def __init__(self, page: PhonesPage) -> None:
        super().__init__(
            uvicorn.Config(
                page.asgi,
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._page = page

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._page.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop on SIGINT and SIGTERM; uvicorn would raise them again before the table is cleared."""
        _heed(_STOPS, self.stop)
        yield

    def stop(self) -> None:
        """End the page, once it is open."""
        self.should_exit = True


def listen_for_page(host: str, port: int) -> socket.socket:
    """A socket for the page. Raises `BadSetting` if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise BadSetting(
            f"Port {port} of {host} cannot be listened on ({error.strerror}): choose another with --port "
            "(--port 0 takes any free one)."
        ) from error
    return listening


async def serve_phones(app: Path, listening: socket.socket, ready: Callable[[str, str], None]) -> None:
    """Serve the page on two phones with this app until told to stop; `ready` is given its link, and one for once.

    Raises `BadSetting` if the server does not start, and `BadDeclaration` for what is no app.
    """
    with TemporaryDirectory(prefix="homeport-phones-") as made:
        try:
            async with Table.open(app, Path(made), throws_away=True) as table:
                page = PhonesPage(table)
                server = _PageServer(page)
                async with page.open(still=server.stop):
                    origin = url_of(listening)
                    ready(page.link(origin), page.link_once(origin))
                    await server.serve(sockets=[listening])
        except ProcessFailed as failed:
            raise BadSetting(f"The server between the phones did not start: {failed}") from failed


def run_phones(app: Path, *, host: str, port: int, opens: bool | None, say: Callable[[str], None]) -> None:
    """The page until Ctrl-C, told of in a few lines. `opens`: whether in a browser; None: if somebody sees it here.

    Raises as `serve_phones` and `listen_for_page` do.
    """

    def ready(link: str, once: str) -> None:
        say(f"Two phones, and a real server between them: {link}")
        watched = is_watched(os.environ, terminal=sys.stdout.isatty()) and has_browser()
        if (watched if opens is None else opens) and not open_page(once):
            say("No browser could be opened: open the address yourself.")
        say("Ctrl-C ends it all; nothing is kept.")

    async def main(listening: socket.socket) -> None:
        laying = asyncio.current_task()
        if laying is not None:
            _heed((signal.SIGTERM,), laying.cancel)  # Ctrl-C does so by itself
        await serve_phones(app, listening, ready)

    with suppress(KeyboardInterrupt, asyncio.CancelledError), listen_for_page(host, port) as listening:
        asyncio.run(main(listening))


def _heed(signals: Iterable[signal.Signals], do: Callable[[], object]) -> None:
    """Does this when one of them comes, where there are such things: not outside the main thread, nor on Windows."""
    with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
        for each in signals:
            asyncio.get_running_loop().add_signal_handler(each, do)
