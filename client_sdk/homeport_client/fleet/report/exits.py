"""How a fleet's program ends: one exit code for each thing that whoever started it does next.

Every check has the implied threshold `name == 0`, so a broken promise ends like any other missed threshold. Ctrl-C has
no code of its own: it ends the work, and the partial report gets the code it deserves.
"""

from __future__ import annotations

from enum import IntEnum

from homeport_client.fleet.report.summary import Summary


class Exit(IntEnum):
    """The codes of k6, so that what reads those reads these."""

    KEPT = 0
    """Every check found nothing and every threshold was kept: go on."""
    CRASHED = 1
    """There is no report, because the fleet itself broke: read the traceback."""
    USAGE = 2
    """The command was wrong and nothing was started: mend it."""
    MISSED = 99
    """There is a report, and a check found something or a threshold was missed: read it."""


def exit_of(summary: Summary) -> Exit:
    """The code that a report deserves, partial or whole."""
    kept = all(threshold.kept for threshold in summary.thresholds)
    return Exit.KEPT if kept and not summary.violations else Exit.MISSED
