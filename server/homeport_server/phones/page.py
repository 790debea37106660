"""The page with two phones: what a browser gets, and what it may ask for.

What is asked for is done and answered with nothing: what it changed comes by the page's stream, to every tab that
looks. What could not be done stands on the phone as a sentence, and the answer says `refused`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from homeport_server.pages.forms import read_form
from homeport_server.pages.gate import Gate
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_server.phones.asked import DEEDS, Asked
from homeport_server.phones.showing import CROWD_SIZES, Showing, shell_and_files
from homeport_server.phones.table import Table
from homeport_server.phones.typed import BadText
from homeport_sync.errors import HomeportError

PURPOSE: Final = "phones"
SECRET_BYTES: Final = 32
FOLDED_CHARS_MAX: Final = 100  # of the id of a row
HOW: Final = "Look into the terminal where this page was started."


class PhonesPage:
    """The page of one table. Its key is another in each life."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._shell, files = shell_and_files()
        self._gate = Gate(secrets.token_bytes(SECRET_BYTES), PURPOSE, time.time, self._shell, HOW)
        self.showing = Showing(table, self._shell)
        guarded = self._gate.guarded
        self.asgi = Starlette(
            routes=[
                Route("/", guarded(self._page)),
                Route("/live", guarded(self._live)),
                Route("/phones/{key}/screen", guarded(self._screen)),
                Route("/phones/{key}/{deed}", guarded(self._deed), methods=["POST"]),
                Route("/server/{deed}", guarded(self._server), methods=["POST"]),
                Route("/crowd/{deed}", guarded(self._crowd), methods=["POST"]),
                Route("/stories/{name}", guarded(self._story), methods=["POST"]),
                self._gate.route(),
                files.route(),
            ]
        )

    def link(self, origin: str) -> str:
        """What opens the page at this address of a server, with its key."""
        return self._gate.link(origin, "/")

    def link_once(self, origin: str) -> str:
        """What opens it once, and soon, for a browser that is started with it: others on the machine may read that."""
        return self._gate.link_once(origin, "/")

    @asynccontextmanager
    async def open(self, still: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        """While this is entered, what happens on the table is passed on to those who look. If that fails, the page
        would stand `still`, which is called; what failed is raised at the end."""
        await self.showing.look()
        following = asyncio.create_task(self.showing.follow())
        following.add_done_callback(lambda _: still())
        try:
            yield
        finally:
            self.close()
            await self.showing.player.stop()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    def close(self) -> None:
        """Ends every stream, so that nothing holds the end of the page up."""
        self.showing.live.close()

    async def _page(self, _: Request) -> Response:
        sight = await self.showing.look()
        regions, stories = self.showing.all_html(), self.showing.player.stories
        return self._shell.page("phones.html", table=sight, regions=regions, stories=stories)

    async def _live(self, _: Request) -> Response:
        await self.showing.look()  # nobody may have looked for an hour
        return self.showing.live.answer()

    async def _screen(self, request: Request) -> Response:
        key = request.path_params["key"]
        if key not in self._table.phones:
            return _unknown()
        await self.showing.look()
        return Response(self.showing.html(f"{key}-screen"), media_type="text/html", headers=PAGE_HEADERS)

    async def _deed(self, request: Request) -> Response:
        key, name = request.path_params["key"], request.path_params["deed"]
        if name == "fold" and key in self._table.phones:
            self.showing.fold(key, (await read_form(request)).get("record", "")[:FOLDED_CHARS_MAX])
            return _answer()
        deed = DEEDS.get(name)
        if deed is None or key not in self._table.phones:
            return _unknown()
        asked = Asked(table=self._table, key=key, form=await read_form(request))
        try:
            done = await deed(asked)
        except BadText as bad:
            asked.phone.say(str(bad))
            done = False
        except HomeportError as error:
            asked.phone.say(error.message)
            done = False
        except OSError as error:  # such as a port that somebody else has taken meanwhile
            asked.phone.say(f"This machine does not let it happen ({error.strerror or error}): try again.")
            done = False
        self.showing.hurry()
        return _answer(done=done)

    async def _server(self, request: Request) -> Response:
        match request.path_params["deed"]:
            case "kill":
                await self._table.kill_server()
            case "start":
                await self._table.start_server()
            case _:
                return _unknown()
        return _answer()

    async def _crowd(self, request: Request) -> Response:
        match request.path_params["deed"]:
            case "loose":
                size = (await read_form(request)).get("devices", "")
                if size not in map(str, CROWD_SIZES):
                    return _answer(done=False)
                await self._table.let_loose(int(size))
            case "home":
                await self._table.call_home()
            case _:
                return _unknown()
        return _answer()

    async def _story(self, request: Request) -> Response:
        name, player = request.path_params["name"], self.showing.player
        if name == "stop":
            await player.stop()
            return _answer()
        return _answer() if await player.play(name) else _unknown()


def _answer(*, done: bool = True) -> Response:
    headers = PAGE_HEADERS if done else {**PAGE_HEADERS, "hx-trigger": "refused"}
    return Response(status_code=204, headers=headers)


def _unknown() -> Response:
    return PlainTextResponse("There is no such thing on the table.", status_code=404, headers=PAGE_HEADERS)
