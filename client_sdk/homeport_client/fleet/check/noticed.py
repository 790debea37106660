"""What a fleet leaves behind of its notifications, as plain values: what phones registered and pulled as the server saw
it, what went through the provider's door, and what phones showed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

# What systems allow, written down a second time: who judges asks nobody whom they judge.
AN_HOUR_MAX: Mapping[str, int] = {"ios": 3, "android": 20, "web": 20, "other": 20}
FOREVER_MS = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """`token` reached the `phone`, of a `platform`, as `device` of `user`, from one moment until before the other."""

    token: str
    platform: str
    phone: str
    device: str
    user: str
    from_ms: int
    until_ms: int = FOREVER_MS

    def holds(self, from_ms: int, until_ms: int) -> bool:
        """Whether it did so all that time."""
        return self.from_ms <= from_ms and until_ms < self.until_ms

    def ended(self, by: Registered, at_ms: int) -> Registered:
        """The same, ended if the other one takes its place: a token and a device have one registration at a time."""
        replaced = self.until_ms == FOREVER_MS and (by.token == self.token or by.device == self.device)
        return replace(self, until_ms=at_ms) if replaced else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the provider was given for a token, and took."""

    token: str
    delivery: str
    notification: str
    at_ms: int
    wake: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A phone showed it to whoever used it then."""

    phone: str
    user: str
    delivery: str
    notification: str
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """See the module. `about` are the positions of the changes that notifications tell of. `pulls` are by device what
    it was given of the log: when, and up to where. `unknown` are the declared ambiguities, as (position, device): the
    server died while it was sending, and tells nobody twice. `under_way` are the
    deliveries that the provider still had when everything ended. `muted` says from when on a user wants nothing (or
    wants it again: False). It is `exact` where all this is what the server itself knew. Phones that say it have not
    heard of every registration, and a server that was killed may have forgotten what they had pulled."""

    registered: Sequence[Registered] = ()
    sent: Sequence[Sent] = ()
    shown: Sequence[Shown] = ()
    about: Mapping[str, int] = field(default_factory=dict)
    pulls: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    unknown: frozenset[tuple[int, str]] = frozenset()
    under_way: frozenset[str] = frozenset()
    muted: Sequence[tuple[str, int, bool]] = ()
    exact: bool = True

    @cached_property
    def _by_user(self) -> Mapping[str, Sequence[Registered]]:
        found: dict[str, list[Registered]] = {}
        for each in self.registered:
            found.setdefault(each.user, []).append(each)
        return found

    def pulled(self, device: str, position: int, by_ms: int) -> bool:
        """Whether the device had been given the log up to there by then."""
        pulls = self.pulls.get(device, ())
        at = bisect_right(pulls, by_ms, key=lambda each: each[0])
        return any(upto >= position for _, upto in pulls[:at])

    def registration(self, token: str, at_ms: int) -> Registered | None:
        """Whom the token reached at that moment."""
        return next((each for each in self.registered if each.token == token and each.holds(at_ms, at_ms)), None)

    def of_user(self, user: str) -> Sequence[Registered]:
        """Where the user could be reached, at any time."""
        return self._by_user.get(user, ())

    def mutes(self, user: str, from_ms: int, until_ms: int) -> set[bool]:
        """Whether the user wanted to be told nothing in that time: all that they wanted then."""
        said = [(since_ms, wants) for who, since_ms, wants in self.muted if who == user and since_ms <= until_ms]
        before = [wants for since_ms, wants in said if since_ms <= from_ms]
        return {before[-1] if before else False, *(wants for since_ms, wants in said if since_ms > from_ms)}
