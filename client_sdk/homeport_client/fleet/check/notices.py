"""What was told and who was woken, judged from outside: what is owed (`owed.py`) is compared with what went through the
provider's door, and with what phones showed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from homeport_client.fleet.check.noticed import AN_HOUR_MAX, Noticed, Registered, Sent
from homeport_client.fleet.check.owed import Owed

SLACK_MS = 180_000  # so much later somebody may be told: devices pull first, the server was down, a provider failed
FIRST_MS = 30_000  # who pulls within that time is perhaps told nothing: the same troubles may have held it up
KNOWN_MS = 5_000  # so much earlier the server must have known that a device has pulled
WOKEN_MS = 40_000  # who was woken so long before a change may pull it because of that
HOUR_MS = 3_600_000


def untold(log: Mapping[int, Owed], noticed: Noticed) -> Iterator[str]:
    """Who must be told of a change, has not pulled it in time, and was not told."""
    sent = _by_token(noticed)
    for position, of in log.items():
        for user, times in of.must.items():
            for at in noticed.of_user(user):
                came = len({each.notification for each in sent.get((position, at.token), ())})
                if came < times and not _is_spared(of, at, noticed):
                    yield f"{at.phone} of {user} was told {came} times of change {position}, and is owed {times}."


def overtold(log: Mapping[int, Owed], noticed: Noticed) -> Iterator[str]:
    """Who was told what nobody owed them, had made or had pulled themselves, or saw more than once."""
    for (position, token), all_sent in _by_token(noticed).items():
        of, first = log.get(position), all_sent[0]
        at = noticed.registration(token, first.at_ms)
        if at is None:
            if noticed.exact:  # else the phone was, and has not heard of it
                yield f"{token} was told of change {position}, and nobody had registered it."
            continue
        allowed = of.may[at.user] if of is not None else 0
        if len({each.notification for each in all_sent}) > allowed:
            yield f"{at.phone} of {at.user} was told {len(all_sent)} times of change {position}; {allowed} are owed."
        elif of is not None and at.device == of.entry.device:
            yield f"{at.phone} was told of change {position}, which it has made."
        elif (
            noticed.exact
            and noticed.pulled(at.device, position, first.at_ms - KNOWN_MS)
            and not _was_woken(of, first, noticed)
        ):
            yield f"{at.phone} was told of change {position}, which it had pulled before."
        elif noticed.mutes(at.user, first.at_ms - KNOWN_MS, first.at_ms) == {True}:
            yield f"{at.phone} of {at.user} was told of change {position}, and {at.user} wants to be told nothing."
    seen = Counter((each.phone, each.user, each.delivery) for each in noticed.shown)
    for (phone, user, delivery), times in seen.items():
        if times > 1:
            yield f"{phone} of {user} showed the delivery {delivery} {times} times."


def unshown(noticed: Noticed) -> Iterator[str]:
    """What the provider took and brought nobody, though it lost nothing that is to be seen."""
    shown = {each.delivery for each in noticed.shown}
    for each in noticed.sent:
        if not each.wake and not each.silent and each.delivery not in shown | noticed.under_way:
            yield f"The provider took the delivery {each.delivery} to {each.token}, and no phone has shown it."


def overwoken(noticed: Noticed) -> Iterator[str]:
    """Which device was woken more often within an hour than its system allows. What was sent again, because nobody knew
    whether it had been sent, counts once."""
    wakes: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    known = set[str]()
    for each in noticed.sent:
        at = noticed.registration(each.token, each.at_ms) if each.wake else None
        if at is not None and each.delivery not in known:
            known.add(each.delivery)
            wakes[at.phone, at.platform, at.device].append(each.at_ms)
    for (phone, platform, device), at_ms in wakes.items():
        allowed = AN_HOUR_MAX[platform]
        for first, last in zip(at_ms, at_ms[allowed:], strict=False):
            if last - first < HOUR_MS - KNOWN_MS:
                minutes = (last - first) / 60_000
                yield f"{phone} was woken {allowed + 1} times within {minutes:.1f} minutes, as device {device}."
                break


def owed_and_received(log: Mapping[int, Owed], noticed: Noticed) -> tuple[int, int]:
    """How many notifications were owed to phones (who had pulled first is owed none), and how many of those showed."""
    sent = _by_token(noticed)
    owing = {
        (position, at.token)
        for position, of in log.items()
        for user in of.must
        for at in noticed.of_user(user)
        if not _is_spared(of, at, noticed)
    }
    allowed = {(position, token) for position, token in sent if position in log}
    shown = {each.delivery for each in noticed.shown}
    came = {name for name, all_sent in sent.items() if any(each.delivery in shown for each in all_sent)}
    return len(owing | allowed), len((owing | allowed) & came)


def _is_spared(of: Owed, at: Registered, noticed: Noticed) -> bool:
    """Whether nobody need tell it there: it made the change or pulled it in time, was not registered all the while, its
    user wants nothing, or the server has declared that it does not know."""
    position, accepted_ms = of.entry.position, of.entry.accepted_at_ms
    late_ms = accepted_ms + SLACK_MS
    return (
        at.device == of.entry.device
        or not at.holds(accepted_ms, late_ms)
        or noticed.pulled(at.device, position, accepted_ms + FIRST_MS)
        or True in noticed.mutes(at.user, accepted_ms, late_ms)
        or (position, at.device) in noticed.unknown
    )


def _was_woken(of: Owed | None, told: Sent, noticed: Noticed) -> bool:
    """Whether it was woken between the change and the telling: what it pulled then, nobody has seen."""
    since_ms = (of.entry.accepted_at_ms if of else told.at_ms) - WOKEN_MS
    return any(each.wake and each.token == told.token and since_ms <= each.at_ms <= told.at_ms for each in noticed.sent)


def _by_token(noticed: Noticed) -> dict[tuple[int, str], list[Sent]]:
    """What was sent to whom of which change, but for what nobody sees."""
    found: dict[tuple[int, str], list[Sent]] = defaultdict(list)
    for each in noticed.sent:
        position = noticed.about.get(each.notification)
        if position is not None and not each.wake and not each.silent:
            found[position, each.token].append(each)
    return found
