"""The secret of this data directory is the one whose fingerprint stands in the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from homeport_server.doctor.finding import Finding, fine, wrong
from homeport_server.secret import FILE, read_secret
from homeport_sync.errors import HomeportError


def check_fingerprint(found: Sequence[str], data: Path) -> Sequence[Finding]:
    """`found` in the database: one, or none before the first server started. A bad file is told elsewhere."""
    try:
        ours = read_secret(data / FILE).fingerprint()
    except (HomeportError, OSError):
        return []
    if not found:
        return [fine("no server has started on this database yet: the first one's secret is everybody's")]
    if list(found) == [ours]:
        return [fine("the secret is the one that the database's tokens and cursors are signed with")]
    return [
        wrong(
            f"the secret {data / FILE} is not the one that the database's tokens and cursors were signed with",
            f"copy the file {FILE} from a machine that serves already, or, to void every token on purpose, "
            "homeport secret --replace",
        )
    ]
