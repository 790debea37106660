"""Why is this phone stuck? What is known of a device as a few lines for people, the last of them what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

import msgspec

from homeport_sync.clock import stamp_ms
from homeport_sync.quarantine import Quarantined
from homeport_sync.sightings import DeviceFacts, Sighting, user_of

SILENT_MS = 24 * 3_600_000  # a phone that nobody opens is not stuck; one that was silent for a day may be
AHEAD_MS = 60_000
PULLS_LATE_MS = 60_000
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60

_OF_CODE = {
    "DEVICE_FORKED": "nothing: it is a copy of another phone, takes a new id by itself and goes on; look for that one",
    "DEVICE_FOREIGN": "nothing: the phone changed hands, takes a new id by itself and goes on; look for that one",
    "NUMBER_GAP": "nothing: it sends again what is missing by itself; if this stays, ask for its app's log",
    "CURSOR_INVALID": "nothing: it pulls from the start by itself; if this stays, all servers need the same secret",
    "CURSOR_FOREIGN": "nothing: it pulls from the start by itself; if this stays, look at which token it uses",
    "OVERLOADED": "homeport doctor, then more servers: this one had no room for it",
    "UNAVAILABLE": "homeport doctor: the database did not answer it",
    "INTERNAL": "look for the error of this device in the server's log",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom it is about: the device's id, its tenant's name, and the time now in milliseconds since 1970."""

    device: str
    tenant: str
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Sentences: how it `begins`, what it `says`, what of the device was `refused` and waits, and what to do `next`."""

    begins: str
    says: Sequence[str]
    refused: Sequence[str]
    next: str


class _Answer(msgspec.Struct):
    """What a quarantined change was answered with, as far as people care."""

    error: _Error | None = None


class _Error(msgspec.Struct):
    message: str
    extensions: _Extensions


class _Extensions(msgspec.Struct):
    code: str


_answer = msgspec.json.Decoder(_Answer).decode


def diagnose(asked: Asked, facts: DeviceFacts | None) -> Sequence[str]:
    """The same as lines, the last of which begins with "Next: "."""
    told = diagnosis_of(asked, facts)
    return [told.begins, *told.says, *told.refused, f"Next: {told.next}"]


def diagnosis_of(asked: Asked, facts: DeviceFacts | None) -> Diagnosis:
    """What is known of a device, what hinders it, and what to do."""
    if facts is None:
        return _never_seen(asked)
    user = user_of(facts.known, facts.sighting)
    scopes = f"{facts.grants} scopes are shared with {user}"
    return Diagnosis(
        begins=f"Device {asked.device} of {user} in the tenant {asked.tenant}; {scopes}.",
        says=[*_says(asked, facts)],
        refused=[*_refused(facts)],
        next=_next(asked, facts),
    )


def _never_seen(asked: Asked) -> Diagnosis:
    likely = (
        "Likely: its token is refused (expired, or of another tenant), it calls another URL, or it was never opened "
        "with a network. A device seen within the last seconds may not be kept yet."
    )
    new = f"homeport token --user U --tenant {quote(asked.tenant)}"
    return Diagnosis(
        begins=f"Device {asked.device} was never seen in the tenant {asked.tenant}.",
        says=[likely],
        refused=[],
        next=f"look at the error that the app shows; a new token is `{new}`",
    )


def _says(asked: Asked, facts: DeviceFacts) -> Iterator[str]:
    yield f"Last seen {_ago(asked, _seen_ms(facts))}."
    yield _push_line(asked, facts)
    yield _pull_line(asked, facts)
    if facts.sighting and facts.sighting.introduced_at_ms is not None:
        yield _introduction_line(asked, facts.sighting)
    if unconfirmed := _unconfirmed(facts):
        state = (
            "answers do not reach it" if _answers_lost(facts) else "told with its last push, confirmed with its next"
        )
        yield f"Outcomes: {unconfirmed:,} not confirmed: {state}."
    if (ahead_ms := _ahead_ms(facts)) > AHEAD_MS:
        yield f"Clock: its last change was stamped {_span(ahead_ms)} ahead of the server, or more: its clock is wrong."
    if _refused_last(facts) and facts.sighting:
        yield f"Refused: its last request {_ago(asked, facts.sighting.refused_at_ms)}, {facts.sighting.refused_code}."


def _refused(facts: DeviceFacts) -> Iterator[str]:
    if facts.refused_count:
        yield f"Quarantine: {facts.refused_count:,} refused changes wait, the newest {len(facts.refused)}:"
        yield from (_refused_line(each) for each in facts.refused)


def _push_line(asked: Asked, facts: DeviceFacts) -> str:
    if facts.known is None:
        return "Push: none of its changes was ever decided."
    return f"Push: last {_ago(asked, facts.last_push_ms)}, up to its change {facts.known.last_number:,}."


def _pull_line(asked: Asked, facts: DeviceFacts) -> str:
    sighting = facts.sighting
    if sighting is None or sighting.pulled_at_ms is None:
        return "Pull: none was seen."
    when = _ago(asked, sighting.pulled_at_ms)
    if sighting.pulled_position is None:
        return f"Pull: last {when}."
    behind = max(facts.head - sighting.pulled_position, 0)
    place = f"{behind:,} changes behind the end of the log" if behind else "up to the end of the log"
    return f"Pull: last {when}, {place}."


def _introduction_line(asked: Asked, sighting: Sighting) -> str:
    """What it said of itself last, as far as it did."""
    said = []
    if sighting.outbox is not None:
        said.append(f"{sighting.outbox:,} changes in its outbox" if sighting.outbox else "an empty outbox")
    if sighting.app_version is not None:
        said.append(f"app version {sighting.app_version}")
    if sighting.sdk:
        said.append(f"SDK {sighting.sdk}")
    return f"Says: {', '.join(said)}, {_ago(asked, sighting.introduced_at_ms)}."


def _refused_line(change: Quarantined) -> str:
    error = _answer(change.text).error
    why = f"{error.extensions.code}: {error.message}" if error else "refused"
    return f"  change {change.number:,} to {change.record or 'nothing that could be read'}: {why}"


def _next(asked: Asked, facts: DeviceFacts) -> str:
    """The most urgent deed: first what stops everything, then what loses time, then what people must decide."""
    return next((deed for hinders, deed in _deeds(asked, facts) if hinders), "nothing; it is well")


def _deeds(asked: Asked, facts: DeviceFacts) -> Iterator[tuple[bool, str]]:
    """Whether it is so, and what to do then."""
    user = user_of(facts.known, facts.sighting)
    code = facts.sighting.refused_code if facts.sighting else ""
    yield (
        _refused_last(facts),
        _OF_CODE.get(code, f"mend what {code} says (docs/errors.md): it sends the same again until then"),
    )
    new = f"homeport token --user {quote(user)} --tenant {quote(asked.tenant)}"
    yield (
        asked.now_ms - (_seen_ms(facts) or 0) > SILENT_MS,
        f"open the app with a network; if it shows that its token is refused, give it a new one: `{new}`",
    )
    yield (
        _answers_lost(facts),
        "look for a proxy or a timeout that cuts answers between this device and the server; nothing is lost",
    )
    yield not facts.grants, f"invite {user} to a scope, or let the app make one: there is nothing that could be pulled"
    yield _pulls_late(facts), "look at the app's log: it pushes and does not pull"
    refused = f"homeport quarantine list {quote(asked.tenant)} --device {asked.device}"
    yield (
        facts.refused_count > 0,
        f"edit and replay what was refused, in the app or here: `{refused}`",
    )
    yield (
        _ahead_ms(facts) > AHEAD_MS,
        "set the phone's clock to automatic; its work is kept, with corrected times",
    )


def _seen_ms(facts: DeviceFacts) -> int | None:
    sighting = facts.sighting
    times = [facts.last_push_ms]
    if sighting:
        times += [sighting.pushed_at_ms, sighting.pulled_at_ms, sighting.refused_at_ms]
    return max((each for each in times if each is not None), default=None)


def _unconfirmed(facts: DeviceFacts) -> int:
    return facts.known.last_number - facts.known.confirmed if facts.known else 0


def _answers_lost(facts: DeviceFacts) -> bool:
    """It pushed again after its last change was decided, and still does not say that it knows."""
    pushed_ms, decided_ms = facts.last_push_ms, facts.last_decided_ms
    return bool(_unconfirmed(facts)) and pushed_ms is not None and decided_ms is not None and pushed_ms > decided_ms


def _ahead_ms(facts: DeviceFacts) -> int:
    if facts.known is None or not facts.known.last_stamp or facts.last_push_ms is None:
        return 0
    return stamp_ms(facts.known.last_stamp) - facts.last_push_ms


def _refused_last(facts: DeviceFacts) -> bool:
    """Nothing of it went through since its last request was refused."""
    sighting = facts.sighting
    if sighting is None or sighting.refused_at_ms is None:
        return False
    well = [each for each in (sighting.pushed_at_ms, sighting.pulled_at_ms, facts.last_push_ms) if each is not None]
    return sighting.refused_at_ms > max(well, default=0)


def _pulls_late(facts: DeviceFacts) -> bool:
    """It pushed well after its last pull, and there is something to pull."""
    sighting = facts.sighting
    if sighting is None or facts.last_push_ms is None or facts.head <= (sighting.pulled_position or 0):
        return False
    return facts.last_push_ms - (sighting.pulled_at_ms or 0) > PULLS_LATE_MS


def _ago(asked: Asked, at_ms: int | None) -> str:
    return "never" if at_ms is None else f"{_span(max(asked.now_ms - at_ms, 0))} ago"


def _span(ms: int) -> str:
    """A span of time in its largest whole unit, as people say it."""
    seconds = ms // 1_000
    for unit_s, name in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= 2 * unit_s:
            return f"{seconds // unit_s:,} {name}"
    return f"{seconds} s"
