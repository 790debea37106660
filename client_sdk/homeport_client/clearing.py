"""Clearing: after a scope was dropped, nothing of it may be left in the file; only then is its receipt given (I8)."""

from __future__ import annotations

from contextlib import suppress
from sqlite3 import Connection, OperationalError

from homeport_client.errors import StorageFull
from homeport_client.outbox import Outbox
from homeport_client.outcomes import Outcomes
from homeport_client.pulled import Pulled
from homeport_client.receipts import Receipts
from homeport_client.storage import empty_log, scrub, transaction


def clear(connection: Connection, receipts: Receipts, pulled: Pulled, outbox: Outbox, outcomes: Outcomes) -> None:
    """Clear what was dropped since. It begins again where a crash ended it, and is called after every page and answer.

    A scope waits while changes to it are in the outbox: what they quote of others goes with their outcome. While the
    disk is too full to write the file anew, no receipt is given. What was dropped and is here again by then stays.
    """
    dropped = receipts.dropped()
    if not dropped:
        return
    back = [scope for scope in dropped if pulled.has_scope(scope)]
    waiting = outbox.scopes().union(back)
    due = {scope: ended for scope, ended in dropped.items() if scope not in waiting}
    with suppress(StorageFull, OperationalError):
        if back:
            with transaction(connection):
                receipts.withdraw(back)
        if not due:
            return
        with transaction(connection):
            outcomes.forget_others(due)
        scrub(connection)
        with transaction(connection):
            receipts.give(due)


def forget(connection: Connection) -> None:
    """Receipts that the server knows were taken out: the ids of their scopes go from the log as well."""
    with suppress(OperationalError):  # the next one that is known takes them along
        empty_log(connection)
