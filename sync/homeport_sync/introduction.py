"""An introduction: what a device says of itself with each push and pull, for people who ask how it is.

It travels beside the messages, in the header `homeport-device`, and both sides may leave it out. It is a hint: nothing
is decided by it. So whatever does not fit is passed over and never an error, and all of it has a limit.

    homeport-device: outbox=12; app=3; sdk=0.1.0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEADER: Final = "homeport-device"
BYTES_MAX: Final = 200  # of the whole header: one that is longer says nothing
NUMBER_MAX: Final = 999_999_999
SDK_CHARS_MAX: Final = 40
_is_number = re.compile(r"[0-9]{1,9}").fullmatch
_is_sdk = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,39}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """What was said; None and "" for what was not.

    `outbox` counts the changes that wait for an outcome as the request goes out, those in it included. `app_version` is
    the version that the app declares (1 or more), `sdk` the version of the SDK, at most `SDK_CHARS_MAX` characters.
    """

    outbox: int | None = None
    app_version: int | None = None
    sdk: str = ""

    def text(self) -> str:
        """The header's value; what `read_introduction` would pass over is left out."""
        said = [("outbox", _number_text(self.outbox)), ("app", _number_text(self.app_version)), ("sdk", self.sdk)]
        return "; ".join(f"{name}={value}" for name, value in said if value and _fits(name, value))


NOTHING_SAID: Final = Introduction()


def read_introduction(header: bytes) -> Introduction:
    """What a header says. A name that is not known, comes twice or has a value that does not fit is passed over."""
    if not header or len(header) > BYTES_MAX or not header.isascii():
        return NOTHING_SAID
    said: dict[str, str] = {}
    for part in header.decode("ascii").split(";"):
        name, _, value = part.strip(" \t").partition("=")
        if _fits(name, value):
            said.setdefault(name, value)
    return Introduction(outbox=_number(said, "outbox"), app_version=_number(said, "app"), sdk=said.get("sdk", ""))


def _fits(name: str, value: str) -> bool:
    if name == "sdk":
        return _is_sdk(value) is not None
    if name in ("outbox", "app"):
        return _is_number(value) is not None and (name == "outbox" or int(value) > 0)
    return False


def _number(said: dict[str, str], name: str) -> int | None:
    return int(said[name]) if name in said else None


def _number_text(number: int | None) -> str:
    return "" if number is None else str(min(number, NUMBER_MAX))
