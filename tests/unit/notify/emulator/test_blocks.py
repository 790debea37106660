"""Our header blocks, as an HPACK decoder by other hands reads them."""

import hpack
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.emulator.http2 import _block

texts = st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1, max_size=40)


@given(st.sampled_from([200, 204, 400, 401, 404, 429, 500, 502, 503]), st.lists(st.tuples(texts, texts), max_size=3))
def test_a_block_reads_as_it_was_meant(status: int, headers: list[tuple[str, str]]) -> None:
    read = hpack.Decoder().decode(_block(status, "application/json", tuple(headers)))
    assert [(str(name), str(value)) for name, value in read] == [
        (":status", str(status)),
        ("content-type", "application/json"),
        *headers,
    ]


def test_a_long_value_is_read_whole() -> None:
    for length in (126, 127, 128, 254, 255, 300, 20_000):
        [_, (_, value)] = hpack.Decoder().decode(_block(200, "", (("x", "y" * length),)))
        assert len(value) == length
