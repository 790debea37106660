"""Submitting: the same key is the same notification, however often it is sent."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from homeport_notify.audience import ToAddresses, ToEveryone, ToScope, ToTopic, ToUsers
from homeport_notify.errors import KeyReused, NotificationUnknown
from homeport_notify.notification import About
from homeport_notify.ports import NotifyStore
from tests.contract.notify.samples import NOW, OTHER, TENANT, counted, notification, notification_id, submitted


async def test_what_is_submitted_comes_back_as_it_was_said(notify: NotifyStore) -> None:
    whole = replace(
        notification(audience=ToScope(scope="s", but=("ann",))),
        topic="news",
        at_least_once=True,
        urgent=True,
        local_time="2026-11-30T09:00",
        about=About(position=7, author="device"),
        dry_run=True,
        author="ops",
    )
    assert await notify.submit(whole) == (whole, True)
    progress = await notify.progress(TENANT, whole.id)
    assert (progress.notification, progress.expanded, progress.counts) == (whole, False, {})


@pytest.mark.parametrize(
    "audience", [ToUsers(users=("ann", "bob")), ToTopic(topic="news"), ToEveryone(), ToAddresses(addresses=("a", "b"))]
)
async def test_every_audience_is_kept_as_it_is(
    notify: NotifyStore, audience: ToUsers | ToTopic | ToEveryone | ToAddresses
) -> None:
    told = notification(audience=audience)
    await notify.submit(told)
    assert (await notify.progress(TENANT, told.id)).notification.audience == audience


async def test_the_same_key_again_is_the_one_that_is_kept_whatever_its_id_and_its_times(notify: NotifyStore) -> None:
    first = notification(1, key="k")
    await notify.submit(first)
    again = replace(first, id=notification_id(2), due_at_ms=NOW + 5, expires_at_ms=NOW + 9_000, created_at_ms=NOW + 5)
    assert await notify.submit(again) == (first, False)
    with pytest.raises(NotificationUnknown):
        await notify.progress(TENANT, again.id)


async def test_the_same_key_again_finds_the_one_that_has_moved_on(notify: NotifyStore) -> None:
    first = notification(1, key="k")
    await submitted(notify, first)
    kept, new = await notify.submit(first)
    assert (kept.id, kept.state, new) == (first.id, "done", False)


async def test_the_same_key_with_other_words_is_refused_and_changes_nothing(notify: NotifyStore) -> None:
    first = notification(1, key="k")
    await notify.submit(first)
    for other in (
        notification(2, key="k", title="Bye"),
        notification(2, key="k", lane="transactional"),
        notification(2, key="k", audience=ToTopic(topic="news")),
        replace(notification(2, key="k"), urgent=True),
        replace(notification(2, key="k"), author="somebody"),
    ):
        with pytest.raises(KeyReused):
            await notify.submit(other)
    assert await notify.notifications(TENANT, "", 10, lane=None) == [first]


async def test_a_key_is_the_tenants_own(notify: NotifyStore) -> None:
    await notify.submit(notification(1, key="k"))
    _, new = await notify.submit(notification(2, key="k", title="Bye", tenant=OTHER))
    assert new


async def test_notifications_are_listed_newest_first_page_by_page_and_by_lane(notify: NotifyStore) -> None:
    told = [notification(number, lane="wake" if number == 3 else "bulk") for number in range(1, 6)]
    for each in told:
        await notify.submit(each)
    first = await notify.notifications(TENANT, "", 2, lane=None)
    assert first == [told[4], told[3]]
    assert await notify.notifications(TENANT, first[-1].id, 10, lane=None) == [told[2], told[1], told[0]]
    assert await notify.notifications(TENANT, "", 10, lane="wake") == [told[2]]
    assert await notify.notifications(TENANT, "", 2, lane="bulk") == [told[4], told[3]]


async def test_a_notification_for_nobody_is_done_when_it_is_expanded(notify: NotifyStore) -> None:
    told = await submitted(notify)
    progress = await notify.progress(TENANT, told.id)
    assert (progress.notification.state, progress.expanded, await counted(notify, told)) == ("done", True, {})


async def test_an_id_that_is_not_there_is_said_to_be_unknown(notify: NotifyStore) -> None:
    with pytest.raises(NotificationUnknown):
        await notify.progress(TENANT, notification_id(9))
