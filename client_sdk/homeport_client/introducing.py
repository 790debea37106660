"""What a device says of itself beside its messages: how long its outbox is, and which versions of app and SDK it runs.

Operators read it who ask why a phone is stuck; nothing is decided by it (`introduction.py`).
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from homeport_client.replica import Replica
from homeport_sync.introduction import Introduction


def introduction_of(replica: Replica) -> Introduction:
    """What is so at this moment: the outbox counts what waits for an outcome, what is on its way included."""
    return Introduction(
        outbox=replica.outbox.unanswered(), app_version=replica.catalog.version, sdk=installed_version()
    )


@cache
def installed_version() -> str:
    """The version of Homeport that is installed; "" where it was never installed. Looked up once: that reads files."""
    try:
        return version("homeport")
    except PackageNotFoundError:
        return ""
