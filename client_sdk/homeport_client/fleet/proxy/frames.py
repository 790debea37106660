"""WebSocket frames from a server, looked into just far enough to tell pokes from all else (RFC 6455, section 5.2).

A **poke** is a whole text frame, in one piece and not compressed, whose payload has `"type": "next"`: that is how
`graphql-transport-ws` brings news. The acknowledgement, pings, errors and the close are none, and neither are binary
frames, fragments and texts too large to be held; those pass as they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WHOLE_TEXT = 0x81  # FIN and opcode 1, no reserved bit: not a fragment, and not compressed
_MASKED, _LENGTH = 0x80, 0x7F
_WIDTHS = {126: 2, 127: 8}  # bytes of the long lengths
_NEXT = re.compile(rb'"type"\s*:\s*"next"').search


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that pass or get lost together: a poke, or whatever else."""

    data: bytes
    poke: bool = False


class Frames:
    """Cuts what a server sends into pieces. Joined again they are the same bytes."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._held = bytearray()
        self._passing = 0  # so many bytes of the current frame still pass unseen

    def cut(self, data: bytes) -> Iterator[Piece]:
        """The pieces that `data` completes; what is left waits for the next call."""
        self._held += data
        while self._held:
            if self._passing:
                yield Piece(self._take(min(self._passing, len(self._held))))
                continue
            size = _frame_bytes(self._held)
            if size is None:
                return
            if self._held[0] != _WHOLE_TEXT or self._held[1] & _MASKED or size > self._frame_bytes_max:
                self._passing = size
            elif len(self._held) < size:
                return
            else:
                frame = self._take(size)
                yield Piece(frame, poke=bool(_NEXT(frame)))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        self._passing = max(0, self._passing - size)
        return taken


def _frame_bytes(held: bytearray) -> int | None:
    """The size of the frame that begins here, or None while its length is not there yet."""
    if len(held) < 2:
        return None
    short = held[1] & _LENGTH
    width = _WIDTHS.get(short, 0)
    if len(held) < 2 + width:
        return None
    length = int.from_bytes(held[2 : 2 + width], "big") if width else short
    return 2 + width + (4 if held[1] & _MASKED else 0) + length
