"""The verdict in words: what a person would say, and no more than is so."""

from __future__ import annotations

from homeport_client.fleet.report.summary import Threshold
from homeport_client.fleet.report.words import outcomes, verdict_words
from tests.unit.client.finished import FAILURE, FOUND, GAPS, broken, finished

MISSED = Threshold(asked="max(heal) < 1s", kept=False, measured="2 s")


def test_a_good_run_is_told_in_one_paragraph() -> None:
    assert verdict_words(finished()) == (
        "50 phones of 34 people worked for 1 h on the subway network, in a simulated world, with seed 7. "
        "They wrote 1,200 changes: 1,150 accepted (1,040 as they were, 80 merged and 30 superseded), 50 rejected. "
        "All came to rest 12 s after the last fault. "
        "Nothing was lost, nothing was applied twice, nobody differs and 1 other check found nothing. "
        "No rule of the app's own was given to check. "
        "The threshold was kept."
    )


def test_one_phone_of_one_person_is_told_in_the_singular() -> None:
    assert verdict_words(finished(devices=1, users=1)).startswith("1 phone of 1 person worked")


def test_the_real_world_is_told_from_the_simulated_one() -> None:
    assert "with real servers" in verdict_words(finished(world="real"))


def test_a_broken_promise_comes_with_its_sentence_and_the_command_that_replays_it() -> None:
    said = verdict_words(broken(FOUND[0]))
    assert f"A promise was broken (lost): {FOUND[0]} The threshold was kept." in said
    assert said.endswith("Replay it: homeport fleet run --seed 7")
    assert "othing was lost" not in said


def test_of_many_violations_the_first_is_told_and_all_are_counted() -> None:
    said = verdict_words(broken())
    assert "There are 2 violations in all, of lost." in said
    assert FOUND[1] not in said


def test_a_shortened_story_says_how_short_it_is() -> None:
    assert "A story of 2 steps still fails, cut down from 212 in 40 tries." in verdict_words(broken(failure=FAILURE))


def test_a_missed_threshold_says_what_it_was_and_how_to_see_it_again() -> None:
    said = verdict_words(finished(thresholds=(MISSED,) * 5))
    assert said.count("max(heal) < 1s was missed: it was 2 s.") == 3
    assert "… and 2 more. Replay it:" in said


def test_a_good_run_is_not_told_how_to_replay_it() -> None:
    assert "Replay" not in verdict_words(finished())


def test_only_checks_that_were_made_are_claimed() -> None:
    only = verdict_words(finished(checks=(GAPS,)))
    assert "1 check found nothing." in only
    assert "othing was lost" not in only
    assert "Nothing was checked." in verdict_words(finished(checks=()))


def test_a_run_that_wrote_nothing_does_not_boast() -> None:
    assert "They wrote nothing, so there was nothing to break." in verdict_words(finished(counts={}))


def test_a_run_that_was_stopped_says_so() -> None:
    said = verdict_words(finished(partial=True, checks=(), healed_s=None, planned_s=7 * 86_400))
    assert "worked for 1 h of 7 days on the subway network" in said
    assert "They were stopped early" in said


def test_a_run_that_did_not_come_to_rest_does_not_say_it_did() -> None:
    assert "rest" not in verdict_words(finished(healed_s=None))


def test_a_verdict_is_one_line_whatever_was_written() -> None:
    assert verdict_words(broken("a\nb\x1b[2J")).isprintable()


def test_outcomes_that_did_not_happen_are_not_listed() -> None:
    assert outcomes({"accepted": 3, "applied": 3}) == "3 accepted (3 as they were), 0 rejected"
    assert outcomes({}) == "0 accepted, 0 rejected"
