"""Expansion in SQL: an audience becomes chunks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from homeport_notify import limits
from homeport_notify.audience import ToAddresses, ToEveryone, ToTopic, ToUsers
from homeport_notify.delivery import ID_BYTES
from homeport_notify.notification import Lane
from homeport_notify.ports import Expanding
from homeport_notify.sql import rows
from homeport_notify.sql.chunk_rows import New, add_chunks
from homeport_notify.sql.dialect import Statement, json_list
from homeport_notify.sql.notifications import LOCK
from homeport_notify.sql.on_door import OnDoor, Work
from homeport_notify.sql.over import end_if_done

TO_EXPAND: Final = Statement(
    """
    SELECT {of_notification}, place FROM notifications
    WHERE tenant_id = :tenant AND lane = :lane AND expand_at <= :now ORDER BY expand_at, notification_id LIMIT 1""",
    of_notification=rows.OF_NOTIFICATION,
)
# A page comes as one text: a row an address would cost more than all the rest.
EVERYONE: Final = Statement(
    """
    SELECT {joined:address_id|address_id} FROM (
      SELECT address_id FROM addresses
      WHERE tenant_id = :tenant AND address_id > :place AND retired = '' ORDER BY address_id LIMIT :room) AS page"""
)
LIVING: Final = Statement(
    """
    SELECT {joined:addresses.address_id|addresses.address_id}
    FROM {each:ids} {found:addresses|addresses.address_id = wanted.value AND addresses.retired = ''}"""
)
OF_TOPIC: Final = Statement(
    """
    SELECT user_id FROM topics
    WHERE tenant_id = :tenant AND topic = :topic AND user_id > :place ORDER BY user_id LIMIT :room"""
)
LIVING_OF_USERS: Final = Statement(
    """
    SELECT {joined:addresses.address_id|wanted.value, addresses.address_id}
    FROM {each:users} {all_found:addresses|addresses_by_user|
      addresses.user_id >= wanted.value AND addresses.user_id <= wanted.value AND addresses.user_id >= ''
      AND addresses.retired = ''|user_id, address_id}"""
)
MOVE_ON: Final = Statement(
    """
    UPDATE notifications SET state = 'running', place = :place, expanded = :expanded, updated_at = {now},
      expand_at = CASE WHEN CAST(:expanded AS boolean) THEN NULL ELSE expand_at END
    WHERE tenant_id = :tenant AND notification_id = :id"""
)
_ID_LENGTH: Final = 36


class SqlExpansion(OnDoor):
    """`Expansion` in SQL."""

    async def expanding(self, tenant: str, lane: Lane, now_ms: int) -> Expanding | None:
        """See `ports.Expansion`."""
        found = await self._read(tenant, TO_EXPAND, lane=lane, now=now_ms)
        return Expanding(notification=rows.notification(found[0][:4]), place=found[0][4]) if found else None

    async def expand(self, expanding: Expanding, limit: int) -> int | None:
        """See `ports.Expansion`."""
        audience = expanding.notification.audience
        async with self._work(expanding.notification.tenant) as work:
            if not await _is_at(work, expanding):
                return None
            match audience:
                case ToEveryone():
                    packed, place, last = await _everyone(work, expanding.place, limit)
                case ToAddresses(addresses=ids):
                    page, last = _page(ids, expanding.place, limit)
                    ((text,),) = await work.fetch(LIVING, ids=json_list(page))
                    packed, place = _packed(text), page[-1] if page else expanding.place
                case ToUsers(users=named):
                    users, last = _page(named, expanding.place, limit)
                    packed, place = await _of_users(work, users), users[-1] if users else expanding.place
                case ToTopic(topic=topic):
                    found = await work.fetch(OF_TOPIC, topic=topic, place=expanding.place, room=limit + 1)
                    users, last = [row[0] for row in found[:limit]], len(found) <= limit
                    packed, place = await _of_users(work, users), users[-1] if users else expanding.place
                case _:
                    raise TypeError("A scope is expanded by whoever knows its members: call expand_users.")
            await _put(work, expanding, packed, place, last=last)
        return None if last else len(packed) // ID_BYTES

    async def expand_users(
        self, expanding: Expanding, users: Sequence[str], *, last: bool, but: Collection[str] = ()
    ) -> None:
        """See `ports.Expansion`."""
        async with self._work(expanding.notification.tenant) as work:
            if await _is_at(work, expanding):
                packed = await _of_users(work, [each for each in users if each not in but])
                await _put(work, expanding, packed, users[-1] if users else expanding.place, last=last)


async def _is_at(work: Work, expanding: Expanding) -> bool:
    """Whether it is still to be expanded from that place; nobody else does until the transaction ends."""
    found = await work.first(LOCK, id=expanding.notification.id)
    if found is None:
        return False
    _, state, _, _, expanded, place, _ = found
    return state in {"waiting", "running"} and not expanded and place == expanding.place


async def _everyone(work: Work, place: str, limit: int) -> tuple[bytes, str, bool]:
    ((text,),) = await work.fetch(EVERYONE, place=place, room=limit + 1)
    text = text or ""
    last = len(text) <= limit * _ID_LENGTH
    text = text[: limit * _ID_LENGTH]
    return _packed(text), text[-_ID_LENGTH:] or place, last


def _page(names: Collection[str], place: str, limit: int) -> tuple[Sequence[str], bool]:
    """Those that come next after `place`, and whether they are the last."""
    left = sorted(each for each in set(names) if each > place)
    return left[:limit], len(left) <= limit


async def _of_users(work: Work, users: Sequence[str]) -> bytes:
    ((text,),) = await work.fetch(LIVING_OF_USERS, users=json_list(users))
    return _packed(text)


def _packed(text: str | None) -> bytes:
    """Many ids in one text, as bytes."""
    return bytes.fromhex((text or "").replace("-", ""))


async def _put(work: Work, expanding: Expanding, packed: bytes, place: str, *, last: bool) -> None:
    notification, size = expanding.notification, limits.CHUNK_ADDRESSES_MAX * ID_BYTES
    await work.execute(MOVE_ON, id=notification.id, place=place, expanded=last)
    chunks = [
        New(addresses=packed[at : at + size], due_at_ms=notification.due_at_ms) for at in range(0, len(packed), size)
    ]
    await add_chunks(work, notification.id, notification.lane, chunks, runs=True)
    if last:
        await end_if_done(work, notification.id)
