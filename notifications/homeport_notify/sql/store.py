"""The store in SQL, whole."""

from __future__ import annotations

from homeport_notify.sql.addresses import SqlAddresses
from homeport_notify.sql.chunks import SqlChunks
from homeport_notify.sql.dead_letters import SqlDeadLetters
from homeport_notify.sql.expansion import SqlExpansion
from homeport_notify.sql.gates import SqlGates
from homeport_notify.sql.notifications import SqlNotifications
from homeport_notify.sql.people import SqlPeople
from homeport_notify.sql.receipts import SqlReceipts
from homeport_notify.sql.wakes import SqlWakes


class SqlNotifyStore(
    SqlNotifications,
    SqlExpansion,
    SqlChunks,
    SqlDeadLetters,
    SqlAddresses,
    SqlPeople,
    SqlReceipts,
    SqlWakes,
    SqlGates,
):
    """Every port, through a door to whoever holds the database. Leases run by the database's clock."""
