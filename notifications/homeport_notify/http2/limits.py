"""The limits of our HTTP/2, together, each with its unit. A peer that goes beyond one is left, never waited for."""

from __future__ import annotations

from typing import Final

FRAME_BYTES_MAX: Final = 16_384  # of a payload, either way: the size that every peer takes, and we ask for no more
HEADER_BLOCK_BYTES_MAX: Final = 65_536  # of a header block, over all its frames
CONTINUATIONS_MAX: Final = 16  # frames a header block may go on in: empty ones would be endless otherwise
SETTINGS_MAX: Final = 64  # entries in one frame
