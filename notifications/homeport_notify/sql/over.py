"""When a notification is done."""

from __future__ import annotations

from typing import Final

from homeport_notify.sql.dialect import Statement
from homeport_notify.sql.on_door import Work

# Whoever calls holds the notification's row, so of two that end the last two chunks the second sees both.
END_IF_DONE: Final = Statement(
    """
    UPDATE notifications SET state = 'done', reason = '', ended_at = {now}, updated_at = {now}
    WHERE tenant_id = :tenant AND notification_id = :id AND expanded AND ended_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM chunks WHERE chunks.tenant_id = :tenant AND chunks.notification_id = :id AND chunks.is_open)"""
)


async def end_if_done(work: Work, id: str) -> None:
    """It is done when its audience is in chunks and all of those are over."""
    await work.execute(END_IF_DONE, id=id)
