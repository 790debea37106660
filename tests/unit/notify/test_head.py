"""Header blocks: what is written is read by hpack, other people's code, and what does not fit is not tried again."""

from __future__ import annotations

from hpack import Decoder
from hypothesis import example, given
from hypothesis import strategies as st

from homeport_notify.http2.head import HeadWriter, literal, own_path
from tests.unit.notify.far_end import HEAD


@given(st.binary(max_size=600), st.binary(max_size=600))
@example(b"a" * 126, b"b" * 127)
@example(b"a" * 254, b"b" * 255)
@example(b"a", b"b" * 20_000)
def test_what_no_table_keeps_is_read_as_it_was_written(name: bytes, value: bytes) -> None:
    decoder = Decoder()
    path, header = decoder.decode(own_path(value) + literal(name, value), raw=True)
    assert (tuple(path), tuple(header)) == ((b":path", value), (name, value))
    assert not decoder.header_table.dynamic_entries
    assert not path.indexable
    assert not header.indexable


def test_a_head_that_is_larger_than_the_table_is_written_out_once_and_repeated() -> None:
    writer = HeadWriter("https", "push.example")
    writer.resize(0)
    writer.parts(HEAD)
    assert writer.parts(HEAD) is writer.parts(HEAD)


def test_the_number_of_heads_that_are_remembered_is_bounded() -> None:
    writer = HeadWriter("https", "push.example")
    writer.resize(0)
    heads = [type(HEAD)(f"/{at}", ()) for at in range(200)]
    for head in heads:
        writer.parts(head)
    assert len(writer._known) <= 64
