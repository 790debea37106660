"""Text that JavaScript can hold and UTF-8 cannot: half an emoji, cut by a string function, as a lone surrogate.

Such a body is JSON by its grammar, but no decoder into UTF-8 takes it, and a device that kept sending it would be stuck
for ever. The halves are replaced by U+FFFD, as `String.prototype.toWellFormed` does it.
"""

from __future__ import annotations

import json

from homeport_sync import values


def well_formed(body: bytes) -> bytes | None:
    """The body without lone surrogates; None if they are not what is wrong with it."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return None
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return values.well_formed(text).encode()
