"""What ends with us: processes that are kept here are killed when we are gone, however we went, and folders removed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_KEEPER: Final = Path(__file__).with_name("keeper.py")


class Kept:
    """Entering starts the keeper (see there); leaving ends it, and it ends whatever is kept still."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._keeper = subprocess.Popen(  # noqa: S603  # this interpreter, our own file
            [sys.executable, "-I", "-S", str(_KEEPER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None and keeper.stdin is not None:
            with contextlib.suppress(OSError):
                keeper.stdin.close()
            keeper.wait()

    def keep(self, process: int) -> None:
        """Have it ended with us."""
        self._say(f"+{process}\n")

    def throw_away(self, folder: Path) -> None:
        """Have it removed with us, and all that is in it: secrets, too, lie in it."""
        self._say(f"{folder.resolve()}\n")

    def release(self, process: int) -> None:
        """It has ended: its number may be another's soon."""
        self._say(f"-{process}\n")

    def _say(self, order: str) -> None:
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(OSError):  # who killed the keeper has to end what we leave
                self._keeper.stdin.write(order.encode())
                self._keeper.stdin.flush()
