"""Units: what people write and what they read."""

from __future__ import annotations

import pytest

from homeport_client.fleet.report.units import digits, either, spoken, words_of


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "ms", "0 ms"),
        (0.25, "ms", "0.25 ms"),
        (412.4, "ms", "412 ms"),
        (1_800, "ms", "1.8 s"),
        (90_000, "ms", "1.5 min"),
        (3_600_000, "ms", "1 h"),
        (86_400_000, "ms", "1 day"),
        (172_800_000, "ms", "2 days"),
        (999, "bytes", "999 B"),
        (2_100_000, "bytes", "2.1 MB"),
        (5_000_000_000_000, "bytes", "5,000 GB"),
        (12_345, "", "12,345"),
        (0.5, "%", "0.5%"),
    ],
)
def test_a_value_is_said_in_the_largest_unit_that_it_fills(value: float, unit: str, said: str) -> None:
    assert spoken(value, unit) == said


def test_a_number_keeps_about_three_digits() -> None:
    assert [digits(value) for value in (1_234.5, 99.94, 10.0, 1.25, 0.125, 0.004)] == [
        "1,234",
        "99.9",
        "10",
        "1.2",
        "0.12",
        "0",
    ]


def test_the_words_of_a_unit_are_those_that_may_be_written() -> None:
    assert words_of("ms") == "ms, s, m or h"
    assert words_of("") == ""
    assert either(["only"]) == "only"
