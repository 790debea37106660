"""A collapse id as Apple's header can carry it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_notify.channels.collapse import collapse_header


@given(st.text(max_size=64).filter(lambda text: len(text.encode(errors="replace")) <= 64))
def test_a_header_can_carry_it_and_equal_ones_stay_equal(collapse_id: str) -> None:
    try:
        collapse_id.encode()
    except UnicodeEncodeError:
        return
    value = collapse_header(collapse_id)
    assert len(value.encode("ascii")) <= 64
    assert value.isprintable()
    assert value == value.strip()
    assert collapse_header(collapse_id) == value


@pytest.mark.parametrize("plain", ["tasks", "a b", "0" * 64])
def test_a_plain_one_is_itself(plain: str) -> None:
    assert collapse_header(plain) == plain


@pytest.mark.parametrize("odd", ["aufträge", "a\r\nx: y", " tasks", "\x00"])
def test_another_is_a_digest_of_itself(odd: str) -> None:
    assert len(collapse_header(odd)) == 64
