"""What Homeport is compared with: the least that the same server stack can do.

python -m benchmarks.bare hello               answers a small JSON to anything
python -m benchmarks.bare page DATA FILE      checks the token and the grants as Homeport does, then sends FILE
python -m benchmarks.bare record DATA         checks the token, reads one record as Homeport does, and sends five fields
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from homeport_server.accounts import Accounts
from homeport_server.app import make_tokens, wall_ms
from homeport_server.database import open_store
from homeport_server.secret import open_secret
from homeport_server.settings import Settings


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """A bare ASGI application: no framework, no parsing."""
    if scope["type"] != "http":
        return
    await receive()
    body = json.dumps({"hello": "world"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def page_route(data: Path, page: bytes) -> Starlette:
    """A Starlette route that sends `page` to whoever has a valid token and a grant."""
    settings = Settings(data=data)
    store = await open_store(settings)
    accounts = Accounts(make_tokens(settings, open_secret(data)), store, wall_ms, cached_max=100)

    async def answer(request: Request) -> Response:
        caller = await accounts.caller(request.headers["authorization"].removeprefix("Bearer "))
        standing = await store.standing(caller.tenant, caller.user, request.headers["device"])
        if not any(grant.holds for grant in standing.grants):
            return Response(status_code=403)
        await request.body()
        return Response(page, media_type="application/json")

    return Starlette(routes=[Route("/page", answer, methods=["POST"])])


async def record_route(data: Path) -> Starlette:
    """A Starlette route that sends five fields of the record that a header names."""
    settings = Settings(data=data)
    store = await open_store(settings)
    accounts = Accounts(make_tokens(settings, open_secret(data)), store, wall_ms, cached_max=100)
    write = msgspec.json.Encoder().encode

    async def answer(request: Request) -> Response:
        caller = await accounts.caller(request.headers["authorization"].removeprefix("Bearer "))
        await request.body()
        id = request.headers["record"]
        record = (await store.seen(caller.tenant, caller.user, [id])).get(id)
        if record is None:
            return Response(status_code=404)
        fields = {name: record.fields.get(name) for name in ("title", "done", "due", "cheers")}
        return Response(write({"recordId": id, **fields}), media_type="application/json")

    return Starlette(routes=[Route("/record", answer, methods=["POST"])])


async def chosen() -> ASGIApp:
    """What the command line asks for."""
    match sys.argv[1:]:
        case ["page", data, file]:
            return await page_route(Path(data), _page(file))
        case ["record", data]:
            return await record_route(Path(data))
        case _:
            return hello


async def main() -> None:
    """Serve what the command line asks for, on a free port."""
    app = await chosen()
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    sys.stdout.write(json.dumps({"event": "listening", "url": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, loop="none", http="httptools", access_log=False, log_level="error", lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listening])


def _page(file: str) -> bytes:
    return Path(file).read_bytes()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
