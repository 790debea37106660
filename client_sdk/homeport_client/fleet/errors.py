"""What a fleet refuses before anything runs, each with the sentence that says what to do.

HomeportError
└── FleetError
    ├── ScriptUnusable   SCRIPT_UNUSABLE    mend the file
    └── InProduction     IN_PRODUCTION      take another server
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
