"""The sender against h2, other people's server, over real sockets: what arrives, what is said of what did not, and
what becomes of connections that end."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from h2.settings import SettingCodes

from homeport_notify.answer import Answer
from homeport_notify.http2 import frames, limits
from homeport_notify.http2.sender import Sender, secure_context
from homeport_notify.transport import OUT_OF_TIME, Head, Post, Reply
from tests.edge.notify.certificates import server_context, write_certificate
from tests.edge.notify.far_server import serving
from tests.unit.notify.far_end import HEAD, FarEnd, Heard, Replies, echo, keep_silent

SOON_S = 20.0  # longer than any test takes


@asynccontextmanager
async def sending(origin: str, *, connections_max: int = 4) -> AsyncIterator[Sender]:
    sender = Sender(origin, connections_max=connections_max)
    try:
        yield sender
    finally:
        await sender.close()


async def post(
    sender: Sender, bodies: Sequence[bytes], replies: Replies | None = None, *, within_s: float = SOON_S
) -> Replies:
    replies = replies or Replies()
    until_s = asyncio.get_running_loop().time() + within_s
    await sender.post(HEAD, [Post(body) for body in bodies], replies, until_s=until_s)
    return replies


def bodies_of(count: int) -> list[bytes]:
    return [b"%d" % at * 20 for at in range(count)]


class TellingReplies(Replies):
    """Those that tell when the first came."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    def __call__(self, index: int, reply: Reply | Answer) -> None:
        super().__call__(index, reply)
        self.told.set()


async def test_each_of_many_posts_is_answered_with_its_own_reply() -> None:
    async with serving() as far, sending(far.origin) as sender:
        bodies = bodies_of(1_000)
        replies = await post(sender, bodies)
        assert replies.bodies == bodies
        assert sorted(heard.body for heard in far.heard) == sorted(bodies)
        assert far.heard[0][":authority"] == far.origin.removeprefix("http://")


async def test_a_batch_of_nothing_is_done_at_once() -> None:
    async with sending("http://127.0.0.1:1") as sender:
        assert (await post(sender, [])).all == {}


async def test_connections_come_with_need_up_to_the_limit() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 2})
    async with silent as far, sending(far.origin, connections_max=3) as sender:
        waiting = asyncio.create_task(post(sender, bodies_of(9)))
        await far.heard_of(6)
        assert len(far.seats) == 3
        for seat in far.seats:
            seat.far.script = echo
            for heard in list(seat.far.heard):
                seat.reply(heard)
        assert (await waiting).codes() == ["200"] * 9
        assert len(far.seats) == 3


async def test_a_post_alone_does_not_wait_behind_a_large_batch() -> None:
    order: list[bytes] = []
    settings = {SettingCodes.MAX_CONCURRENT_STREAMS: 10}

    def script(far: FarEnd, heard: Heard) -> None:
        order.append(heard.body)
        echo(far, heard)

    async with serving(script, settings) as far, sending(far.origin, connections_max=1) as sender:
        await asyncio.gather(post(sender, bodies_of(500)), post(sender, [b"alone"]))
        assert order.index(b"alone") <= 2 * limits.SHARE


async def test_after_a_goaway_what_was_not_seen_was_not_sent_and_the_next_takes_another_connection() -> None:
    async with serving(keep_silent) as far, sending(far.origin) as sender:
        waiting = asyncio.create_task(post(sender, bodies_of(3)))
        await far.heard_of(3)
        seat = far.seats[0]
        seat.socket.write(frames.goaway(3, ErrorCodes.NO_ERROR))
        seat.reply(seat.far.heard[0])
        seat.reply(seat.far.heard[1])
        assert (await waiting).codes() == ["200", "200", "REFUSED"]
        await seat.lost
        far.script = echo
        assert (await post(sender, [b"next"])).bodies == [b"next"]
        assert len(far.seats) == 2


async def test_what_waits_goes_over_another_connection_when_one_leaves() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    async with silent as far, sending(far.origin, connections_max=1) as sender:
        waiting = asyncio.create_task(post(sender, bodies_of(3)))
        await far.heard_of(1)
        far.script = echo
        seat = far.seats[0]
        seat.socket.write(frames.goaway(1, ErrorCodes.NO_ERROR))
        await far.heard_of(3)
        seat.reply(seat.far.heard[0])
        assert (await waiting).codes() == ["200"] * 3


async def test_a_connection_that_is_cut_in_mid_answer_leaves_its_posts_unanswered_and_the_next_are_sent() -> None:
    def script(far: FarEnd, heard: Heard) -> None:
        if heard.body == b"cut":
            far.h2.send_headers(heard.stream, [(":status", "200")])

    async with serving(script) as far, sending(far.origin) as sender:
        waiting = asyncio.create_task(post(sender, [b"cut", b"other"]))
        await far.heard_of(2)
        far.seats[0].socket.abort()
        assert (await waiting).codes() == ["BROKEN", "BROKEN"]
        far.script = echo
        assert (await post(sender, [b"next"])).bodies == [b"next"]


async def test_a_server_that_breaks_the_protocol_is_told_why_and_left() -> None:
    async with serving(keep_silent) as far, sending(far.origin) as sender:
        waiting = asyncio.create_task(post(sender, [b"x"]))
        await far.heard_of(1)
        far.seats[0].socket.write(b"HTTP/1.1 200 OK\r\n\r\n")
        assert (await waiting).codes() == ["BROKEN"]
        await far.seats[0].lost
        last = far.seats[0].far.said[-1]
        assert isinstance(last, ConnectionTerminated)
        assert last.error_code == ErrorCodes.FRAME_SIZE_ERROR


async def test_what_cannot_be_begun_in_time_is_not_sent() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    async with silent as far, sending(far.origin, connections_max=1) as sender:
        replies = TellingReplies()
        waiting = asyncio.create_task(post(sender, [b"1", b"2"], replies, within_s=0.1))
        await far.heard_of(1)
        await replies.told.wait()
        assert replies.codes() == ["NO_TIME"]
        far.seats[0].reply(far.heard[0])
        await waiting
        assert replies.codes() == ["200", "NO_TIME"]
        assert (await post(sender, [b"3"], within_s=-1)).codes() == ["NO_TIME"]


async def test_an_answer_that_does_not_come_in_time_is_given_up_and_the_connection_goes_on() -> None:
    async with serving(keep_silent) as far:
        sender = Sender(far.origin, answer_s=0.0)
        waiting = asyncio.create_task(post(sender, [b"1"]))
        await far.heard_of(1)
        [connection] = sender._connections
        connection._read_at_s += 1.0  # something came of late
        connection._stop_timer()
        connection._tick()
        assert (await waiting).codes() == ["TOO_LATE"]
        far.seats[0].far.script = echo
        sender._answer_s = connection._answer_s = SOON_S
        assert (await post(sender, [b"2"])).codes() == ["200"]
        assert len(far.seats) == 1
        await sender.close()


async def test_a_server_of_which_nothing_comes_any_more_is_left() -> None:
    async with serving(keep_silent) as far:
        sender = Sender(far.origin, answer_s=0.0)
        waiting = asyncio.create_task(post(sender, [b"1"]))
        await far.heard_of(1)
        [connection] = sender._connections
        connection._stop_timer()
        connection._tick()
        assert (await waiting).codes() == ["BROKEN"]
        await far.seats[0].lost
        assert not sender._connections
        await sender.close()


async def test_an_idle_connection_is_closed() -> None:
    async with serving() as far, sending(far.origin) as sender:
        await post(sender, [b"1"])
        [connection] = sender._connections
        connection._read_at_s -= limits.IDLE_S
        connection._stop_timer()
        connection._tick()
        await far.seats[0].lost
        assert (await post(sender, [b"2"])).codes() == ["200"]
        assert len(far.seats) == 2


async def test_a_slow_reader_is_waited_for_and_everything_arrives() -> None:
    many = {SettingCodes.MAX_CONCURRENT_STREAMS: 500}
    counting = serving(lambda far, heard: far.reply(heard.stream, 200, b"%d" % len(heard.body)), many)
    async with counting as far, sending(far.origin, connections_max=1) as sender:
        await post(sender, [b"first"])
        seat = far.seats[0]
        seat.far.h2.increment_flow_control_window(2**30)
        seat.flush()
        [connection] = sender._connections
        await post(sender, [b"second"])  # the window has come by then
        seat.socket.pause_reading()
        assert connection._transport is not None
        for end, buffer in ((seat.socket, socket.SO_RCVBUF), (connection._transport, socket.SO_SNDBUF)):
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, buffer, 65_536)
        bodies = [bytes(16_000)] * 200
        waiting = asyncio.create_task(post(sender, bodies))
        await asyncio.sleep(0)
        assert connection.conversation.room
        assert connection.room == 0
        seat.socket.resume_reading()
        assert (await waiting).bodies == [b"16000"] * 200


async def test_cancelled_it_sends_nothing_more_and_says_of_what_was_not_sent_that_it_was_not() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    async with silent as far, sending(far.origin, connections_max=1) as sender:
        replies = Replies()
        waiting = asyncio.create_task(post(sender, [b"1", b"2"], replies))
        await far.heard_of(1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert replies.all == {1: OUT_OF_TIME}
        seat = far.seats[0]
        seat.far.script = echo
        seat.reply(seat.far.heard[0])
        assert (await post(sender, [b"3"])).bodies == [b"3"]
        assert replies.all == {1: OUT_OF_TIME}
        assert [heard.body for heard in far.heard] == [b"1", b"3"]


async def test_where_nobody_listens_what_waits_is_told_so_and_nothing_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as far:
        origin = far.origin
    async with sending(origin) as sender:
        replies = await post(sender, [b"1", b"2"])
        assert replies.codes() == ["NO_CONNECTION"] * 2
        later = sender._not_before_s
        assert (await post(sender, [b"3"])).codes() == ["NO_CONNECTION"]  # tried again, after a pause
        assert sender._not_before_s > later
    del sender
    gc.collect()
    assert not caplog.records


async def test_a_new_connection_that_fails_costs_the_others_nothing() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    async with silent as far, sending(far.origin) as sender:
        waiting = asyncio.create_task(post(sender, [b"1"]))
        await far.heard_of(1)
        far.stop_listening()
        more = asyncio.create_task(post(sender, [b"2"]))
        while not sender._failures:
            await asyncio.wait({sender._dialing or asyncio.create_task(asyncio.sleep(0))})
        seat = far.seats[0]
        seat.far.script = echo
        seat.reply(seat.far.heard[0])
        assert (await waiting).codes() == ["200"]
        assert (await more).bodies == [b"2"]


async def test_a_server_that_hangs_up_before_it_speaks_is_nobody() -> None:
    hung_up = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with hung_up, sending(f"http://127.0.0.1:{hung_up.sockets[0].getsockname()[1]}") as sender:
        assert (await post(sender, [b"1"])).codes() == ["NO_CONNECTION"]


async def test_closed_what_waits_was_not_sent_and_what_is_on_its_way_is_broken() -> None:
    silent = serving(keep_silent, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    async with silent as far, sending(far.origin, connections_max=1) as sender:
        waiting = asyncio.create_task(post(sender, [b"1", b"2"]))
        await far.heard_of(1)
        await sender.close()
        assert (await waiting).codes() == ["BROKEN", "CLOSED"]
        assert (await post(sender, [b"3"])).codes() == ["CLOSED"]
        await far.seats[0].lost


async def test_over_tls_it_speaks_to_whom_the_authority_vouches_for(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    async with serving(context=server_context(certificate, protocols=["h2"])) as far:
        sender = Sender(far.origin, context=secure_context(str(certificate)))
        bodies = bodies_of(300)
        assert (await post(sender, bodies)).bodies == bodies
        await sender.close()
        stranger = Sender(far.origin)
        refused = await post(stranger, [b"x"])
        await stranger.close()
        assert refused.codes() == ["NO_CONNECTION"]


async def test_a_server_whose_tls_offers_no_http2_gets_nothing(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    async with serving(context=server_context(certificate, protocols=["http/1.1"])) as far:
        sender = Sender(far.origin, context=secure_context(str(certificate)))
        replies = await post(sender, [b"x"])
        await sender.close()
        assert replies.codes() == ["NO_CONNECTION"]
        assert not far.heard


async def test_a_batch_with_another_head_goes_over_the_same_connection() -> None:
    async with serving() as far, sending(far.origin) as sender:
        await post(sender, [b"1"])
        other = Head("", (("apns-topic", "com.example"),))
        own = [Post(b"2", b"/3/device/a", ((b"apns-id", b"7"),))]
        await sender.post(other, own, Replies(), until_s=asyncio.get_running_loop().time() + SOON_S)
        assert len(far.seats) == 1
        assert (far.heard[1][":path"], far.heard[1]["apns-id"]) == ("/3/device/a", "7")


async def test_a_body_that_fits_no_window_is_a_bug_of_the_channel() -> None:
    async with sending("http://127.0.0.1:1") as sender:
        with pytest.raises(ValueError, match="16,384 at most"):
            await post(sender, [bytes(16_385)])


@pytest.mark.parametrize("origin", ["ftp://x", "https://", "https://x/path", "fcm.googleapis.com"])
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    with pytest.raises(ValueError, match="expected one such as"):
        Sender(origin)
