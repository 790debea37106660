"""Signatures of webhooks, as https://www.standardwebhooks.com has them, so that receivers verify them with what exists.

What is signed is `id.timestamp.body`, with HMAC-SHA256. While a secret is changed, both sign.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from homeport_notify.errors import ChannelMissing

PREFIX: Final = "whsec_"
SECRET_BYTES_MIN: Final = 24
SECRET_BYTES_MAX: Final = 64


def read_secret(text: str) -> bytes:
    """The bytes of `whsec_…`. Raises `ChannelMissing` for a text that is none."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(PREFIX) or not SECRET_BYTES_MIN <= len(secret) <= SECRET_BYTES_MAX:
        raise ChannelMissing(
            f"The secret of webhooks (HOMEPORT_WEBHOOK_SECRET) is none: expected {PREFIX} and {SECRET_BYTES_MIN} to"
            f" {SECRET_BYTES_MAX} bytes in base64, such as `echo {PREFIX}$(openssl rand -base64 24)` prints."
        )
    return secret


def signed_headers(secrets: Sequence[bytes], id: str, timestamp_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers of a webhook."""
    words = b"%s.%d.%s" % (id.encode(), timestamp_s, body)
    signatures = (hmac.new(secret, words, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in signatures),
    }
