"""A conversation with h2, other people's server, byte by byte and without a socket: whatever the peer sets, each post
arrives whole and once, and each answer finds its post."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import cast

import pytest
from h2 import events
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeport_notify.http2 import frames, limits
from homeport_notify.http2.batch import Batch
from homeport_notify.http2.conversation import Conversation
from homeport_notify.http2.frames import BrokenFrame, ErrorCode, FrameReader
from homeport_notify.http2.head import HeadReader
from homeport_notify.transport import Head, Post, Reply
from tests.unit.notify.far_end import HEAD, FarEnd, Heard, Replies, echo, keep_silent


class Done:
    """As much of a future as a batch needs, without a loop."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.over = False

    def done(self) -> bool:
        return self.over

    def set_result(self, _result: None) -> None:
        self.over = True

    def set_exception(self, error: BaseException) -> None:
        self.error, self.over = error, True


class Talk:
    """Both ends, and what passes between them, in pieces of at most `cut` bytes."""

    def __init__(self, far: FarEnd | None = None, cut: int = 65_536) -> None:
        self.far = far or FarEnd()
        self.ours = Conversation("http", "push.example", HeadReader())
        self.replies = Replies()
        self.cut = cut
        self.pass_on()

    def batch(self, posts: Sequence[Post], head: Head = HEAD) -> Batch:
        return Batch(head, posts, self.replies, cast("asyncio.Future[None]", Done()))

    def send(self, posts: Sequence[Post], head: Head = HEAD) -> Batch:
        self.replies = Replies()
        batch = self.batch(posts, head)
        self.ours.send(batch, len(posts), deadline_s=10.0)
        self.pass_on()
        return batch

    def pass_on(self) -> None:
        """Until both are silent."""
        out, back = self.ours.take(), self.far.h2.data_to_send()
        while out or back:
            for at in range(0, len(out), self.cut):
                back += self.far.receive(out[at : at + self.cut])
            for at in range(0, len(back), self.cut):
                self.ours.receive(back[at : at + self.cut])
            out, back = self.ours.take(), self.far.h2.data_to_send()


def posts(*bodies: bytes) -> list[Post]:
    return [Post(body) for body in bodies]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=3_000), min_size=1, max_size=12),
    st.integers(1, 20_000),
    st.integers(0, 8_192),
    st.integers(1, 70_000),
)
def test_each_post_arrives_whole_and_each_answer_finds_it(
    bodies: list[bytes], window: int, table: int, cut: int
) -> None:
    talk = Talk(
        FarEnd(settings={SettingCodes.INITIAL_WINDOW_SIZE: window, SettingCodes.HEADER_TABLE_SIZE: table}), max(cut, 9)
    )
    talk.send(posts(*bodies))
    assert talk.replies.bodies == bodies
    assert sorted(heard.body for heard in talk.far.heard) == sorted(bodies)
    assert all(heard["authorization"] == HEAD.headers[0][1] and heard[":path"] == "/send" for heard in talk.far.heard)


def head_bytes(written: bytes) -> list[int]:
    """The length of each header block."""
    return [len(payload) for kind, *_, payload in FrameReader().read(written) if kind == frames.HEADERS]


def test_after_the_first_a_head_is_a_byte_a_header() -> None:
    talk = Talk(FarEnd(keep_silent))
    talk.ours.send(talk.batch(posts(*[b"x"] * 5)), 5, 10.0)
    first, *rest = head_bytes(talk.ours.take())
    assert first > 600
    assert rest == [6] * 4


def test_a_new_bearer_is_written_once_and_then_pointed_at() -> None:
    talk = Talk()
    talk.send(posts(b"1", b"2"))
    renewed = Head("/send", (("authorization", "Bearer " + "y" * 900), HEAD.headers[1]))
    talk.ours.send(talk.batch(posts(*[b"x"] * 3), renewed), 3, 10.0)
    written = talk.ours.take()
    first, *rest = head_bytes(written)
    assert first > 600
    assert rest == [6, 6]
    talk.far.receive(written)
    assert [heard["authorization"][-1] for heard in talk.far.heard] == ["x", "x", "y", "y", "y"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([*[None] * 8, 0, 300, 2_000, 4_096])), max_size=20))
@example([(1, None), (2, None), (1, None)])
def test_whatever_heads_take_turns_and_tables_change_the_headers_arrive(turns: list[tuple[int, int | None]]) -> None:
    talk = Talk()
    for which, table in turns:
        if table is not None:
            talk.far.h2.update_settings({SettingCodes.HEADER_TABLE_SIZE: table})
            talk.pass_on()
        head = Head(
            "/send", (("authorization", f"Bearer {which}" + "z" * 150 * which), ("apns-topic", f"t{which % 3}"))
        )
        talk.send(posts(b"1", b"2"), head)
        assert [heard.headers[4:] for heard in talk.far.heard[-2:]] == [list(head.headers)] * 2
        assert talk.replies.codes() == ["200", "200"]


def test_what_only_one_post_has_is_never_kept_by_the_peer() -> None:
    talk = Talk()
    own = [Post(b"x", f"/3/device/{at}".encode(), ((b"apns-collapse-id", b"c" * 200),)) for at in range(3)]
    talk.send(own, Head("", HEAD.headers))
    assert [heard[":path"] for heard in talk.far.heard] == ["/3/device/0", "/3/device/1", "/3/device/2"]
    assert all(heard["apns-collapse-id"] == "c" * 200 for heard in talk.far.heard)
    assert all(heard.never_indexed == {":path", "apns-collapse-id"} for heard in talk.far.heard)


def test_nothing_more_begins_than_the_connections_window_takes_and_it_goes_on_when_it_grows() -> None:
    talk = Talk(FarEnd(keep_silent, reads=False))
    batch = talk.batch(posts(*[bytes(16_000)] * 6))
    assert talk.ours.send(batch, 6, 10.0) == 4  # of 65,535 bytes
    talk.pass_on()
    talk.far.h2.increment_flow_control_window(50_000)
    talk.pass_on()
    assert talk.ours.send(batch, 6, 10.0) == 2
    talk.pass_on()
    assert [len(heard.body) for heard in talk.far.heard] == [16_000] * 6


def test_a_stream_window_that_shrinks_below_nothing_stops_a_body_until_it_grows() -> None:
    talk = Talk(FarEnd(reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 100}))
    talk.send(posts(bytes(250)))
    assert talk.far.under_way[1].body == bytes(100)
    talk.far.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 30})  # it is 70 too far now
    talk.pass_on()
    talk.far.h2.increment_flow_control_window(220, 1)
    talk.pass_on()
    assert talk.replies.bodies == [bytes(250)]


def test_the_peers_number_of_streams_holds_when_it_changes() -> None:
    talk = Talk(FarEnd(keep_silent, settings={SettingCodes.MAX_CONCURRENT_STREAMS: 3}))
    assert talk.ours.room == 3
    talk.send(posts(b"1", b"2"))
    assert talk.ours.room == 1
    talk.far.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1})
    talk.pass_on()
    assert talk.ours.room == -1
    talk.far.reply(1, 200)
    talk.far.reply(3, 200)
    talk.pass_on()
    assert talk.ours.room == 1


def test_an_answer_may_have_a_forerunner_many_headers_and_trailers() -> None:
    def script(far: FarEnd, heard: Heard) -> None:
        far.h2.send_headers(heard.stream, [(":status", "103"), ("link", "x")])
        far.h2.send_headers(heard.stream, [(":status", "200"), ("long", "y" * 40_000)])  # several frames
        far.h2.send_data(heard.stream, b"body", pad_length=20)
        far.h2.send_headers(heard.stream, [("end", "z")], end_stream=True)

    talk = Talk(FarEnd(script))
    talk.send(posts(b""))
    assert talk.replies.all == {0: Reply(200, {"long": "y" * 40_000}, b"body")}


def test_of_an_endless_answer_the_beginning_is_taken_and_the_rest_refused() -> None:
    def script(far: FarEnd, heard: Heard) -> None:
        far.h2.send_headers(heard.stream, [(":status", "502")])
        for _ in range(3):
            far.h2.send_data(heard.stream, bytes(16_384))

    talk = Talk(FarEnd(script))
    talk.send(posts(b"x"))
    assert talk.replies.codes() == ["502"]
    assert talk.replies.bodies == [bytes(limits.REPLY_BYTES_MAX)]
    assert [event.error_code for event in talk.far.said if isinstance(event, events.StreamReset)] == [ErrorCodes.CANCEL]


def test_an_answer_before_the_request_is_whole_counts_and_the_rest_is_not_sent() -> None:
    talk = Talk(FarEnd(reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 10}))
    talk.send(posts(b"x" * 100))
    talk.far.reply(1, 413)
    talk.pass_on()
    assert talk.replies.codes() == ["413"]
    assert not talk.ours.busy


def test_windows_for_answers_are_given_back_in_bulk() -> None:
    talk = Talk(FarEnd(lambda far, heard: far.reply(heard.stream, 200, bytes(16_384))))
    for _ in range(10):
        talk.send(posts(*[b"x"] * 10))
    grown = [event.delta for event in talk.far.said if isinstance(event, events.WindowUpdated)]
    assert len(talk.replies.all) == 10
    assert grown[0] == limits.GIVE_BACK_BYTES - 65_535
    assert len(grown) == 1 + 3
    assert all(delta >= limits.GIVE_BACK_BYTES // 2 for delta in grown[1:])


def test_a_ping_is_answered_with_what_it_carried() -> None:
    talk = Talk()
    talk.far.h2.ping(b"12345678")
    talk.pass_on()
    assert [event.ping_data for event in talk.far.said if isinstance(event, events.PingAckReceived)] == [b"12345678"]


def test_after_a_goaway_what_is_above_its_last_stream_was_not_sent_and_the_rest_goes_on() -> None:
    talk = Talk(FarEnd(keep_silent))
    talk.send(posts(b"1", b"2", b"3"))
    talk.far.h2.close_connection(last_stream_id=3)
    goaway = talk.far.h2.data_to_send()
    talk.ours.receive(goaway)
    assert talk.replies.all.keys() == {2}
    assert talk.replies.codes() == ["REFUSED"]
    assert talk.ours.room == 0
    answer = frames.headers(1, b"\x88", end_stream=True) + frames.headers(3, b"\x88", end_stream=True)
    talk.ours.receive(answer)
    assert talk.replies.codes() == ["200", "200", "REFUSED"]


@pytest.mark.parametrize(
    ("code", "answer"),
    [(ErrorCodes.REFUSED_STREAM, "REFUSED"), (ErrorCodes.INTERNAL_ERROR, "RESET"), (ErrorCodes.CANCEL, "RESET")],
)
def test_a_refused_stream_was_not_sent_and_any_other_reset_says_nothing(code: ErrorCodes, answer: str) -> None:
    talk = Talk(FarEnd(lambda far, heard: far.h2.reset_stream(heard.stream, code)))
    talk.send(posts(b"x"))
    assert talk.replies.codes() == [answer]


def test_what_is_late_is_taken_back_and_a_later_word_about_it_is_passed_over() -> None:
    talk = Talk(FarEnd(keep_silent))
    talk.send(posts(b"1"))
    assert not talk.ours.late(9.9)
    assert talk.ours.late(10.0)
    crossing = frames.headers(1, b"\x88", end_stream=False) + frames.data(1, b"late", end_stream=True)
    talk.ours.give_up(10.0)
    talk.ours.receive(crossing)
    talk.pass_on()
    assert talk.replies.codes() == ["TOO_LATE"]
    assert [event.error_code for event in talk.far.said if isinstance(event, events.StreamReset)] == [ErrorCodes.CANCEL]


def test_a_cut_tells_what_was_wholly_written_from_what_was_not() -> None:
    talk = Talk(FarEnd(keep_silent, reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 10}))
    talk.send(posts(b"short", b"longer than ten"))
    talk.ours.cut()
    assert talk.replies.codes() == ["BROKEN", "UNFINISHED"]


def test_at_the_end_of_the_stream_ids_nothing_new_begins() -> None:
    talk = Talk(FarEnd(keep_silent))
    talk.ours._next = frames.STREAM_MAX - 2
    batch = talk.batch(posts(b"1", b"2", b"3"))
    assert talk.ours.send(batch, 3, 10.0) == 2
    assert talk.ours.room == 0
    talk.pass_on()
    assert [heard.stream for heard in talk.far.heard] == [frames.STREAM_MAX - 2, frames.STREAM_MAX]


HEADERS = frames.headers(1, b"\x88", end_stream=False)
BROKEN = [
    (frames.headers(2, b"\x88", end_stream=True), ErrorCode.PROTOCOL_ERROR),  # nobody opened it
    (frames.data(3, b"x", end_stream=True), ErrorCode.PROTOCOL_ERROR),
    (frames.rst_stream(5, 0), ErrorCode.PROTOCOL_ERROR),
    (frames.window_update(7, 1), ErrorCode.PROTOCOL_ERROR),
    (frames.data(1, b"x", end_stream=True), ErrorCode.PROTOCOL_ERROR),  # no head before
    (HEADERS + HEADERS, ErrorCode.PROTOCOL_ERROR),
    (frames.headers(1, b"\xff\xff", end_stream=True), ErrorCode.COMPRESSION_ERROR),
    (frames.headers(1, b"\xbe", end_stream=True), ErrorCode.COMPRESSION_ERROR),  # of a table that there is not
    (frames.headers(1, b"\x86", end_stream=True), ErrorCode.PROTOCOL_ERROR),  # no status
    (HEADERS + frames.headers(1, b"\xff\xff", end_stream=True), ErrorCode.COMPRESSION_ERROR),
    (frames.window_update(0, 0), ErrorCode.PROTOCOL_ERROR),
    (frames.window_update(0, frames.WINDOW_MAX), ErrorCode.FLOW_CONTROL_ERROR),
    (frames.ping(b"12345678", ack=False) * 2_000, ErrorCode.ENHANCE_YOUR_CALM),
]


@pytest.mark.parametrize(("data", "code"), BROKEN)
def test_a_peer_that_breaks_the_protocol_is_left(data: bytes, code: ErrorCode) -> None:
    talk = Talk(FarEnd(keep_silent, reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 1}))
    talk.send(posts(b"xyz"))
    talk.ours.receive(frames.window_update(1, 1))
    with pytest.raises(BrokenFrame) as raised:
        talk.ours.receive(data)
    assert raised.value.code == code


def test_a_setting_that_makes_a_window_too_large_ends_the_connection() -> None:
    talk = Talk(FarEnd(keep_silent, reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 16_000}))
    talk.send(posts(bytes(16_384), *[bytes(16_000)] * 3, bytes(1_535)))  # nothing is left of the connection's
    talk.ours.receive(frames.window_update(1, 20_000))
    with pytest.raises(BrokenFrame, match="too large"):
        talk.ours.receive(frames.settings({frames.INITIAL_WINDOW_SIZE: frames.WINDOW_MAX}))


@pytest.mark.parametrize("more", [0, frames.WINDOW_MAX])
def test_a_stream_whose_window_cannot_be_is_given_up_alone(more: int) -> None:
    talk = Talk(FarEnd(keep_silent, reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 1}))
    talk.send(posts(b"xyz", b"a"))
    talk.ours.receive(frames.window_update(1, 1) + frames.window_update(1, more))
    assert talk.replies.codes() == ["RESET"]
    assert talk.ours.busy


@st.composite
def _any_frame(draw: st.DrawFn) -> bytes:
    """Of any type, well or badly made, mostly about a stream that is there."""
    kind = draw(st.integers(0, 10))
    stream = draw(st.sampled_from([0, 1, 1, 3, 5, 7, 2]))
    flags = draw(st.sampled_from([0, 1, 4, 5, 8, 13, 0xFF]))
    written = (
        b"\x88",
        b"\x8d",
        bytes(4),
        bytes(8),
        b"\x00\x00\x00\x01",
        frames.settings({4: 70_000})[9:],
        b"\x03abcdef",
    )
    return frames.frame(kind, flags, stream, draw(st.sampled_from(written) | st.binary(max_size=12)))


@given(st.lists(_any_frame(), max_size=12))
def test_whatever_a_peer_says_each_post_is_answered_once(said: list[bytes]) -> None:
    talk = Talk(FarEnd(keep_silent, reads=False, settings={SettingCodes.INITIAL_WINDOW_SIZE: 4}))
    talk.send(posts(b"1", b"22", b"more than four"))
    with contextlib.suppress(BrokenFrame):
        talk.ours.receive(b"".join(said))
    talk.ours.cut()
    assert len(talk.replies.all) == 3


def test_what_a_callback_raises_ends_its_batch_and_no_other() -> None:
    def raising(_index: int, _reply: object) -> None:
        raise LookupError("a bug")

    talk = Talk(FarEnd(echo))
    done = Done()
    broken = Batch(HEAD, posts(b"1", b"2"), raising, cast("asyncio.Future[None]", done))
    talk.ours.send(broken, 2, 10.0)
    talk.ours.send(talk.batch(posts(b"3")), 1, 10.0)
    talk.pass_on()
    assert isinstance(done.error, LookupError)
    assert talk.replies.bodies == [b"3"]
