"""The keeper: sees to it that nothing outlives us. Run as a process of its own, by the standard library alone.

Whoever starts it holds the other end of its standard input, and names there the processes to end: `+ID` from now on,
`-ID` no more; and folders to remove: `/PATH`. When that closes, however they ended (a SIGKILL runs no handler), it
kills those that are left, and removes these.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


def keep(orders: Iterable[str]) -> tuple[set[int], set[str]]:
    """The processes that are left when nobody gives orders any more, and the folders to remove."""
    left, folders = set[int](), set[str]()
    for order in orders:
        sign, number = order[:1], order[1:].strip()
        if sign == "/":
            folders.add(order.rstrip("\n"))
        elif sign in "+-" and number.isdigit():
            (left.add if sign == "+" else left.discard)(int(number))
    return left, folders


def main() -> None:
    """Each leads a group, in which its children are."""
    processes, folders = keep(sys.stdin)
    for each in processes:
        with contextlib.suppress(OSError):
            os.killpg(each, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
