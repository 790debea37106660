"""The real transport against sockets on this machine: our answers are read, everything else is `Unreachable`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from homeport_client import DeviceLimits, HttpTransport, Refused, ServerError, Unreachable
from homeport_client.transport import GoAway
from homeport_sync.wire import PullInput, PullMessage, PushMessage

LIMITS = DeviceLimits(connect_s=1, answer_s=0.3, handshake_s=0.3, answer_bytes_max=10_000)
PULL = PullMessage(device="d", cursor="c")
PAGE = {"cursor": "c2", "more": False, "serverTimeMs": 7, "unknown": [1]}


class Web:
    """Answers every request with `answer`, raw; what came is in `requests`."""

    def __init__(self) -> None:
        self.answer: bytes | None = b""
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.url = ""

    def says(self, body: object, status: str = "200 OK") -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
                self.requests.append((head, await reader.readexactly(int(length.split(b":")[1]))))
                if self.answer is not None:
                    writer.write(self.answer)
                    if b"content-length: 999" in self.answer:
                        break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    made = Web()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield made


@asynccontextmanager
async def to(web: Web) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(web.url, "t0ken", LIMITS)
    try:
        yield transport
    finally:
        await transport.close()


async def test_a_pull_is_one_graphql_post_and_its_page_is_read(web: Web) -> None:
    web.says({"data": {"pull": PAGE}})
    async with to(web) as transport:
        page = await transport.pull(PULL)
        await transport.pull(PULL)
    assert (page.cursor, page.more, page.server_time_ms) == ("c2", False, 7)
    (head, body), (again, _) = web.requests
    assert head.startswith(b"post /api/v1/graphql http/1.1\r\n")
    assert b"authorization: bearer t0ken\r\n" in head
    assert b"content-type: application/json\r\n" in head
    assert json.loads(body)["variables"] == {"device": "d", "cursor": "c"}
    assert json.loads(body)["query"].startswith("query Pull(")
    ids = [line for each in (head, again) for line in each.split(b"\r\n") if line.startswith(b"x-request-id: ")]
    assert len(set(ids)) == 2
    assert web.connections == 1


async def test_a_push_carries_the_changes_as_they_are(web: Web) -> None:
    outcome = {"number": 1, "outcome": "applied"}
    web.says({"data": {"push": {"serverTimeMs": 7, "outcomes": [outcome], "pull": PAGE}}})
    message = PushMessage(
        device="d", changes=[msgspec.Raw(b'{"number": 1}')], confirmed=0, clock_ms=5, pull=PullInput()
    )
    async with to(web) as transport:
        answer = await transport.push(message)
    assert [each.outcome for each in answer.outcomes] == ["applied"]
    assert answer.pull is not None
    variables = json.loads(web.requests[0][1])["variables"]
    assert variables == {"device": "d", "changes": [{"number": 1}], "confirmed": 0, "clockMs": 5, "pull": {}}


async def test_an_error_keeps_its_code_and_when_to_come_again(web: Web) -> None:
    extensions = {"code": "OVERLOADED", "retryable": True, "retryAfterMs": 50}
    web.says({"data": None, "errors": [{"message": "full", "extensions": extensions}]}, "503 Service Unavailable")
    async with to(web) as transport:
        with pytest.raises(ServerError) as told:
            await transport.pull(PULL)
    assert (told.value.code, told.value.retryable, told.value.retry_after_ms) == ("OVERLOADED", True, 50)
    assert told.value.as_error()["extensions"] == {"code": "OVERLOADED", "retryable": True}


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "TENANT_UNKNOWN", "TOKEN_EXPIRED", "TOKEN_OF_A_LATER_VERSION"])
async def test_a_token_that_is_not_accepted_is_refused_until_it_is_renewed(web: Web, code: str) -> None:
    web.says({"errors": [{"message": "no", "extensions": {"code": code, "retryable": False}}]}, "401 Unauthorized")
    async with to(web) as transport:
        with pytest.raises(Refused, match=code):
            await transport.pull(PULL)
        web.says({"data": {"pull": PAGE}})
        transport.renew("an0ther")
        await transport.pull(PULL)
    assert b"bearer an0ther" in web.requests[-1][0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", b"<html>Welcome to our hotel</html>"),
        ("302 Found", b""),
        ("413 Content Too Large", b"<html>nginx</html>"),
        ("502 Bad Gateway", b"<html>nginx</html>"),
        ("200 OK", b'{"data":{"pull":{"cursor":'),
        ("200 OK", b'{"data":{"pull":{"more":false}}}'),
        ("200 OK", b"[]"),
        ("200 OK", b"\xff\xfe"),
        ("200 OK", b'{"data":{"pull":' + b" " * 20_000 + b"null}}"),
    ],
)
async def test_what_is_not_our_answer_is_unreachable(web: Web, status: str, body: bytes) -> None:
    web.says(body, status)
    async with to(web) as transport:
        with pytest.raises(Unreachable):
            await transport.pull(PULL)


async def test_a_cut_body_a_silent_server_and_none_at_all_are_unreachable(web: Web) -> None:
    web.answer = b'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"data":'
    async with to(web) as transport:
        with pytest.raises(Unreachable):
            await transport.pull(PULL)
    web.answer = None
    async with to(web) as transport:
        with pytest.raises(Unreachable):
            await transport.pull(PULL)
    nobody = HttpTransport("http://127.0.0.1:1", "t", LIMITS)
    with pytest.raises(Unreachable):
        await nobody.pull(PULL)
    with pytest.raises(Unreachable):
        async with nobody.pokes():
            pass
    await nobody.close()


ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"


class Restarting:
    """A server whose connections answer once, and then do `next_time` to the request after that."""

    def __init__(self, next_time: Callable[[asyncio.StreamWriter], None]) -> None:
        self.bodies: list[bytes] = []
        self.connections = 0
        self._next_time = next_time

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        content = json.dumps({"data": {"pull": PAGE}}).encode()
        try:
            await self._read(reader)
            writer.write(ANSWER % (len(content), content))
            await self._read(reader)
            self._next_time(writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        self.bodies.append(await reader.readexactly(int(length.split(b":")[1])))


@asynccontextmanager
async def restarting(next_time: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[tuple[Restarting, str]]:
    made = Restarting(next_time)
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.promise("I2")
@pytest.mark.parametrize("next_time", [asyncio.StreamWriter.close, lambda writer: writer.transport.abort()])
async def test_what_meets_a_connection_that_was_just_closed_is_sent_again_at_once_on_a_fresh_one(
    next_time: Callable[[asyncio.StreamWriter], None],
) -> None:
    async with restarting(next_time) as (server, url):
        transport = HttpTransport(url, "t0ken", LIMITS)
        await transport.pull(PULL)
        assert (await transport.pull(PULL)).cursor == "c2"
        await transport.close()
    assert (len(server.bodies), server.connections) == (3, 2)
    assert server.bodies[1] == server.bodies[2]


async def test_a_fresh_connection_that_is_closed_and_an_answer_that_is_cut_are_not_sent_again() -> None:
    taken: list[int] = []

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        taken.append(1)
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "t0ken", LIMITS)
        with pytest.raises(Unreachable):
            await transport.pull(PULL)
        await transport.close()
    assert len(taken) == 1

    async with restarting(lambda writer: writer.write(ANSWER % (999, b"{"))) as (cutting, url):
        transport = HttpTransport(url, "t0ken", LIMITS)
        await transport.pull(PULL)
        with pytest.raises(Unreachable):
            await transport.pull(PULL)
        await transport.close()
    assert len(cutting.bodies) == 2


async def test_without_a_token_nothing_is_sent(web: Web) -> None:
    transport = HttpTransport(web.url)
    with pytest.raises(Refused):
        await transport.pull(PULL)
    assert web.requests == []
    await transport.close()


@pytest.mark.parametrize("url", ["sync.example.com", "ftp://example.com", "http://", ""])
def test_a_server_is_named_by_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        HttpTransport(url)


Talk = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def poking(talk: Talk) -> AsyncIterator[HttpTransport]:
    """A socket server that greets as it should, then talks."""

    async def greet(socket: ServerConnection) -> None:
        init = json.loads(await socket.recv())
        assert (init["type"], init["payload"]) == ("connection_init", {"authorization": "Bearer t0ken"})
        await talk(socket)

    async with serve(greet, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield HttpTransport(f"http://127.0.0.1:{port}", "t0ken", LIMITS)


async def listen(talk: Talk) -> list[GoAway | None]:
    """The pokes of a server that talks so, until it ends them."""
    async with poking(talk) as transport, transport.pokes() as pokes:
        return [each async for each in pokes]


async def send(socket: ServerConnection, **message: Any) -> None:  # noqa: ANN401
    await socket.send(json.dumps(message))


async def acknowledge(socket: ServerConnection) -> None:
    await send(socket, type="connection_ack")
    subscribe = json.loads(await socket.recv())
    assert (subscribe["type"], subscribe["payload"]) == ("subscribe", {"query": "subscription Poke { poke }"})


async def test_each_next_is_a_poke_and_a_ping_is_answered() -> None:
    async def talk(socket: ServerConnection) -> None:
        await send(socket, type="ping")
        assert json.loads(await socket.recv()) == {"type": "pong"}
        await acknowledge(socket)
        await send(socket, type="next", id="1", payload={"data": {"poke": True}})
        await send(socket, type="ping", payload={})
        assert json.loads(await socket.recv()) == {"type": "pong"}
        await send(socket, type="next", id="1", payload={"data": {"poke": True}})
        await send(socket, type="complete", id="1")
        await socket.wait_closed()

    assert len(await listen(talk)) == 2


async def test_a_ping_may_say_that_the_server_goes_away_and_anything_else_in_it_means_nothing() -> None:
    payloads: list[Any] = [{"goAwayMs": 250}, {"goAwayMs": -5}, {"goAwayMs": "soon"}, {"goAwayMs": None}, [], "x", None]

    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        for payload in payloads:
            await send(socket, type="ping", payload=payload)
            assert json.loads(await socket.recv()) == {"type": "pong"}
        await send(socket, type="complete", id="1")
        await socket.wait_closed()

    assert await listen(talk) == [GoAway(within_ms=250), GoAway(within_ms=0)]


async def test_a_restart_is_told_from_a_failure_once_the_server_has_listened() -> None:
    async def before(socket: ServerConnection) -> None:
        await socket.close(1012)

    async def after(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.close(1012)

    for talk, told_ms in ((before, None), (after, 0)):
        with pytest.raises(Unreachable) as told:
            await listen(talk)
        assert told.value.retry_after_ms == told_ms


@pytest.mark.parametrize("code", [4401, 4403, 4400, 1012, 1013, 1000])
async def test_a_close_says_whether_a_new_token_helps(code: int) -> None:
    async def before(socket: ServerConnection) -> None:
        await socket.close(code)

    async def after(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await socket.close(code)

    for talk in (before, after):
        with pytest.raises(Refused if code in (4401, 4403) else Unreachable):
            await listen(talk)


@pytest.mark.parametrize("code", [1013, 1012])
async def test_a_close_that_says_when_to_come_again_is_understood(code: int) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.close(code, "OVERLOADED: Too much is waiting already. retryAfterMs=1234")

    with pytest.raises(ServerError) as told:
        await listen(talk)
    assert (told.value.code, told.value.retryable, told.value.retry_after_ms) == ("OVERLOADED", True, 1_234)


async def test_an_error_instead_of_pokes_can_say_when_to_come_again() -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        extensions = {"code": "UNAVAILABLE", "retryable": True, "retryAfterMs": 700}
        await send(socket, type="error", id="1", payload=[{"message": "no", "extensions": extensions}])
        await socket.wait_closed()

    with pytest.raises(ServerError) as told:
        await listen(talk)
    assert told.value.retry_after_ms == 700


@pytest.mark.parametrize(("code", "error"), [("TOKEN_EXPIRED", Refused), ("INTERNAL", Unreachable)])
async def test_an_error_instead_of_pokes_says_whether_a_new_token_helps(code: str, error: type[Exception]) -> None:
    async def talk(socket: ServerConnection) -> None:
        await acknowledge(socket)
        await send(socket, type="error", id="1", payload=[{"message": "no", "extensions": {"code": code}}])
        await socket.wait_closed()

    with pytest.raises(error):
        await listen(talk)


async def test_a_server_that_never_acknowledges_or_talks_nonsense_is_unreachable() -> None:
    async def silent(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async def nonsense(socket: ServerConnection) -> None:
        await socket.send("<html>")
        await socket.wait_closed()

    for talk in (silent, nonsense):
        with pytest.raises(Unreachable):
            await listen(talk)


@pytest.mark.parametrize("status", [HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_GATEWAY])
async def test_a_proxy_that_lets_no_socket_through_says_nothing_of_the_token(status: HTTPStatus) -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(status, "No sockets here.")

    async with serve(silence, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        transport = HttpTransport(f"http://127.0.0.1:{port}", "t0ken", LIMITS)
        with pytest.raises(Unreachable):
            async with transport.pokes():
                pass


async def silence(_: ServerConnection) -> None:
    """Never reached."""
