"""What a device says of itself: read and printed alike, bounded, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_sync.introduction import BYTES_MAX, NOTHING_SAID, NUMBER_MAX, Introduction, read_introduction

SDKS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._+/-]{0,39}\Z")
INTRODUCTIONS = st.builds(
    Introduction,
    outbox=st.none() | st.integers(0, NUMBER_MAX),
    app_version=st.none() | st.integers(1, NUMBER_MAX),
    sdk=st.just("") | SDKS,
)


def test_it_is_printed_as_people_would_write_it() -> None:
    assert Introduction(outbox=12, app_version=1, sdk="0.1.0").text() == "outbox=12; app=1; sdk=0.1.0"
    assert Introduction(outbox=0).text() == "outbox=0"
    assert NOTHING_SAID.text() == ""


@given(INTRODUCTIONS)
def test_what_is_printed_is_read_again(said: Introduction) -> None:
    text = said.text().encode("ascii")
    assert len(text) <= BYTES_MAX
    assert read_introduction(text) == said


@given(st.binary(max_size=2 * BYTES_MAX) | st.text(alphabet="outboxapsdk=;0123456789 .-").map(str.encode))
def test_whatever_comes_is_read_to_something_that_can_be_printed(header: bytes) -> None:
    read = read_introduction(header)
    assert read_introduction(read.text().encode("ascii")) == read


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"", NOTHING_SAID),
        (b"outbox=1" + b" " * BYTES_MAX, NOTHING_SAID),
        (b"outbox=1;sdk=\xc3\xa4", NOTHING_SAID),
        (b"outbox=-1; app=0; sdk=a b", NOTHING_SAID),
        (b"outbox=1234567890; app=1e3", NOTHING_SAID),
        (b"OUTBOX=1; outbox = 1; outbox", NOTHING_SAID),
        (b"sdk=" + b"9" * 41, NOTHING_SAID),
        (b"sdk=<b>; outbox=\xb2", NOTHING_SAID),
        (b"battery=low;outbox=7;;\tapp=2 ", Introduction(outbox=7, app_version=2)),
        (b"outbox=x; outbox=1; outbox=2", Introduction(outbox=1)),
        (b"sdk=swift/1.2.0-rc.1+7", Introduction(sdk="swift/1.2.0-rc.1+7")),
    ],
)
def test_what_does_not_fit_is_passed_over(header: bytes, said: Introduction) -> None:
    assert read_introduction(header) == said


def test_a_number_too_large_is_printed_as_the_largest() -> None:
    assert Introduction(outbox=NUMBER_MAX + 1, sdk="no sdk").text() == f"outbox={NUMBER_MAX}"
