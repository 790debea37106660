"""Whether somebody sits before this machine, so that a browser can be opened for them."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from contextlib import suppress


def is_watched(environ: Mapping[str, str], *, terminal: bool, platform: str = sys.platform) -> bool:
    """Whether a page that is opened here is seen by whoever gave the command: they have a terminal and a display, and
    it is no build that runs it. Over SSH there is a display only if one is forwarded."""
    if not terminal or environ.get("CI"):
        return False
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return True
    far = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    return platform in ("darwin", "win32") and not far


def has_browser() -> bool:
    """Whether there is one to open."""
    with suppress(webbrowser.Error):
        return webbrowser.get() is not None
    return False


def open_page(link: str) -> bool:
    """Opens it; whether a browser took it."""
    with suppress(webbrowser.Error, OSError):
        return webbrowser.open(link)
    return False
