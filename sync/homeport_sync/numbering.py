"""The numbers of a device's changes: 1, 2, 3 and so on, none left out (I2). Pure."""

from __future__ import annotations

from homeport_sync.errors import Malformed, NumberGap
from homeport_sync.wire import Sent


def check_next(sent: Sent, expected: int, index: int) -> None:
    """Raises `Malformed` if not even its number could be read, `NumberGap` if it has another than the expected one.

    `index` is its place in the push as it came.
    """
    if sent.number == 0:
        error = sent.error or Malformed()
        error.values["index"] = index
        raise error
    if sent.number != expected:
        raise NumberGap(
            f"Change {sent.number} came, but {expected} is the next of this device: send again from {expected}.",
            expected=expected,
            number=sent.number,
            index=index,
        )
