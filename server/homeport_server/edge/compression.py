"""Large answers go out compressed, if the client takes that: a page of records is a fourth of its size then.

At level 1, because the higher ones cost three times as much for a tenth less (`docs/measurements.md`). What is small,
as the answer to nearly every push, is never looked at. An answer depends on a token that no page of another site can
have sent, so nobody can guess secrets from the size of what is compressed together with them.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from homeport_server.edge.reply import Answer, quality

GZIP: Final = b"gzip"
LEVEL: Final = 1
ASIDE_BYTES_MIN: Final = 262_144  # from here on it takes longer than others should wait for, so a thread does it
_WITH_GZIPS_HEAD: Final = 16 + zlib.MAX_WBITS
_HEADERS_KEPT: Final = 256


async def compressed(answer: Answer, headers: Mapping[bytes, bytes]) -> Answer:
    """The answer, compressed if the request's headers allow it."""
    if not accepts_gzip(headers.get(b"accept-encoding", b"")):
        return answer
    body = await asyncio.to_thread(_gzip, answer.body) if len(answer.body) >= ASIDE_BYTES_MIN else _gzip(answer.body)
    return replace(answer, body=body, encoding=GZIP)


@lru_cache(maxsize=_HEADERS_KEPT)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether this `Accept-Encoding` allows gzip: by its name, or else by the star."""
    wanted: dict[bytes, float] = {}
    for each in accept_encoding.lower().split(b","):
        name, *parameters = (part.strip() for part in each.split(b";"))
        wanted[name] = quality(parameters)
    return wanted.get(GZIP, wanted.get(b"*", 0.0)) > 0


def _gzip(body: bytes) -> bytes:
    packing = zlib.compressobj(LEVEL, zlib.DEFLATED, _WITH_GZIPS_HEAD)
    return packing.compress(body) + packing.flush()
