"""The real transport against sockets on this machine: our answers are read, everything else is `Unreachable`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
import pytest

from homeport_client import DeviceLimits, HttpTransport, Refused, ServerError, Unreachable
from homeport_sync.introduction import HEADER, NOTHING_SAID, Introduction
from homeport_sync.telling import SubscribeTopic
from homeport_sync.wire import PullInput, PullMessage, PushMessage

LIMITS = DeviceLimits(connect_s=5, answer_s=5, handshake_s=5, answer_bytes_max=10_000)
IMPATIENT = replace(LIMITS, answer_s=0.3)  # for a server that says nothing at all
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
async def to(web: Web, limits: DeviceLimits = LIMITS) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(web.url, "t0ken", limits)
    try:
        yield transport
    finally:
        await transport.close()


async def test_what_is_told_is_one_graphql_post_and_an_error_beside_its_answer_is_raised(web: Web) -> None:
    web.says({"data": {"subscribe": True}})
    async with to(web) as transport:
        await transport.tell(SubscribeTopic(topic="news"))
        web.says({"data": {"subscribe": None}, "errors": [{"message": "No.", "extensions": {"code": "MALFORMED"}}]})
        with pytest.raises(ServerError, match="No"):
            await transport.tell(SubscribeTopic(topic="news"))
    assert json.loads(web.requests[0][1]) == {"query": SubscribeTopic.document, "variables": {"topic": "news"}}


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


async def test_what_the_device_is_goes_beside_its_pushes_and_pulls_and_beside_nothing_else(web: Web) -> None:
    said = iter([Introduction(outbox=2, app_version=1, sdk="0.1.0"), Introduction(outbox=0), NOTHING_SAID])
    async with to(web) as transport:
        transport.introduce(lambda: next(said))
        web.says({"data": {"push": {"serverTimeMs": 7}}})
        await transport.push(PushMessage(device="d", changes=[]))
        web.says({"data": {"pull": PAGE}})
        await transport.pull(PULL)
        await transport.pull(PULL)
        web.says({"data": {"subscribe": True}})
        await transport.tell(SubscribeTopic(topic="news"))
    told = [[line for line in head.split(b"\r\n") if line.startswith(HEADER.encode())] for head, _ in web.requests]
    assert told == [[b"homeport-device: outbox=2; app=1; sdk=0.1.0"], [b"homeport-device: outbox=0"], [], []]


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
    async with to(web, IMPATIENT) as transport:
        with pytest.raises(Unreachable):
            await transport.pull(PULL)
    nobody = HttpTransport("http://127.0.0.1:1", "t", LIMITS)
    with pytest.raises(Unreachable):
        await nobody.pull(PULL)
    with pytest.raises(Unreachable):
        async with nobody.pokes("d"):
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
