"""How long a provider asks to be left alone: `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_MS: Final = 24 * 3_600_000  # whoever asks for more is asked again after that


def retry_after_ms(headers: Mapping[str, str], now_ms: int) -> int | None:
    """From now, at most `LONGEST_MS`, 0 for a date that is past; None if nothing that can be read is said. Names of
    `headers` are lower case."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(int(said[:9]) * 1_000, LONGEST_MS)
    try:
        then = parsedate_to_datetime(said)
    except ValueError:
        return None
    then_ms = int(then.replace(tzinfo=then.tzinfo or UTC).timestamp() * 1_000)
    return min(max(then_ms - now_ms, 0), LONGEST_MS)
