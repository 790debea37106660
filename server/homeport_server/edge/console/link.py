"""The link to the console: who holds the secret makes it, and it opens for eight hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from homeport_server.origin import origin_of
from homeport_server.pages.gate import make_key, make_link
from homeport_server.secret import Secret

PURPOSE: Final = "console"
CONSOLE_PATH: Final = "/console"


def console_link(secret: Secret, host: str, port: int, now_s: Callable[[], float] = time.time) -> str:
    """Where who listens on that address finds the console, with a key in the fragment, which no browser sends."""
    return make_link(origin_of(host, port), CONSOLE_PATH, make_key(secret.key(PURPOSE), PURPOSE, now_s()))
