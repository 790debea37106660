"""What came of everything, counted; and the last that was accepted, for whoever looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from homeport_notify.emulator import limits
from homeport_notify.emulator.push import Push

Provider = Literal["fcm", "apns"]


class ProviderTally(msgspec.Struct):
    """`refused` counts by code what was answered with an error, or not taken at all. Of what was `accepted`, so many
    went `unanswered`: the connection broke, or an answer never came. `checked` were dry runs."""

    accepted: int = 0
    checked: int = 0
    unanswered: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)


class PhoneTally(msgspec.Struct):
    """What became of what was accepted for registered phones: `delivered`, `replaced` by a later one of its key,
    `expired`, `discarded` as too many; the rest waits. `strangers` counts what was accepted for phones that never
    registered here."""

    registered: int = 0
    delivered: int = 0
    replaced: int = 0
    expired: int = 0
    discarded: int = 0
    strangers: int = 0


class TokenTally(msgspec.Struct):
    """Access tokens: how often one was `issued`, and how often it was `refused`."""

    issued: int = 0
    refused: int = 0


class Tally:
    """All counts. `watch`, if it is set, is called with each message that is accepted."""

    def __init__(self) -> None:
        self.watch: Callable[[Push], None] | None = None
        self.phones = PhoneTally()
        self.forget()

    def forget(self) -> None:
        """Count from 0 on."""
        self.fcm, self.apns, self.tokens = ProviderTally(), ProviderTally(), TokenTally()
        phones = self.phones
        phones.delivered = phones.replaced = phones.expired = phones.discarded = phones.strangers = 0
        self._recent: deque[Push] = deque(maxlen=limits.RECENT_MAX)

    def of(self, provider: Provider) -> ProviderTally:
        """The counts of a provider."""
        return self.fcm if provider == "fcm" else self.apns

    def accept(self, push: Push) -> None:
        """The provider has it."""
        self.of(push.provider).accepted += 1
        self._recent.append(push)
        if self.watch is not None:
            self.watch(push)

    def refuse(self, provider: Provider, code: str) -> None:
        """The provider does not have it."""
        refused = self.of(provider).refused
        refused[code] = refused.get(code, 0) + 1

    def recent(self, most: int) -> Sequence[Push]:
        """The last accepted messages, newest first."""
        return list(self._recent)[::-1][:most]

    def counts(self) -> Mapping[str, object]:
        """Everything, as JSON has it."""
        return {
            "fcm": msgspec.to_builtins(self.fcm),
            "apns": msgspec.to_builtins(self.apns),
            "tokens": msgspec.to_builtins(self.tokens),
            "phones": msgspec.to_builtins(self.phones),
        }
