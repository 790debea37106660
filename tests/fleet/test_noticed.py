"""What is told is checked from outside: each bug is planted in the evidence of a fleet that told everybody rightly."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from homeport_client.fleet import Fleet, Script
from homeport_client.fleet.check import Evidence, judge
from homeport_client.fleet.check.noticed import Noticed, Sent
from homeport_client.fleet.check.notices import FIRST_MS, SLACK_MS, owed_and_received
from homeport_client.fleet.check.owed import owed
from homeport_sync import App
from homeport_sync.ports import LogEntry

DEVICES = Script(devices=12, duration_s=900)


@pytest.fixture(scope="session")
def told(app: App) -> Evidence:
    """What a fleet leaves behind in which people name each other, and whose phones sleep now and then."""
    evidence = Fleet(app, 2, script=DEVICES).run().evidence
    assert evidence is not None
    return evidence


def noticed(evidence: Evidence) -> Noticed:
    assert evidence.noticed is not None
    return evidence.noticed


def with_sent(evidence: Evidence, sent: Iterable[Sent]) -> Evidence:
    return replace(evidence, noticed=replace(noticed(evidence), sent=[*sent]))


def a_visible(evidence: Evidence) -> Sent:
    return next(each for each in noticed(evidence).sent if not each.wake)


def assigned(entry: LogEntry) -> str | None:
    """Whom the change gave a task to, read from the change alone: what `assigned` in the example is to tell."""
    to = entry.fields.get("assignee")
    is_new = isinstance(to, str) and to not in (entry.before.get("assignee"), entry.user)
    return to if is_new and isinstance(to, str) and entry.kind == "Task" and entry.op in ("create", "update") else None


def without_a_notification(evidence: Evidence) -> Evidence:
    """One to a phone that did not pull so soon that nobody need have told it."""
    told = noticed(evidence)

    def pulls_late(sent: Sent) -> bool:
        at = told.registration(sent.token, sent.at_ms)
        return at is not None and not told.pulled(at.device, told.about[sent.notification], sent.at_ms + FIRST_MS)

    gone = next(each for each in told.sent if not each.wake and pulls_late(each))
    return with_sent(evidence, (each for each in noticed(evidence).sent if each is not gone))


def which_nobody_has_shown(evidence: Evidence) -> Evidence:
    delivery = noticed(evidence).shown[0].delivery
    shown = [each for each in noticed(evidence).shown if each.delivery != delivery]
    return replace(evidence, noticed=replace(noticed(evidence), shown=shown))


def told_twice(evidence: Evidence) -> Evidence:
    first = a_visible(evidence)
    about = {**noticed(evidence).about, "again": noticed(evidence).about[first.notification]}
    told = replace(noticed(evidence), about=about)
    return with_sent(replace(evidence, noticed=told), [*told.sent, replace(first, notification="again")])


def shown_twice(evidence: Evidence) -> Evidence:
    shown = noticed(evidence).shown
    return replace(evidence, noticed=replace(noticed(evidence), shown=[*shown, shown[0]]))


def told_to_its_author(evidence: Evidence) -> Evidence:
    log = {each.position: each for each in evidence.log}
    first = a_visible(evidence)
    entry = log[noticed(evidence).about[first.notification]]
    own = next(each for each in noticed(evidence).registered if each.device == entry.device)
    return with_sent(evidence, [*noticed(evidence).sent, replace(first, token=own.token, at_ms=own.from_ms)])


def told_to_who_had_pulled(evidence: Evidence) -> Evidence:
    first = a_visible(evidence)
    at = noticed(evidence).registration(first.token, first.at_ms)
    assert at is not None
    position = noticed(evidence).about[first.notification]
    pulls = {**noticed(evidence).pulls, at.device: [(first.at_ms - SLACK_MS, position)]}
    return replace(evidence, noticed=replace(noticed(evidence), pulls=pulls))


def told_to_who_wants_nothing(evidence: Evidence) -> Evidence:
    muted = [(each.user, 0, True) for each in noticed(evidence).registered]
    return replace(evidence, noticed=replace(noticed(evidence), muted=muted))


def told_to_a_phone_that_nobody_registered(evidence: Evidence) -> Evidence:
    return with_sent(evidence, [*noticed(evidence).sent, replace(a_visible(evidence), token="nobody's")])


def woken_all_the_time(evidence: Evidence) -> Evidence:
    phone = noticed(evidence).registered[0]
    wakes = [
        Sent(token=phone.token, delivery=f"wake {at}", notification="", at_ms=phone.from_ms + at, wake=True)
        for at in range(21)
    ]
    return with_sent(evidence, [*noticed(evidence).sent, *wakes])


BUGS: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "somebody was not told": (without_a_notification, "untold"),
    "a provider brought it to nobody": (which_nobody_has_shown, "untold"),
    "a retry told again under another name": (told_twice, "overtold"),
    "a phone showed a delivery twice": (shown_twice, "overtold"),
    "the device that did it was told": (told_to_its_author, "overtold"),
    "a device was told that had pulled": (told_to_who_had_pulled, "overtold"),
    "somebody was told who had opted out": (told_to_who_wants_nothing, "overtold"),
    "a phone was told that nobody had registered": (told_to_a_phone_that_nobody_registered, "overtold"),
    "wakes were not coalesced": (woken_all_the_time, "overwoken"),
}


def test_a_fleet_tells_everybody_rightly(told: Evidence) -> None:
    assert judge(told).found == {}
    visible = [each for each in noticed(told).sent if not each.wake]
    assert len(visible) > 10
    assert len(noticed(told).sent) > len(visible)


@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_of_telling_is_found(told: Evidence, bug: str) -> None:
    plant, check = BUGS[bug]
    assert check in judge(plant(told)).found


def test_what_is_owed_is_what_people_did(told: Evidence) -> None:
    """Read from the changes alone, without asking the app's rule."""
    debts = owed(told.log, told.rules, told.kinds, "fleet")
    most = Counter((position, user) for position, of in debts.items() for user, times in of.may.items() if times)
    assert most == Counter((each.position, user) for each in told.log if (user := assigned(each)))
    must, came = owed_and_received(debts, noticed(told))
    assert must == came > 10
