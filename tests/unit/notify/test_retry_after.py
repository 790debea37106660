"""How long a provider asks to be left alone."""

from __future__ import annotations

import pytest

from homeport_notify.channels.retry_after import LONGEST_MS, retry_after_ms

NOW_MS = 1_795_950_000_000  # Sun, 29 Nov 2026 11:00:00 GMT


@pytest.mark.parametrize(
    ("said", "meant_ms"),
    [
        ("30", 30_000),
        (" 5 ", 5_000),
        ("0", 0),
        ("99999999999999999999", LONGEST_MS),
        ("Sun, 29 Nov 2026 11:02:00 GMT", 120_000),
        ("Sunday, 29-Nov-26 11:02:00 GMT", 120_000),  # of RFC 850, which a recipient has to read as well
        ("Sun, 29 Nov 2026 10:59:00 GMT", 0),
        ("Sun, 29 Nov 2027 11:02:00 GMT", LONGEST_MS),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_seconds_and_dates_are_read_and_nonsense_says_nothing(said: str, meant_ms: int | None) -> None:
    assert retry_after_ms({"retry-after": said}, NOW_MS) == meant_ms


def test_without_the_header_nothing_is_said() -> None:
    assert retry_after_ms({}, NOW_MS) is None
