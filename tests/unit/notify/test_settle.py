"""What becomes of a delivery once its provider has answered."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from homeport_notify import limits
from homeport_notify.answer import NO_TIME, SENT, Answer, Fate
from homeport_notify.backoff import given_up, ramp, retry_at_ms
from homeport_notify.delivery import DeliveryState
from homeport_notify.notification import Lane
from homeport_notify.settle import Ledger, gravity, has_failed, is_outage, is_refused, names_channel, pauses
from tests.unit.notify.samples import HOUR_MS, NOW_MS, a_notification, an_address, leased

ONE = an_address(1)
S = DeliveryState


def a_ledger(*, at_least_once: bool = False, lane: Lane = "bulk", attempt: int = 0, first_at_ms: int = 0) -> Ledger:
    notification = a_notification(at_least_once=at_least_once, lane=lane)
    held = leased(notification, [ONE, an_address(2)], attempt=attempt, first_at_ms=first_at_ms)
    return Ledger(held, bytearray(held.chunk.states), Random(1))


def settled(answer: Answer, ledger: Ledger | None = None) -> Ledger:
    ledger = ledger or a_ledger()
    ledger.settle(0, ONE, answer, NOW_MS)
    return ledger


def test_sent_is_sent_and_the_others_wait_on() -> None:
    assert settled(SENT).states == bytes([DeliveryState.SENT, DeliveryState.WAITING])


def test_gone_retires_the_address_as_it_was_sent_to() -> None:
    writes = settled(Answer(fate=Fate.GONE, code="UNREGISTERED")).writes()
    assert writes.states[0] == DeliveryState.GONE
    assert list(writes.retired) == [(ONE, "gone")]
    assert not writes.dead


@pytest.mark.parametrize(("gone_at_ms", "retired"), [(ONE.seen_at_ms - 1, False), (ONE.seen_at_ms, True)])
def test_a_device_that_was_seen_after_it_was_gone_is_not_retired(gone_at_ms: int, retired: bool) -> None:
    writes = settled(Answer(fate=Fate.GONE, gone_at_ms=gone_at_ms)).writes()
    assert writes.states[0] == DeliveryState.GONE
    assert bool(writes.retired) is retired


def test_a_target_of_another_project_is_a_dead_letter_without_a_strike() -> None:
    writes = settled(Answer(fate=Fate.MISCONFIGURED, code="SENDER_ID_MISMATCH", narrow="device")).writes()
    assert [each.code for each in writes.dead] == ["SENDER_ID_MISMATCH"]
    assert not writes.struck
    assert not writes.retired


def test_a_webhook_that_is_down_is_no_outage_of_the_channel() -> None:
    assert has_failed(Answer(fate=Fate.UNAVAILABLE))
    assert not has_failed(Answer(fate=Fate.UNAVAILABLE, narrow="device"))


def test_a_provider_that_answers_nothing_is_in_trouble_as_well() -> None:
    assert has_failed(Answer(fate=Fate.UNANSWERED))
    assert not has_failed(Answer(fate=Fate.UNANSWERED, narrow="device"))
    assert not has_failed(Answer(fate=Fate.NOT_SENT, code=NO_TIME))


def test_of_what_names_the_channel_a_wrong_account_is_heeded_first_and_then_who_wants_longest() -> None:
    said = [Answer(fate=Fate.THROTTLED, retry_after_ms=each) for each in (None, 7, 900_000)]
    assert max(said, key=gravity).retry_after_ms == 900_000
    assert max([*said, Answer(fate=Fate.MISCONFIGURED)], key=gravity).fate is Fate.MISCONFIGURED


def test_a_malformed_target_is_a_strike_and_a_dead_letter() -> None:
    writes = settled(Answer(fate=Fate.BAD_TARGET, code="INVALID_ARGUMENT", detail="no token")).writes()
    assert (list(writes.struck), [each.code for each in writes.dead]) == ([ONE], ["INVALID_ARGUMENT"])
    assert not writes.retired


@pytest.mark.parametrize(("fate", "lane"), [(Fate.MISCONFIGURED, "transactional"), (Fate.THROTTLED, "bulk")])
def test_what_is_about_the_account_touches_no_address_and_counts_no_try(fate: Fate, lane: Lane) -> None:
    writes = settled(Answer(fate=fate, retry_after_ms=90_000), a_ledger(lane=lane)).writes()
    (later,) = writes.deferred
    assert (later.due_at_ms, later.attempt, list(later.addresses)) == (NOW_MS + 90_000, 0, [ONE.id])
    assert not writes.dead
    assert not writes.retired


def test_what_waits_for_somebody_to_mend_the_account_waits_in_its_chunk() -> None:
    writes = settled(Answer(fate=Fate.MISCONFIGURED)).writes()
    assert writes.states[0] == DeliveryState.WAITING
    assert not any((writes.deferred, writes.dead, writes.retired, writes.struck))


def test_what_had_to_wait_has_its_whole_time_to_be_tried_in_unless_it_has_failed_before() -> None:
    for attempt, first_at_ms in ((0, 0), (2, NOW_MS - HOUR_MS)):
        ledger = a_ledger(attempt=attempt, first_at_ms=first_at_ms)
        ledger.first_at_ms = NOW_MS  # another of the chunk was sent just now
        (later,) = settled(Answer(fate=Fate.THROTTLED), ledger).writes().deferred
        assert (later.attempt, later.first_at_ms) == (attempt, first_at_ms)


def test_what_may_have_been_sent_is_unknown_for_at_most_once_and_sent_again_for_at_least_once_and_wakes() -> None:
    lost = Answer(fate=Fate.UNANSWERED)
    assert settled(lost).states[0] == DeliveryState.UNKNOWN
    for again in (a_ledger(at_least_once=True), a_ledger(lane="wake")):
        assert settled(lost, again).states[0] == DeliveryState.DEFERRED


@pytest.mark.parametrize("fate", [Fate.UNAVAILABLE, Fate.NOT_SENT])
def test_a_provider_in_trouble_is_tried_again_after_ten_seconds_at_least(fate: Fate) -> None:
    (later,) = settled(Answer(fate=fate)).writes().deferred
    assert later.due_at_ms >= NOW_MS + 10_000
    assert (later.attempt, later.first_at_ms) == (1, 0)


def test_what_had_no_time_waits_in_its_chunk() -> None:
    assert settled(Answer(fate=Fate.NOT_SENT, code=NO_TIME)).states[0] == DeliveryState.WAITING


def test_a_provider_that_stays_in_trouble_is_given_up_in_time() -> None:
    tried = a_ledger(attempt=9, first_at_ms=NOW_MS - limits.RETRY_WITHIN_MS)
    writes = settled(Answer(fate=Fate.UNAVAILABLE, code="UNAVAILABLE"), tried).writes()
    assert writes.states[0] == DeliveryState.FAILED
    assert [each.code for each in writes.dead] == ["UNAVAILABLE"]


def test_a_first_failure_is_not_the_last_however_long_the_provider_wants_to_be_left_alone() -> None:
    (later,) = settled(Answer(fate=Fate.UNAVAILABLE, retry_after_ms=2 * HOUR_MS)).writes().deferred
    assert (later.attempt, later.due_at_ms >= NOW_MS + 2 * HOUR_MS) == (1, True)


def test_what_would_come_too_late_is_given_up_or_over() -> None:
    soon = msgspec.structs.replace(a_ledger().leased.notification, expires_at_ms=NOW_MS + 5_000)
    held = msgspec.structs.replace(a_ledger().leased, notification=soon)
    assert (
        settled(Answer(fate=Fate.UNAVAILABLE), Ledger(held, bytearray(2), Random(1))).states[0] == DeliveryState.FAILED
    )
    assert (
        settled(Answer(fate=Fate.THROTTLED), Ledger(held, bytearray(2), Random(1))).states[0] == DeliveryState.EXPIRED
    )


def test_those_that_fail_together_come_back_together_and_each_time_elsewhere() -> None:
    ledger = a_ledger()
    for place, address in enumerate((ONE, an_address(2))):
        ledger.settle(place, address, Answer(fate=Fate.UNAVAILABLE), NOW_MS)
    (both,) = ledger.writes().deferred
    assert len(both.addresses) == 2
    ledger.settle(0, ONE, Answer(fate=Fate.UNAVAILABLE), NOW_MS)
    (alone,) = ledger.writes().deferred
    assert alone.due_at_ms != both.due_at_ms


def test_what_was_written_is_not_written_again() -> None:
    ledger = settled(Answer(fate=Fate.GONE))
    ledger.writes()
    assert not ledger.writes().retired


def test_the_channel_and_the_notification_are_named_only_by_what_is_about_them() -> None:
    throttled, wrong_key = Answer(fate=Fate.THROTTLED), Answer(fate=Fate.MISCONFIGURED)
    assert names_channel(throttled)
    assert names_channel(wrong_key)
    assert not names_channel(Answer(fate=Fate.THROTTLED, narrow="device"))
    assert not names_channel(Answer(fate=Fate.MISCONFIGURED, narrow="platform"))
    assert pauses(wrong_key, "bulk")
    assert not pauses(wrong_key, "transactional")
    assert not pauses(throttled, "bulk")


def test_many_failures_are_an_outage_and_a_few_are_not() -> None:
    assert is_outage(40, 20)
    assert not is_outage(41, 20)
    assert not is_outage(3, 3)
    assert is_outage(3, 2, speed=0.1)
    assert not is_outage(1, 1, speed=0.1)


def test_a_message_is_refused_as_such_when_many_say_so_or_all_who_were_asked_first() -> None:

    assert is_refused(1, 0, bytes([S.FAILED]))
    assert is_refused(1, 0, bytes([S.FAILED, S.MUTED, S.SEEN, S.RETIRED]))
    assert not is_refused(1, 0, bytes([S.FAILED, S.SENT]))
    assert not is_refused(1, 0, bytes([S.FAILED, S.STARTED]))
    assert not is_refused(1, 1, bytes([S.FAILED]))  # what was tried again alone says nothing of the others
    assert is_refused(limits.SAME_ERRORS_MAX, 7, bytes([S.FAILED, S.SENT]))
    assert not is_refused(limits.SAME_ERRORS_MAX - 1, 7, bytes([S.FAILED, S.SENT]))


def test_pauses_double_up_to_a_bound_and_never_undercut_the_provider() -> None:
    assert [retry_at_ms(attempt, 0, 0.0) for attempt in range(3)] == [10_000, 20_000, 40_000]
    assert retry_at_ms(60, 0, 0.0) == limits.RETRY_LONGEST_MS
    assert retry_at_ms(0, 0, 1.0) == 20_000
    assert retry_at_ms(0, 0, 0.0, after_ms=70_000) == 70_000


def test_trying_ends_an_hour_after_the_first_or_when_it_is_stale() -> None:
    assert given_up(0, limits.RETRY_WITHIN_MS + 1, 99 * HOUR_MS)
    assert not given_up(0, limits.RETRY_WITHIN_MS, 99 * HOUR_MS)
    assert given_up(0, 5_000, 5_000)


def test_a_provider_that_comes_back_is_given_a_tenth_and_then_more() -> None:
    assert ramp(NOW_MS, NOW_MS) == pytest.approx(0.1)
    assert ramp(NOW_MS, NOW_MS + 30_000) == pytest.approx(0.5)
    assert ramp(0, NOW_MS) == 1.0
