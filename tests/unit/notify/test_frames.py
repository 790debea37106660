"""Frames are read and written as hyperframe, other people's code, reads and writes them; and nothing a peer sends is
trusted."""

import itertools
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hyperframe import frame as theirs
from hypothesis import example, given
from hypothesis import strategies as st

from homeport_notify.http2 import frames, limits
from homeport_notify.http2.frames import BrokenFrame, ErrorCode, Frame, FrameReader

STREAMS = st.integers(1, frames.STREAM_MAX)
BODIES = st.binary(max_size=60)


def read(data: bytes) -> list[Frame]:
    return FrameReader().read(data)


def their_reading(data: bytes) -> list[Any]:
    found: list[Any] = []
    while data:
        frame, length = theirs.Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + length]))
        found.append(frame)
        data = data[9 + length :]
    return found


@st.composite
def their_frames(draw: st.DrawFn) -> theirs.Frame:
    stream = draw(STREAMS)
    makers: list[Callable[[], theirs.Frame]] = [
        lambda: theirs.DataFrame(stream, draw(BODIES), flags=draw(st.sampled_from([[], ["END_STREAM"]]))),
        lambda: theirs.HeadersFrame(stream, draw(BODIES), flags=["END_HEADERS"]),
        lambda: theirs.RstStreamFrame(stream, draw(st.integers(0, 2**32 - 1))),
        lambda: theirs.SettingsFrame(0, {4: draw(st.integers(0, frames.WINDOW_MAX))}),
        lambda: theirs.SettingsFrame(0, flags=["ACK"]),
        lambda: theirs.PingFrame(0, draw(st.binary(min_size=8, max_size=8))),
        lambda: theirs.GoAwayFrame(0, stream, 1, draw(BODIES)),
        lambda: theirs.WindowUpdateFrame(stream, draw(st.integers(1, frames.WINDOW_MAX))),
    ]
    make = draw(st.sampled_from(makers))
    return make()


@given(st.lists(their_frames(), max_size=8), st.lists(st.integers(0, 400)))
def test_what_others_write_is_read_however_it_is_cut(written: list[theirs.Frame], cuts: list[int]) -> None:
    data = b"".join(each.serialize() for each in written)
    reader, found = FrameReader(), []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        found += reader.read(data[start:end])
    assert [(kind, stream) for kind, _, stream, _ in found] == [(each.type, each.stream_id) for each in written]
    assert [payload for *_, payload in found] == [each.serialize_body() for each in written]


@given(STREAMS, st.binary(max_size=40_000), st.booleans())
@example(1, bytes(16_384), True)
@example(1, bytes(16_385), True)
@example(1, bytes(32_768), False)
@example(1, bytes(50_000), True)
def test_what_we_write_is_read_by_others(stream: int, body: bytes, end: bool) -> None:
    data = their_reading(frames.data(stream, body, end_stream=end))
    assert b"".join(each.data for each in data) == body
    assert [("END_STREAM" in each.flags) for each in data] == [False] * (len(data) - 1) + [end]
    head, *rest = their_reading(frames.headers(stream, body, end_stream=end))
    assert b"".join(each.data for each in (head, *rest)) == body
    assert ("END_STREAM" in head.flags) is end
    assert "END_HEADERS" in (head, *rest)[-1].flags


def test_the_small_frames_are_read_by_others() -> None:
    written = (
        frames.settings({frames.HEADER_TABLE_SIZE: 0, frames.INITIAL_WINDOW_SIZE: 1_000})
        + frames.SETTINGS_ACK
        + frames.window_update(0, 77)
        + frames.ping(b"12345678", ack=True)
        + frames.rst_stream(3, ErrorCode.CANCEL)
        + frames.goaway(5, ErrorCode.NO_ERROR, b"bye")
    )
    settings, ack, window, ping, reset, goaway = their_reading(written)
    assert settings.settings == {1: 0, 4: 1_000}
    assert "ACK" in ack.flags
    assert (window.stream_id, window.window_increment) == (0, 77)
    assert (ping.opaque_data, "ACK" in ping.flags) == (b"12345678", True)
    assert (reset.stream_id, reset.error_code) == (3, 8)
    assert (goaway.last_stream_id, goaway.error_code, goaway.additional_data) == (5, 0, b"bye")


@given(STREAMS, st.binary(min_size=1, max_size=60_000), st.booleans())
@example(1, bytes(16_384), True)
@example(1, bytes(60_000), False)
def test_a_header_block_in_many_frames_is_given_as_one(stream: int, block: bytes, end: bool) -> None:
    [(kind, flags, of, payload)] = read(frames.headers(stream, block, end_stream=end))
    assert (kind, of, payload) == (frames.HEADERS, stream, block)
    assert bool(flags & frames.END_STREAM) is end
    assert flags & frames.END_HEADERS


def test_padding_and_priority_are_taken_off_a_header_block() -> None:
    padded = theirs.HeadersFrame(3, b"block", flags=["END_HEADERS", "PADDED", "PRIORITY"], pad_length=7)
    assert read(padded.serialize())[0][3] == b"block"


def test_padding_of_data_stays_for_flow_control_and_can_be_taken_off() -> None:
    [(_, flags, _, payload)] = read(theirs.DataFrame(3, b"body", flags=["PADDED"], pad_length=7).serialize())
    assert len(payload) == 12
    assert frames.data_of(flags, payload) == b"body"


def test_the_order_and_the_unknown_ids_of_settings_are_kept() -> None:
    [(*_, payload)] = read(frames.settings({99: 1, frames.MAX_CONCURRENT_STREAMS: 7}))
    assert frames.settings_of(payload) == [(99, 1), (frames.MAX_CONCURRENT_STREAMS, 7)]


def test_a_frame_of_an_unknown_type_and_a_priority_are_passed_over() -> None:
    data = frames.frame(0xFA, 3, 1, b"?") + frames.frame(frames.PRIORITY, 0, 1, bytes(5)) + frames.SETTINGS_ACK
    assert [kind for kind, *_ in read(data)] == [frames.SETTINGS]


def head(length: int, kind: int, flags: int, stream: int) -> bytes:
    return struct.pack(">BHBBI", length >> 16, length & 0xFFFF, kind, flags, stream)


BROKEN = [
    (head(16_385, frames.DATA, 0, 1), ErrorCode.FRAME_SIZE_ERROR),  # its size alone, before anything of it came
    (frames.frame(frames.DATA, 0, 0, b""), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, frames.END_HEADERS, 0, b""), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.SETTINGS, 0, 1, b""), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.SETTINGS, 0, 0, bytes(5)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.SETTINGS, frames.ACK, 0, bytes(6)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.PING, 0, 0, bytes(7)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.RST_STREAM, 0, 1, bytes(5)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.WINDOW_UPDATE, 0, 0, bytes(3)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.GOAWAY, 0, 0, bytes(7)), ErrorCode.FRAME_SIZE_ERROR),
    (frames.frame(frames.PUSH_PROMISE, 0, 1, bytes(8)), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.CONTINUATION, 0, 1, b"x"), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, 0, 1, b"x") + frames.SETTINGS_ACK, ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, 0, 1, b"x") + frames.data(1, b"", end_stream=True), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, 0, 1, b"x") + frames.frame(9, 4, 3, b"y"), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, 0, 1, b"") + frames.frame(9, 0, 1, b"") * 17, ErrorCode.ENHANCE_YOUR_CALM),
    (frames.frame(frames.HEADERS, 0, 1, b"") + frames.frame(9, 0, 1, bytes(16_384)) * 5, ErrorCode.ENHANCE_YOUR_CALM),
    (frames.frame(frames.HEADERS, frames.PADDED | 4, 1, b"\x04abc"), ErrorCode.PROTOCOL_ERROR),
    (frames.frame(frames.HEADERS, frames.WITH_PRIORITY | 4, 1, b"abcd"), ErrorCode.FRAME_SIZE_ERROR),
]


@pytest.mark.parametrize(("data", "code"), BROKEN)
def test_what_breaks_the_protocol_ends_the_connection(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(BrokenFrame) as raised:
        read(data)
    assert raised.value.code == code


IMPOSSIBLE = [
    ({frames.INITIAL_WINDOW_SIZE: 2**31}, ErrorCode.FLOW_CONTROL_ERROR),
    ({frames.ENABLE_PUSH: 2}, ErrorCode.PROTOCOL_ERROR),
    ({frames.MAX_FRAME_SIZE: 16_383}, ErrorCode.PROTOCOL_ERROR),
    ({frames.MAX_FRAME_SIZE: 2**24}, ErrorCode.PROTOCOL_ERROR),
    (dict.fromkeys(range(100, 100 + limits.SETTINGS_MAX + 1), 0), ErrorCode.ENHANCE_YOUR_CALM),
]


@pytest.mark.parametrize(("values", "code"), IMPOSSIBLE)
def test_settings_that_cannot_be_are_refused(values: dict[int, int], code: ErrorCode) -> None:
    [(*_, payload)] = read(frames.settings(values))
    with pytest.raises(BrokenFrame) as raised:
        frames.settings_of(payload)
    assert raised.value.code == code


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_break_the_connection(data: bytes) -> None:
    try:
        found = read(data)
    except BrokenFrame:
        return
    assert sum(len(payload) for *_, payload in found) <= len(data)
