"""Connections that are idle or silent: how long they are kept, and with which word they are let go."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from homeport_server.app import GRAPHQL_PATH
from homeport_server.observe import make_log
from homeport_server.process.serve import Server, listen
from tests.edge.world import SETTINGS, make_world

UPGRADE = (
    f"GET {GRAPHQL_PATH} HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
PING_BYTES = 6


async def test_a_client_that_answers_no_ping_is_closed_with_a_code_after_which_it_comes_back() -> None:
    world = await make_world()
    with listen(world.settings) as listening:
        server = Server(world.built, world.settings, make_log("error", world.out), listening)
        server.config.ws_ping_interval = server.config.ws_ping_timeout = 0.001
        up = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.wait({up}, timeout=0.005)
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
        writer.write(UPGRADE.encode())
        async with asyncio.timeout(15):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            frames = await reader.read()
        close = frames[PING_BYTES:]
        assert close[0] == 0x88  # a last frame that closes
        assert int.from_bytes(close[2:4], "big") == 1012
        assert close[4:].endswith(b"reconnect.")
        writer.close()
        server.stop()
        await up


async def test_an_idle_connection_is_kept_for_longer_than_load_balancers_keep_it() -> None:
    world = await make_world()
    with listen(world.settings) as listening:
        for settings in (world.settings, replace(SETTINGS, keep_alive_s=3)):
            server = Server(world.built, settings, make_log("error", world.out), listening)
            assert server.config.timeout_keep_alive == settings.keep_alive_s
    assert world.settings.keep_alive_s > 60
