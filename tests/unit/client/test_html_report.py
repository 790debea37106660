"""The HTML report: complete in one file, safe whatever a summary holds, and readable by everybody."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import get_args

import msgspec
import pytest

from homeport_client.fleet.report.html import html_report
from homeport_client.fleet.report.page.checks import SENTENCES_MAX, SENTENCES_SHOWN
from homeport_client.fleet.report.page.failure import STEPS_MAX
from homeport_client.fleet.report.page.lanes import LANES_MAX
from homeport_client.fleet.report.page.states import STATES
from homeport_client.fleet.report.summary import Check, LaneState, Mark, Summary
from tests.unit.client import fleet_report_samples as samples
from tests.unit.client.page_reader import read, stylesheet

Maker = Callable[[], Summary]
EVERY = pytest.mark.parametrize("make", [samples.green, samples.failing, samples.partial, samples.empty])
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@EVERY
def test_a_page_refers_to_nothing_outside_itself(make: Maker) -> None:
    text = html_report(make())
    page = read(text)
    ids = set(page.attributes("id"))
    assert "://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert not list(page.attributes("src"))
    assert all(href.startswith("#") and href[1:] in ids for href in page.attributes("href"))


@EVERY
def test_every_tag_is_closed_and_every_id_is_the_only_one(make: Maker) -> None:
    page = read(html_report(make()))
    ids = list(page.attributes("id"))
    assert page.crooked == []
    assert len(ids) == len(set(ids))


@EVERY
def test_every_plot_says_in_words_what_it_shows(make: Maker) -> None:
    page = read(html_report(make()))
    ids = set(page.attributes("id"))
    pictures = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert all(set(picture["aria-labelledby"].split()) <= ids for picture in pictures)


@EVERY
def test_the_same_summary_gives_the_same_bytes(make: Maker) -> None:
    summary = make()
    shuffled = msgspec.structs.replace(
        summary,
        counts=dict(reversed(list(summary.counts.items()))),
        trends=dict(reversed(list(summary.trends.items()))),
        contested=summary.contested[::-1],
    )
    assert html_report(summary) == html_report(shuffled)


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    page = read(html_report(samples.green()))
    (policy,) = (each["content"] for _, each in page.elements if each.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["style-src"] == _hash("".join(page.inside("style")))
    assert rules["script-src"] == _hash("".join(page.inside("script")))
    assert not list(page.attributes("style"))
    assert not [name for _, each in page.elements for name in each if name.startswith("on")]


def test_no_value_of_a_summary_becomes_html() -> None:
    calm = samples.failing()
    assert calm.failure is not None
    lane = msgspec.structs.replace(
        calm.lanes[0], phone=HOSTILE, user=HOSTILE, persona=HOSTILE, network=HOSTILE, marks=(_hostile_mark(),)
    )
    hostile = msgspec.structs.replace(
        calm,
        app=HOSTILE,
        network=HOSTILE,
        again=HOSTILE,
        checks=(Check(name=HOSTILE, says=HOSTILE, found=(HOSTILE,)),),
        thresholds=tuple(msgspec.structs.replace(each, asked=HOSTILE, measured=HOSTILE) for each in calm.thresholds),
        trends={HOSTILE: next(iter(calm.trends.values()))},
        counts={HOSTILE: 1},
        contested=tuple(msgspec.structs.replace(each, kind=HOSTILE, rule=HOSTILE) for each in calm.contested),
        reached=msgspec.structs.replace(
            calm.reached,
            pairs={HOSTILE: 1},
            outcomes={HOSTILE: 1},
            error_codes={HOSTILE: 1},
            incidents={HOSTILE: 1},
            steps={HOSTILE: 1},
        ),
        lanes=(lane,),
        server=(_hostile_mark(),),
        failure=msgspec.structs.replace(
            calm.failure, sentences=(HOSTILE,), steps=(HOSTILE,), file=HOSTILE, lanes=(lane,)
        ),
    )
    text = html_report(hostile)
    page = read(text)
    assert page.crooked == []
    assert text.count("<script") == 1
    assert "img" not in {name for name, _ in page.elements}
    assert HOSTILE in page.inside("code")


def test_the_verdict_stands_on_top_in_words() -> None:
    green, failing = read(html_report(samples.green())), read(html_report(samples.failing()))
    assert green.inside("h1") == ["All 11 checks kept, 3 thresholds met"]
    assert failing.inside("h1") == ["2 of 11 checks broken, 1 threshold missed"]
    assert len(green.classed("good")) == 1 + 11 + 3
    assert len(failing.classed("bad")) == 1 + 2 + 1
    assert samples.green().again in green.inside("code")


def test_a_partial_run_is_called_so_and_promises_nothing_for_later() -> None:
    text = html_report(samples.partial())
    assert "This run is partial" in text
    assert "Unchecked" in text
    assert "lived through 8 h 59 min of 24 h" in text
    assert "This run is partial" not in html_report(samples.green())


def test_a_run_that_nobody_judged_is_not_called_kept() -> None:
    page = read(html_report(samples.empty()))
    assert page.inside("h1") == ["Nothing was checked"]
    assert not page.classed("good")
    assert not page.classed("chart")


def test_a_long_list_of_sentences_is_folded_and_ends() -> None:
    found = tuple(f"sentence {number}." for number in range(SENTENCES_MAX + 7))
    checks = (Check(name="lost", says="a change is missing", found=found),)
    page = read(html_report(msgspec.structs.replace(samples.green(), checks=checks)))
    assert [text for text in page.inside("li") if text.startswith("sentence")] == list(found[:SENTENCES_MAX])
    assert f"{SENTENCES_MAX - SENTENCES_SHOWN} more" in page.inside("summary")
    assert "7 more in the JSON." in page.inside("p")
    assert "107" in page.inside("td")


def test_a_failure_tells_its_steps_its_file_and_its_devices() -> None:
    failing = samples.failing()
    assert failing.failure is not None
    page = read(html_report(failing))
    items = page.inside("li")
    assert [step for step in items if step in failing.failure.steps] == list(failing.failure.steps)
    assert failing.failure.file in page.inside("code")
    assert {"story-0-title", "story-1-title"} <= set(page.attributes("id"))
    assert "#failure" in page.attributes("href")
    assert "#failure" not in read(html_report(samples.green())).attributes("href")


def test_very_many_steps_and_lanes_end_and_say_so() -> None:
    failing = samples.failing()
    assert failing.failure is not None
    story = msgspec.structs.replace(failing.failure, steps=("phone-1 is killed",) * (STEPS_MAX + 3))
    many = msgspec.structs.replace(failing, failure=story, lanes=failing.lanes[:1] * (LANES_MAX + 1))
    page = read(html_report(many))
    assert page.inside("li").count("phone-1 is killed") == STEPS_MAX
    assert {"3 more steps in the JSON.", "1 more lane in the JSON."} <= set(page.inside("p"))


def test_what_happened_to_the_server_stands_in_every_plot_and_first_among_the_lanes() -> None:
    green = samples.green()
    page = read(html_report(green))
    panels = 7
    keys = 2
    assert len(page.classed("blow")) == len(green.server) * (panels + 1 + len(green.lanes)) + keys
    assert next(text for text in page.inside("strong") if text != "Homeport") == "server"
    assert any("crash: killed" in text for text in page.inside("title"))


def test_a_page_of_a_thousand_devices_is_small() -> None:
    assert len(html_report(samples.green()).encode()) < 1_000_000
    fleet = samples.green(moments=5_000, lanes=LANES_MAX)
    busy = msgspec.structs.replace(
        fleet,
        lanes=tuple(
            msgspec.structs.replace(each, spans=each.spans * 40, marks=each.marks * 40) for each in fleet.lanes
        ),
    )
    assert len(html_report(busy).encode()) < 1_500_000


@EVERY
def test_every_table_names_its_rows_and_columns(make: Maker) -> None:
    page = read(html_report(make()))
    scopes = [attributes.get("scope") for name, attributes in page.elements if name == "th"]
    assert set(scopes) <= {"row", "col"}
    tables = sum(name == "table" for name, _ in page.elements)
    assert tables == sum(name == "caption" for name, _ in page.elements)


def test_every_state_has_its_words_and_a_colour_in_light_and_in_dark() -> None:
    assert set(STATES) == set(get_args(LaneState))
    for state in get_args(LaneState):
        light, dark = _colours(state)
        assert light != dark
        assert f".is-{state} {{ fill: var(--{state}); }}" in stylesheet()


@pytest.mark.parametrize("state", get_args(LaneState))
def test_the_name_of_a_state_can_be_read_on_its_colour(state: str) -> None:
    pairs = zip(_colours(f"on-{state}"), _colours(state), strict=True)
    assert all(_contrast(ink, ground) >= 4.5 for ink, ground in pairs)


@pytest.mark.parametrize("ink", ["ink", "soft", "good", "bad", "warn", "accent", "first", "second", "third"])
@pytest.mark.parametrize("ground", ["page", "raised"])
def test_words_can_be_read_on_the_page(ink: str, ground: str) -> None:
    pairs = zip(_colours(ink), _colours(ground), strict=True)
    assert all(_contrast(*pair) >= 4.5 for pair in pairs)


@pytest.mark.parametrize("name", ["good", "bad", "warn"])
def test_the_verdict_can_be_read_on_its_own_ground(name: str) -> None:
    pairs = zip(_colours(name), _colours(f"{name}-soft"), strict=True)
    assert all(_contrast(*pair) >= 4.5 for pair in pairs)


def _hostile_mark() -> Mark:
    return Mark(at_s=1.0, what=HOSTILE, says=HOSTILE)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _colours(name: str) -> tuple[str, str]:
    """The light and the dark form of a colour of the stylesheet."""
    found = re.search(rf"--{name}: light-dark\(#([0-9a-f]{{6}}), #([0-9a-f]{{6}})\)", stylesheet())
    assert found, f"the stylesheet has no --{name}"
    return found[1], found[2]


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 counts it: from 1 to 21."""
    darker, lighter = sorted(_luminance(each) for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
