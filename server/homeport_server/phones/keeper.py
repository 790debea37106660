"""The keeper: sees to it that nothing outlives us. Run as a process of its own, by the standard library alone.

Whoever starts it holds the other end of its standard input, and names there the processes to end: `+ID` from now on,
`-ID` no more. When that closes, however they ended (a SIGKILL runs no handler), it kills those that are left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def keep(orders: Iterable[str]) -> set[int]:
    """The processes that are left when nobody gives orders any more."""
    left: set[int] = set()
    for order in orders:
        sign, number = order[:1], order[1:].strip()
        if sign in "+-" and number.isdigit():
            (left.add if sign == "+" else left.discard)(int(number))
    return left


def main() -> None:
    """Each leads a group, in which its children are."""
    for each in keep(sys.stdin):
        with contextlib.suppress(OSError):
            os.killpg(each, signal.SIGKILL)


if __name__ == "__main__":
    main()
