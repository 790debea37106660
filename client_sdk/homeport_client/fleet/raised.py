"""What a device raises though it may not. The fleet tells it and goes on; its own errors, and a script's, end it."""

from __future__ import annotations

import traceback

SDK, FLEET = "homeport_client.", "homeport_client.fleet."


def is_of_device(error: BaseException) -> bool:
    """Whether it came out of the client SDK, and not of who plays with it."""
    frames = traceback.walk_tb(error.__traceback__)
    names = [str(frame.f_globals.get("__name__", "")) for frame, _ in frames]
    return any(name.startswith(SDK) and not name.startswith(FLEET) for name in names)
