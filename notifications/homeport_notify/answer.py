"""What a provider said of one delivery, and so what is done next. Classified by the provider's detail, never by the
bare status: a 404 can be a phone that is gone, and as well a project that was mistyped."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, Literal, TypeAlias

import msgspec

# Whom it is about: one device, one platform behind the provider (a wrong key of Apple's, say), or all of them.
Narrow: TypeAlias = Literal["device", "platform", "account"]
NO_TIME: Final = "NO_TIME"


class Fate(Enum):
    """What is done next."""

    SENT = auto()  # the provider has it
    GONE = auto()  # nobody is there any more: the address is retired
    BAD_TARGET = auto()  # the target is malformed: a strike against the address
    BAD_MESSAGE = auto()  # the message is refused as such: the notification stops
    MISCONFIGURED = auto()  # wrong project, key or permission: the channel pauses, no address is touched
    THROTTLED = auto()  # too many: whoever is named waits
    UNAVAILABLE = auto()  # the provider failed, and says so: later again
    UNANSWERED = auto()  # it may have it or not: follows the class of the notification
    NOT_SENT = auto()  # it surely does not have it: no connection, a refused stream, no time left


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is the provider's own (such as UNREGISTERED), or one of ours for what never came to an answer; `detail` a
    sentence for people, without the target; `name` what the provider calls the message. `retry_after_ms` is how long it
    asks to be left alone, None if it does not say; `narrow` whom a refusal is about, or who is in trouble: a webhook
    that is down says nothing of the others. Of who is `GONE`, `gone_at_ms` is since when, if the provider says so: a
    device that was seen later has come back."""

    fate: Fate
    code: str = ""
    detail: str = ""
    name: str = ""
    retry_after_ms: int | None = None
    narrow: Narrow = "account"
    gone_at_ms: int | None = None


SENT = Answer(fate=Fate.SENT)
