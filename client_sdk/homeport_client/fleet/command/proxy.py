"""`homeport fleet proxy`: puts a network of `networks.py` between any client and a server, and tells what it does."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import datetime
from urllib.parse import urlsplit

import click

from homeport_client.fleet.command.options import Refused, options_of
from homeport_client.fleet.networks import NETWORKS
from homeport_client.fleet.proxy.address import Address
from homeport_client.fleet.proxy.limits import PROXY_LIMITS
from homeport_client.fleet.proxy.proxy import Proxy
from homeport_client.fleet.proxy.tally import Happened, Tally
from homeport_client.fleet.seed import Seed

option = options_of("HOMEPORT_FLEET_PROXY")


@click.command()
@option("--network", type=click.Choice(list(NETWORKS)), required=True, help="The network to be in.")
@option("--to", metavar="URL", required=True, help="The server, such as http://127.0.0.1:8000.")
@option("--listen", metavar="HOST:PORT", default="127.0.0.1:8089", show_default=True, help="Where clients come.")
@option("--seed", type=click.IntRange(0), default=1, show_default=True, help="What everything is drawn from.")
@option("--plain", is_flag=True, help="No colours.")
def proxy(network: str, to: str, listen: str, seed: int, plain: bool) -> None:
    """Do to real bytes, between any client and a real server, what a network does.

    Point the client at the proxy instead of the server. Ctrl-C ends it with a summary.
    """
    host, port = _place(listen)
    screen = _Screen(plain=plain)
    try:
        between = Proxy(NETWORKS[network], to, Seed(seed), host=host, port=port, told=screen.tell)
    except ValueError as wrong:
        raise Refused(str(wrong)) from wrong
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_stand(between, Address.of(to), screen, f"{network} (seed {seed})"))
    screen.sum_up(between.tally)


async def _stand(between: Proxy, server: Address, screen: _Screen, network: str) -> None:
    """Until it is interrupted."""
    await _knock(server)
    try:
        await between.start()
    except OSError as error:
        raise Refused(f"Cannot listen on {between.url} ({error.strerror}): choose another --listen.") from error
    ended = _end()
    screen.greet(between.url, server, network)
    try:
        await ended.wait()
    finally:
        await between.close()


def _end() -> asyncio.Event:
    """Set by Ctrl-C, also where a shell has taken it from what runs in the background, and by SIGTERM."""
    told = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C is an exception
            asyncio.get_running_loop().add_signal_handler(each, told.set)
    return told


async def _knock(server: Address) -> None:
    try:
        _, writer = await server.connect(None, read_bytes=PROXY_LIMITS.read_bytes, within_s=PROXY_LIMITS.connect_s)
    except OSError as error:
        raise Refused(
            f"Nobody answers at {server.scheme}://{server.authority} ({error}): start the server first, with "
            "`homeport serve APP`, or name another --to."
        ) from error
    writer.transport.abort()


def _place(listen: str) -> tuple[str, int]:
    parts = urlsplit(f"//{listen}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise Refused(f"--listen is {listen!r}; expected HOST:PORT, such as 127.0.0.1:8089.")
    return host, port


class _Screen:
    """What the terminal shows: a greeting, a line for each incident, a summary."""

    def __init__(self, *, plain: bool) -> None:
        self._colour = False if plain else None  # None: if it is a terminal

    def greet(self, url: str, server: Address, network: str) -> None:
        """What it does, and how a client gets into it."""
        self._say(
            f"{click.style(url, bold=True)} is {server.scheme}://{server.authority} over the network {network}. "
            f'Point a phone at it with Device.open(server="{url}"); Ctrl-C ends it.'
        )

    def tell(self, happened: Happened) -> None:
        """One incident."""
        now = click.style(f"{datetime.now().astimezone():%H:%M:%S}", dim=True)
        self._say(f"{now} {click.style(f'{happened.incident:<14}', fg='yellow')} {happened.about}")

    def sum_up(self, tally: Tally) -> None:
        """All of it, in a line or two."""
        self._say(
            f"\n{tally.requests:,} requests on {tally.connections:,} connections, "
            f"{tally.bytes_up:,} bytes up and {tally.bytes_down:,} down."
        )
        told = ", ".join(f"{name} {count}" for name, count in tally.incidents.most_common())
        self._say(f"Happened: {told or 'nothing'}.")

    def _say(self, text: str) -> None:
        click.echo(text, color=self._colour)
