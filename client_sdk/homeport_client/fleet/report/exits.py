"""How a fleet's program ends: one exit code for each thing that whoever started it does next.

Every check has the implied threshold `name == 0`, so a broken promise ends like any other missed threshold. Ctrl-C has
no code of its own: it ends the work, and the partial report gets the code it deserves. Nothing is checked before a
fleet has come to rest, so of a run that was stopped `KEPT` says only that no threshold was missed until then: the
report says `partial`, and has no checks.
"""

from __future__ import annotations

from enum import IntEnum

from homeport_client.fleet.report.summary import Summary


class Exit(IntEnum):
    """The codes of k6, so that what reads those reads these."""

    KEPT = 0
    """No check that was made found anything, and no threshold was missed: go on."""
    CRASHED = 1
    """The fleet itself broke, or its report could not be written: read the traceback, or the line that says so."""
    USAGE = 2
    """The command was wrong and nothing was started: mend it."""
    MISSED = 99
    """There is a report, and a check found something or a threshold was missed: read it."""


def exit_of(summary: Summary) -> Exit:
    """The code that a report deserves, partial or whole."""
    return Exit.KEPT if summary.kept else Exit.MISSED
