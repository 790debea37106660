"""What a fleet refuses before anything runs, each with the sentence that says what to do.

HomeportError
└── FleetError
    ├── ScriptUnusable   SCRIPT_UNUSABLE    mend the file
    ├── InProduction     IN_PRODUCTION      take another server
    └── ServerUnusable   SERVER_UNUSABLE    start it, wait for it, or say how it is reached
"""

from __future__ import annotations

from homeport_sync.errors import HomeportError


class FleetError(HomeportError):
    """The fleet could not be played."""

    code = "FLEET_ERROR"


class ScriptUnusable(FleetError):
    """The file declares no script: give it a variable `script` that is a Script."""

    code = "SCRIPT_UNUSABLE"


class InProduction(FleetError):
    """The server is marked as one for production, and a fleet plays havoc: take another one."""

    code = "IN_PRODUCTION"


class ServerUnusable(FleetError):
    """The server cannot be played with as it is: start it, wait until it is ready, or say how it is reached."""

    code = "SERVER_UNUSABLE"
