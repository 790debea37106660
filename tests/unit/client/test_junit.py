"""JUnit XML: what a reader of it finds when it is parsed back."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeport_client.fleet.report.junit import junit
from homeport_client.fleet.report.sentences import SENTENCES_MAX
from homeport_client.fleet.report.summary import Summary, Threshold
from tests.unit.client.finished import FAILURE, FOUND, LOST, WALL, broken, finished


def suite_of(summary: Summary) -> Element:
    """The one suite of the document, which is read as the bytes of a file."""
    (suite,) = fromstring(junit(summary).encode())  # noqa: S314 - we wrote it ourselves
    return suite


def failures(summary: Summary) -> list[tuple[str, str, str]]:
    found = [(case, failure) for case in suite_of(summary).iter("testcase") for failure in case.iter("failure")]
    return [(case.attrib["name"], failure.attrib["message"], failure.text or "") for case, failure in found]


def test_each_check_and_each_threshold_is_a_case() -> None:
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in suite_of(finished()).iter("testcase")]
    assert cases == [
        ("homeport.fleet.tasks.checks", "lost: acknowledged writes that were lost"),
        ("homeport.fleet.tasks.checks", "twice: changes that were applied twice"),
        ("homeport.fleet.tasks.checks", "differing: devices that differ"),
        ("homeport.fleet.tasks.checks", "gaps: gaps in the log"),
        ("homeport.fleet.tasks.thresholds", "p95(sync_lag) < 500ms"),
    ]
    assert failures(finished()) == []


def test_the_numbers_of_the_suite_and_of_the_document_are_those_of_the_cases() -> None:
    missed = Threshold(asked="max(heal) < 1s", kept=False, measured=None)
    root = fromstring(junit(broken(thresholds=(missed,))))  # noqa: S314 - we wrote it ourselves
    for element in (root, root[0]):
        assert (element.attrib["tests"], element.attrib["failures"], element.attrib["errors"]) == ("5", "2", "0")
    assert len(list(root.iter("testcase"))) == 5
    assert len(list(root.iter("failure"))) == 2


def test_a_violation_is_told_in_its_sentences_with_the_command_that_replays_it() -> None:
    assert failures(broken()) == [
        (
            "lost: acknowledged writes that were lost",
            f"{FOUND[0]} (and 1 more)",
            f"{FOUND[0]}\n{FOUND[1]}\nReplay it: homeport fleet run --seed 7",
        )
    ]


def test_more_sentences_than_the_limit_are_counted_only() -> None:
    ((_, message, text),) = failures(broken(*(f"Number {number}." for number in range(SENTENCES_MAX + 3))))
    assert message == f"Number 0. (and {SENTENCES_MAX + 2} more)"
    assert len(text.splitlines()) == SENTENCES_MAX + 2
    assert text.splitlines()[SENTENCES_MAX] == "… and 3 more."


def test_a_missed_threshold_says_why() -> None:
    thresholds = (
        Threshold(asked="p95(sync_lag) < 500ms", kept=False, measured="812 ms"),
        Threshold(asked="max(heal) < 1s", kept=False, measured=None),
    )
    assert [message for _, message, _ in failures(finished(thresholds=thresholds))] == [
        "p95(sync_lag) < 500ms was missed: it was 812 ms.",
        "max(heal) < 1s was missed: there was nothing to measure.",
    ]


def test_the_properties_say_what_replays_the_run() -> None:
    properties = {each.attrib["name"]: each.attrib["value"] for each in suite_of(finished()).iter("property")}
    assert properties == {
        "seed": "7",
        "world": "simulated",
        "network": "subway",
        "devices": "50",
        "partial": "false",
        "again": "homeport fleet run --seed 7",
    }


def test_the_shortest_story_is_told_step_by_step() -> None:
    out = suite_of(broken(failure=FAILURE)).findtext("system-out") or ""
    assert out.splitlines()[1:] == list(FAILURE.steps)
    assert suite_of(finished()).find("system-out") is None


def test_only_times_come_from_the_wall() -> None:
    bare, timed = junit(finished()), junit(finished(wall=WALL))
    assert 'time="12.346"' in timed
    assert f'timestamp="{WALL.began}"' in timed
    assert timed.replace('time="12.346"', 'time="0.000"').replace(f' timestamp="{WALL.began}"', "") == bare


@given(text=st.text(st.characters(), max_size=20))
def test_any_text_makes_a_document_that_can_be_read(text: str) -> None:
    checks = (replace(LOST, name=text, says=text, found=(text, text)),)
    thresholds = (Threshold(asked=text, kept=False, measured=text),)
    failure = replace(FAILURE, steps=(text,))
    run = finished(app=text, network=text, again=text, checks=checks, thresholds=thresholds, failure=failure)
    assert len(list(suite_of(run).iter("failure"))) == 2


def test_what_xml_cannot_hold_is_replaced_and_what_it_can_is_kept() -> None:
    ((_, message, _),) = failures(broken("a\x00b\x1bc\ud800d\uffffe <&\"'> Grüße 牛乳 🚲"))
    assert message == "a\ufffdb\ufffdc\ufffdd\ufffde <&\"'> Grüße 牛乳 🚲"
