"""What users prefer and subscribe to, and what their devices say came of notifications."""

from __future__ import annotations

import pytest

from homeport_notify.errors import BadPreferences
from homeport_notify.limits import TOPICS_A_USER_MAX
from homeport_notify.ports import NotifyStore, Receipt
from homeport_notify.preferences import NO_PREFERENCES, Preferences, QuietHours
from tests.contract.notify.samples import ALL, NOW, TENANT, notification, notification_id

WHOLE = Preferences(timezone="Europe/Rome", quiet=QuietHours(1320, 420), muted=frozenset({"news", "ä 🎈", "*"}))


async def test_who_said_nothing_prefers_nothing_and_the_last_word_counts(notify: NotifyStore) -> None:
    assert await notify.preferences(TENANT, "ann") == NO_PREFERENCES
    await notify.prefer(TENANT, "ann", WHOLE, NOW)
    assert await notify.preferences(TENANT, "ann") == WHOLE
    await notify.prefer(TENANT, "ann", NO_PREFERENCES, NOW)
    assert await notify.preferences(TENANT, "ann") == NO_PREFERENCES
    assert await notify.preferences(TENANT, "bob") == NO_PREFERENCES


async def test_topics_are_subscribed_to_and_left_and_both_are_harmless_twice(notify: NotifyStore) -> None:
    for topic in ("sports", "news", "ä", "news"):
        await notify.subscribe(TENANT, "ann", topic, NOW)
    await notify.subscribe(TENANT, "bob", "other", NOW)
    assert await notify.topics(TENANT, "ann", "", 2) == ["news", "sports"]
    assert await notify.topics(TENANT, "ann", "sports", ALL) == ["ä"]
    for _ in range(2):
        await notify.unsubscribe(TENANT, "ann", "news")
    assert await notify.topics(TENANT, "ann", "", ALL) == ["sports", "ä"]


async def test_a_user_has_so_many_topics_and_no_more(notify: NotifyStore) -> None:
    for number in range(TOPICS_A_USER_MAX):
        await notify.subscribe(TENANT, "ann", f"topic {number}", NOW)
    with pytest.raises(BadPreferences, match="unsubscribe"):
        await notify.subscribe(TENANT, "ann", "one more", NOW)
    await notify.subscribe(TENANT, "ann", "topic 3", NOW)
    await notify.unsubscribe(TENANT, "ann", "topic 4")
    await notify.subscribe(TENANT, "ann", "one more", NOW)
    await notify.subscribe(TENANT, "bob", "topic 1", NOW)


async def test_receipts_are_counted_once_a_device(notify: NotifyStore) -> None:
    told = notification()
    await notify.submit(told)
    got = Receipt(notification=told.id, received_at_ms=5)
    for _ in range(2):
        await notify.keep_receipts(TENANT, "ann", "phone", [got, got], NOW)
    await notify.keep_receipts(TENANT, "ann", "tablet", [got], NOW)
    assert await notify.received(TENANT, told.id) == (2, 0)


async def test_of_receipts_the_first_word_of_each_sort_counts(notify: NotifyStore) -> None:
    told = notification()
    await notify.submit(told)
    got, opened = (Receipt(notification=told.id, received_at_ms=5, opened_at_ms=at) for at in (None, 9))
    await notify.keep_receipts(TENANT, "ann", "phone", [got], NOW)
    await notify.keep_receipts(TENANT, "ann", "phone", [opened], NOW)
    await notify.keep_receipts(TENANT, "ann", "phone", [got], NOW)
    assert await notify.received(TENANT, told.id) == (1, 1)
    await notify.keep_receipts(TENANT, "ann", "tablet", [got, opened, got], NOW)
    assert await notify.received(TENANT, told.id) == (2, 2)


async def test_what_is_told_of_a_notification_that_is_not_there_is_passed_over(notify: NotifyStore) -> None:
    told = notification()
    await notify.submit(told)
    unknown = Receipt(notification=notification_id(9), received_at_ms=5)
    await notify.keep_receipts(TENANT, "ann", "phone", [unknown, Receipt(notification=told.id, received_at_ms=5)], NOW)
    await notify.keep_receipts(TENANT, "ann", "phone", [], NOW)
    assert await notify.received(TENANT, unknown.notification) == (0, 0)
    assert await notify.received(TENANT, told.id) == (1, 0)
