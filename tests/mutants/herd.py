"""All mutants, in the order in which they are hunted."""

from collections.abc import Mapping

from tests.mutants.in_device import IN_CLOCK, IN_OUTBOX, IN_REPLICA
from tests.mutants.in_intake import IN_INTAKE
from tests.mutants.in_log import IN_LOG
from tests.mutants.in_merge import IN_MERGE
from tests.mutants.in_notifications import IN_NOTIFICATIONS
from tests.mutants.in_pull import IN_PULL
from tests.mutants.in_receipts import IN_RECEIPTS
from tests.mutants.in_rules import IN_RULES
from tests.mutants.in_syncer import IN_SYNCER
from tests.mutants.mutant import Mutant

MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        *IN_INTAKE,
        *IN_LOG,
        *IN_MERGE,
        *IN_RULES,
        *IN_PULL,
        *IN_OUTBOX,
        *IN_REPLICA,
        *IN_RECEIPTS,
        *IN_CLOCK,
        *IN_SYNCER,
        *IN_NOTIFICATIONS,
    )
}
