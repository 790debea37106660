"""What Apple calls a message that takes the place of another: the header `apns-collapse-id`, sent by us or by FCM."""

from __future__ import annotations

import hashlib


def collapse_header(collapse_id: str) -> str:
    """The collapse id as a header's value (at most 64 bytes). One that no header can carry, such as a collapse key in
    another script than ours, is a digest of itself: equal ones stay equal."""
    if collapse_id.isascii() and collapse_id.isprintable() and collapse_id == collapse_id.strip():
        return collapse_id
    return hashlib.sha256(collapse_id.encode()).hexdigest()
