"""A body that is cut once and filled in for many is what it would be if it were written for each."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.channels.template import Template


@given(st.lists(st.integers(0, 2), max_size=8), st.lists(st.text(max_size=20), min_size=3, max_size=3))
def test_filled_in_it_is_as_if_it_were_written(order: list[int], values: list[str]) -> None:
    def write(texts: Sequence[str]) -> bytes:
        return msgspec.json.encode({"list": [texts[place] for place in order], "fixed": "words", "last": texts[0]})

    filled = Template(3, write).fill(values)
    assert json.loads(filled) == json.loads(write(values))
