"""The channel of webhooks against a receiver on a real socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import h11
import msgspec
import pytest

from homeport_notify.answer import Answer, Fate
from homeport_notify.channels.webhook import AT_ONCE_MAX, WebhookChannel
from homeport_notify.emulator.emulator import wall_ms
from tests.edge.notify.certificates import server_context, write_certificate
from tests.edge.notify.conversing import NEWS, answers, to

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass
class Receiver:
    """Answers every request with `says`; an empty answer hangs up. While `gate` is shut, it says nothing."""

    says: bytes = b"HTTP/1.1 204 No Content\r\n\r\n"
    port: int = 0
    requests: list[h11.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        body = b""
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                self.requests.append(event)
            elif isinstance(event, h11.Data):
                body += event.data
        self.bodies.append(body)
        self.came.release()
        await self.gate.wait()
        writer.write(self.says)
        writer.close()

    def header(self, name: str, at: int = 0) -> str:
        return dict(self.requests[at].headers)[name.encode()].decode()


@asynccontextmanager
async def receiving(*, context: ssl.SSLContext | None = None, shut: bool = False) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    if not shut:
        receiver.gate.set()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
        receiver.gate.set()


async def said_to(
    url: str,
    *,
    private_allowed: bool = True,
    resolved: Sequence[str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Answer:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        if resolved is None:
            raise OSError
        return resolved

    extra = {"resolve": resolve} if resolved is not None else {}
    channel = WebhookChannel([SECRET], wall_ms, private_allowed=private_allowed, context=context, answer_s=5.0, **extra)
    [answer] = await answers(channel, [to(url, kind="url")])
    await channel.close()
    return answer


async def test_a_receiver_gets_the_message_signed_under_the_name_of_the_delivery() -> None:
    async with receiving() as receiver:
        assert (await said_to(f"http://127.0.0.1:{receiver.port}/hook?x=1")).fate is Fate.SENT
    [body] = receiver.bodies
    assert receiver.requests[0].target == b"/hook?x=1"
    assert receiver.header("host") == f"127.0.0.1:{receiver.port}"
    assert receiver.header("webhook-id") == f"{1:032x}"
    words = f"{1:032x}.{receiver.header('webhook-timestamp')}.".encode() + body
    signature = base64.b64encode(hmac.digest(KEY, words, hashlib.sha256)).decode()
    assert receiver.header("webhook-signature") == f"v1,{signature}"
    whole = msgspec.json.decode(body)
    assert whole["type"] == "notification"
    assert whole["data"] == {"title": "News", "body": "There is some", "data": {"task": "7"}, "ttlS": 3_600}


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("200 OK", Fate.SENT),
        ("410 Gone", Fate.GONE),
        ("429 Too Many", Fate.THROTTLED),
        ("404 Not Found", Fate.UNAVAILABLE),
        ("503 Busy", Fate.UNAVAILABLE),
        ("302 Found\r\nlocation: http://127.0.0.1:1/", Fate.UNAVAILABLE),  # it is not followed
    ],
)
async def test_what_a_receiver_says_is_about_it_alone(status: str, fate: Fate) -> None:
    async with receiving() as receiver:
        receiver.says = f"HTTP/1.1 {status}\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n".encode()
        answer = await said_to(f"http://127.0.0.1:{receiver.port}/")
    assert answer.fate is fate
    assert len(receiver.bodies) == 1
    if fate in {Fate.THROTTLED, Fate.UNAVAILABLE}:
        assert (answer.retry_after_ms, answer.narrow) == (7_000, "device")


async def test_the_body_of_an_answer_is_not_waited_for() -> None:
    async with receiving() as receiver:
        receiver.says = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nonly the beginning"
        assert (await said_to(f"http://127.0.0.1:{receiver.port}/")).fate is Fate.SENT


async def test_one_that_breaks_off_or_does_not_answer_in_time_may_have_it() -> None:
    async with receiving() as receiver:
        receiver.says = b""
        assert (await said_to(f"http://127.0.0.1:{receiver.port}/")).fate is Fate.UNANSWERED
    async with receiving(shut=True) as receiver:
        channel = WebhookChannel([SECRET], wall_ms, private_allowed=True, answer_s=0.2)
        [answer] = await answers(channel, [to(f"http://127.0.0.1:{receiver.port}/", kind="url")])
        await channel.close()
    assert answer.fate is Fate.UNANSWERED


async def test_one_that_is_not_there_surely_does_not_have_it() -> None:
    async with receiving() as receiver:
        port = receiver.port
    answer = await said_to(f"http://127.0.0.1:{port}/")
    assert (answer.fate, answer.narrow) == (Fate.NOT_SENT, "device")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://user:word@127.0.0.1:{port}/",
    ],
)
async def test_inside_the_network_nobody_is_reached_however_they_are_written(url: str) -> None:
    async with receiving() as receiver:
        answer = await said_to(url.format(port=receiver.port), private_allowed=False)
        assert answer.fate in {Fate.BAD_TARGET, Fate.NOT_SENT}
        assert not receiver.requests


async def test_a_name_that_leads_inside_with_one_of_its_addresses_is_refused() -> None:
    answer = await said_to("https://rebind.example/", private_allowed=False, resolved=["93.184.216.34", "10.0.0.1"])
    assert (answer.fate, answer.code) == (Fate.BAD_TARGET, "PRIVATE_ADDRESS")


async def test_a_name_that_leads_nowhere_is_not_sent_to() -> None:
    assert (await said_to("https://nowhere.example/", resolved=[])).code == "NO_HOST"


@pytest.mark.parametrize("url", ["ftp://example.com/", "https:///path", "http://[::1", "no url"])
async def test_what_is_no_url_is_a_malformed_target(url: str) -> None:
    assert (await said_to(url)).fate is Fate.BAD_TARGET


async def test_it_connects_to_the_address_that_was_checked_in_the_name_of_the_host(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with receiving(context=server_context(certificate, protocols=[])) as receiver:
        url = f"https://localhost:{receiver.port}/"
        assert (await said_to(url, resolved=["127.0.0.1"], context=trusting)).fate is Fate.SENT
        assert receiver.header("host") == f"localhost:{receiver.port}"
        other = await said_to(f"https://other.example:{receiver.port}/", resolved=["127.0.0.1"], context=trusting)
        assert other.fate is Fate.NOT_SENT  # the certificate is not other.example's
        stranger = await said_to(url, resolved=["127.0.0.1"])
        assert stranger.fate is Fate.NOT_SENT  # nobody vouches for it


async def test_the_name_is_looked_up_once() -> None:
    async with receiving() as receiver:
        answer = await said_to(f"http://leads.invalid:{receiver.port}/", resolved=["127.0.0.1"])
        assert answer.fate is Fate.SENT
        assert receiver.header("host") == f"leads.invalid:{receiver.port}"


async def test_many_are_sent_at_once_and_no_more_than_that() -> None:
    async with receiving(shut=True) as receiver:
        channel = WebhookChannel([SECRET], wall_ms, private_allowed=True, answer_s=20.0)
        recipients = [
            to(f"http://127.0.0.1:{receiver.port}/{at}", kind="url", number=at) for at in range(AT_ONCE_MAX + 10)
        ]
        under_way = asyncio.create_task(answers(channel, recipients))
        for _ in range(AT_ONCE_MAX):
            await receiver.came.acquire()
        assert len(receiver.requests) == AT_ONCE_MAX
        receiver.gate.set()
        assert {answer.fate for answer in await under_way} == {Fate.SENT}
        assert len(receiver.requests) == AT_ONCE_MAX + 10
        await channel.close()


async def test_cancelled_it_says_of_those_that_waited_for_their_turn_that_they_were_not_sent() -> None:
    async with receiving(shut=True) as receiver:
        channel = WebhookChannel([SECRET], wall_ms, private_allowed=True, answer_s=20.0)
        urls = [f"http://127.0.0.1:{receiver.port}/{at}" for at in range(AT_ONCE_MAX + 10)]
        recipients = [to(url, kind="url", number=at) for at, url in enumerate(urls)]
        said: dict[int, Answer] = {}
        until_s = asyncio.get_running_loop().time() + 20
        under_way = asyncio.create_task(channel.send(NEWS, recipients, said.__setitem__, until_s=until_s))
        for _ in range(AT_ONCE_MAX):
            await receiver.came.acquire()
        under_way.cancel()
        await asyncio.wait({under_way})
        assert sorted(said) == list(range(AT_ONCE_MAX, AT_ONCE_MAX + 10))
        assert {each.code for each in said.values()} == {"NO_TIME"}
        await channel.close()


async def test_a_name_that_is_looked_up_for_too_long_is_not_sent_to() -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    channel = WebhookChannel([SECRET], wall_ms, resolve=never)
    [answer] = await answers(channel, [to("https://example.com/", kind="url")], within_s=0.05)
    assert answer.code == "NO_TIME"
    await channel.close()


async def test_what_has_no_time_left_is_not_sent_and_a_dry_run_neither() -> None:
    channel = WebhookChannel([SECRET], wall_ms)
    recipients = [to("https://example.com/", kind="url")]
    assert [answer.code for answer in await answers(channel, recipients, NEWS, within_s=-1.0)] == ["NO_TIME"]
    assert [answer.code for answer in await answers(channel, recipients, NEWS, dry_run=True)] == ["DRY_RUN"]
    await channel.close()
