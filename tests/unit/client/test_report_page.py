"""The parts of the page: scales, times, words, and what a long run is drawn as."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from homeport_client.fleet.report.page import lanes, moments, scale, states, words
from homeport_client.fleet.report.page.markup import Markup, joined, tag, verbatim
from homeport_client.fleet.report.page.scale import apart, lags, linear
from homeport_client.fleet.report.page.stroke import line
from homeport_client.fleet.report.page.timeline import MARKS_MAX, TICKS_MAX, Timeline
from homeport_client.fleet.report.summary import Mark, Sample, Span

AXIS = Timeline(end_s=1_000, story_s=900)


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "a < b", tag("b", '"'), title='"x"') == '<p title="&quot;x&quot;">a &lt; b<b>&quot;</b></p>'
    assert joined(["<", Markup("<")]) == "&lt;<"


def test_a_script_that_would_end_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="would end it"):
        verbatim("script", "const x = '</script>'")


@given(some.lists(some.floats(min_value=1e-3, max_value=1e12), max_size=5))
def test_a_scale_holds_its_values_and_has_few_round_ticks(values: list[float]) -> None:
    made = linear(values)
    assert all(0 <= made.share(value) <= 1 + 1e-9 for value in values)
    assert made.ticks[0] == 0
    assert 2 <= len(made.ticks) <= scale.TICKS_MAX + 1


@given(some.lists(some.floats(min_value=1e-3, max_value=1e10), min_size=2, max_size=5))
def test_a_scale_of_lags_keeps_their_order(values: list[float]) -> None:
    made = lags(values)
    shares = [made.share(value) for value in sorted(values)]
    assert shares == sorted(shares)
    assert -1e-9 <= shares[0] <= shares[-1] <= 1 + 1e-9


def test_lags_far_apart_stand_on_a_logarithmic_scale_and_near_ones_do_not() -> None:
    assert lags([20, 5_000]).logarithmic
    assert not lags([20, 400]).logarithmic


@given(some.lists(some.floats(min_value=0, max_value=100), max_size=5))
def test_labels_are_moved_apart_and_stay_inside(places: list[float]) -> None:
    moved = apart(sorted(places), 14, 100)
    assert all(after - before >= 14 - 1e-9 for before, after in pairwise(moved))
    assert all(place <= 100 for place in moved)


@pytest.mark.parametrize("end_s", [0.5, 7, 59, 600, 5_400, 88_250, 600_000, 3e7])
def test_an_axis_of_time_has_some_round_ticks_and_not_too_many(end_s: float) -> None:
    ticks = Timeline(end_s=end_s, story_s=end_s).ticks()
    assert 3 <= len(ticks) <= TICKS_MAX + 1


def test_marks_that_stand_close_together_are_told_together() -> None:
    marks = [Mark(at_s=500 + place / 100, what="update", says=f"task {place}") for place in range(9)]
    (moment,) = AXIS.moments(marks)
    assert moment.told.splitlines()[0] == "0:08:20\tupdate: task 0"
    assert moment.told.splitlines()[-1] == "\tand 3 more"
    assert len(list(AXIS.moments([Mark(at_s=at / 9, what="kill", says="") for at in range(9_000)]))) <= MARKS_MAX + 1


def test_a_line_breaks_where_there_was_nothing_to_measure_and_a_point_alone_is_seen() -> None:
    assert line([(0, 1), (10, 2), None, (30, 3)]) == "M0 1L10 2M30 3L30 3"
    assert line([None, None]) == ""


def test_a_lane_of_few_spans_is_drawn_as_it_is_and_of_many_by_what_lasted_longest() -> None:
    few = [Span(from_s=0, to_s=10, state="live"), Span(from_s=10, to_s=1_000, state="away")]
    pulls = [Span(from_s=at, to_s=at + 0.5, state="pulling") for at in range(0, 1_000, 2)]
    many = [each for pull in pulls for each in (pull, Span(from_s=pull.to_s, to_s=pull.from_s + 2, state="live"))]
    assert lanes.merged(few, AXIS) == few
    (merged,) = lanes.merged(many, AXIS)
    assert merged.state == "live"
    assert (merged.from_s, round(merged.to_s)) == (0, 1_000)


def test_neighbouring_samples_become_one_that_hides_nothing() -> None:
    taken = [
        Sample(
            at_s=at,
            states={"live": at},
            written=at,
            waiting=1,
            waiting_max=at % 7,
            logged=at,
            bytes_up=3,
            requests=2,
            lag_p95_ms=None if at % 2 else float(at),
        )
        for at in range(2 * moments.SAMPLES_MAX)
    ]
    drawn = moments.drawn(taken)
    assert len(drawn) == moments.SAMPLES_MAX
    assert sum(sample.bytes_up for sample in drawn) == sum(sample.bytes_up for sample in taken)
    assert sum(sample.requests for sample in drawn) == sum(sample.requests for sample in taken)
    assert max(sample.waiting_max for sample in drawn) == 6
    assert drawn[-1].written == taken[-1].written
    assert all(sample.lag_p95_ms is not None for sample in drawn)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.34, "340 ms"),
        (12.5, "12.5 s"),
        (90, "1 min 30 s"),
        (5_400, "1 h 30 min"),
        (86_400, "24 h"),
        (200_000, "2 d 7 h"),
        (3_600.2, "1 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.clock(9_005.5), "2:30:05.5"),
        (words.clock(59.97), "0:01:00"),
        (words.size(1_250_000), "1.25 MB"),
        (words.size(0), "0 B"),
        (words.short(12_345), "12.3k"),
        (words.count(1_234_567), "1,234,567"),
        (words.counted(1, "try", "tries"), "1 try"),
        (words.counted(2, "try", "tries"), "2 tries"),
        (words.measured(3, "shards"), "3 shards"),
        (words.measured(1_500, "ms"), "1.5 s"),
    ],
)
def test_numbers_are_said_the_way_people_read_them(said: str, expected: str) -> None:
    assert said == expected


def test_a_key_shows_only_the_states_that_occur_in_their_order() -> None:
    key = states.key(["away", "live", "away"])
    assert key.index("is-live") < key.index("is-away")
    assert "is-closed" not in key
