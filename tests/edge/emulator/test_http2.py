"""The emulator over HTTP/2, as the h2 package sees it."""

import asyncio
import json

import hpack
import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from homeport_notify.emulator import Emulator, limits
from homeport_notify.http2 import frames
from homeport_notify.http2.frames import FrameReader
from tests.edge.emulator.h2_client import H2Client

SEND = "/v1/projects/emulated/messages:send"


def message(to: str = "a:b", **fields: object) -> bytes:
    return json.dumps({"message": {"token": to, **fields}}).encode()


async def test_many_messages_on_one_connection_are_each_answered(open_emulator: Emulator) -> None:
    phones = [open_emulator.phones.register() for _ in range(50)]
    async with H2Client(open_emulator.url) as client:
        streams = [client.begin(SEND, body=message(phone.target)) for phone in phones]
        answers = await client.finish(*streams)
    assert {answer.status for answer in answers} == {200}
    assert len({json.loads(answer.body)["name"] for answer in answers}) == 50
    assert [phone.waiting for phone in phones] == [1] * 50


async def test_headers_mean_the_same_when_the_peers_table_has_moved(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        for number in range(80):  # names and values that push others out of the table
            headers = [("x-filler", f"{number}" * 60), ("x-constant", "constant")]
            assert (await client.ask(SEND, headers, message())).status == 200
        answer = await client.ask("/v1/projects/another/messages:send", [("x-constant", "constant")], message())
    assert answer.status == 200  # nobody's credentials are looked at
    assert open_emulator.tally.fcm.accepted == 81


async def test_a_client_without_a_header_table_is_obeyed(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        client.connection.update_settings({SettingCodes.HEADER_TABLE_SIZE: 0})
        assert (await client.ask(SEND, body=message())).status == 200
        assert (await client.ask(SEND, body=message())).status == 200


async def test_an_answer_waits_for_the_clients_window(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        client.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
        client.flush()
        [page] = await client.finish(client.begin("/", method="GET"))  # it acknowledges what it reads, bit by bit
    assert page.body.rstrip().endswith(b"</html>")


async def test_equal_bytes_of_headers_mean_what_the_table_says_now(open_emulator: Emulator) -> None:
    encoder = hpack.Encoder()

    def block(path: str) -> bytes:
        return encoder.encode([(":method", "GET"), (":scheme", "http"), (":path", path)])

    blocks = [block(path) for path in ("/emulator/counts",) * 2 + ("/emulator/behaviour",) * 2]
    assert blocks[1] == blocks[3]
    async with H2Client(open_emulator.url) as client:
        asked = b"".join(frames.headers(2 * at + 1, each, end_stream=True) for at, each in enumerate(blocks))
        client.writer.write(asked)
        reader, bodies = FrameReader(), list[bytes]()
        while len(bodies) < 4:
            read = reader.read(await client.some())
            bodies += [payload for kind, _, _, payload in read if kind == frames.DATA]
    assert [b"latency_ms" in body for body in bodies] == [False, False, True, True]


async def test_a_stream_that_only_a_server_may_open_breaks_the_rules(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        await client.read()
        client.writer.write(frames.headers(2, b"\x82\x86\x84", end_stream=True))
        while await client.read():
            pass
    assert client.goaway == ErrorCodes.PROTOCOL_ERROR


async def test_no_more_is_sent_than_the_connection_may_hold(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        client.acknowledging = False
        streams = [client.begin("/", method="GET") for _ in range(30)]
        while sum(len(client.answers[each].body) for each in streams) < frames.WINDOW_FIRST:
            await client.read()  # the h2 package would not stand a byte more
        client.acknowledging = True
        client.acknowledge()
        pages = await client.finish(*streams)
    assert len({page.body for page in pages}) == 1


async def test_a_wider_window_is_one_for_what_waits_already(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        client.acknowledging = False
        client.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
        stream = client.begin("/", method="GET")
        while not client.answers[stream].body:
            await client.read()
        client.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 60_000})
        client.flush()
        [page] = await client.finish(stream)
    assert page.body.rstrip().endswith(b"</html>")


async def test_bodies_that_are_larger_than_the_windows_arrive(open_emulator: Emulator) -> None:
    body = json.dumps({"targets": ["a:gone"]}).encode() + b" " * (limits.CONNECTION_WINDOW_BYTES // 3)
    async with H2Client(open_emulator.url) as client:
        statuses = [(await client.upload("/emulator/gone", body)).status for _ in range(4)]
    assert statuses == [200] * 4


async def test_more_requests_at_once_than_allowed_are_refused_untaken(open_emulator: Emulator) -> None:
    open_emulator.behave(silent=1)
    async with H2Client(open_emulator.url) as client:
        await client.read()
        client.connection.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1_000  # as if it had not been told
        client.connection.remote_settings.acknowledge()
        streams = [client.begin(SEND, body=message()) for _ in range(limits.STREAMS_MAX + 1)]
        [last] = await client.finish(streams[-1])
    assert last.reset == ErrorCodes.REFUSED_STREAM
    assert open_emulator.tally.fcm.accepted == limits.STREAMS_MAX


async def test_latency_delays_the_answer_and_not_the_next_request(open_emulator: Emulator) -> None:
    open_emulator.behave(latency_ms=20)
    async with H2Client(open_emulator.url) as client:
        streams = [client.begin(SEND, body=message()) for _ in range(20)]
        assert all(answer.status == 200 for answer in await client.finish(*streams))


async def test_a_connection_breaks_in_mid_answer_and_the_message_was_taken(open_emulator: Emulator) -> None:
    phone = open_emulator.phones.register()
    open_emulator.behave(outage="reset")
    async with H2Client(open_emulator.url) as client:
        stream = client.begin(SEND, body=message(phone.target))
        with pytest.raises(ConnectionError):
            await client.finish(stream)
    assert (phone.waiting, open_emulator.tally.fcm.accepted, open_emulator.tally.fcm.unanswered) == (1, 1, 1)


async def test_a_goaway_lets_what_is_under_way_end(open_emulator: Emulator) -> None:
    accepted = asyncio.Event()
    open_emulator.tally.watch = lambda push: accepted.set()
    open_emulator.behave(latency_ms=20)
    async with H2Client(open_emulator.url) as client:
        stream = client.begin(SEND, body=message())
        await accepted.wait()
        open_emulator.goaway()
        rest = FrameReader().read(await client.rest())  # the h2 package reads nothing after a GOAWAY
    kinds = [kind for kind, _, number, _ in rest if kind == frames.GOAWAY or number == stream]
    assert kinds == [frames.GOAWAY, frames.HEADERS, frames.DATA]


async def test_what_is_no_http2_ends_with_a_goaway(open_emulator: Emulator) -> None:
    async with H2Client(open_emulator.url) as client:
        await client.read()
        client.writer.write(b"\x00\x00\x00\x00\x00\x00\x00\x00\x00")  # DATA on stream 0
        while await client.read():
            pass
    assert client.goaway == ErrorCodes.PROTOCOL_ERROR


async def test_a_phone_reads_its_messages_as_a_stream(open_emulator: Emulator) -> None:
    phone = open_emulator.phones.register()
    async with H2Client(open_emulator.url) as client:
        stream = client.begin(f"/emulator/devices/{phone.target}/messages", method="GET")
        for number in range(1, 4):
            await client.ask(SEND, body=message(phone.target, data={"n": str(number)}))
            while client.answers[stream].body.count(b"\n") < number:
                await client.read()
        client.connection.reset_stream(stream)
        client.flush()
        await client.ask(SEND, body=message(phone.target))
    lines = [json.loads(line) for line in client.answers[stream].body.splitlines()]
    assert [line["data"]["n"] for line in lines] == ["1", "2", "3"]
    assert phone.waiting == 1  # it has left: this one waits
