"""A group: several writes that take effect together or not at all, on the device and on the server (I6).

    async with phone.group() as transfer:
        transfer.update(from_account, balance=increment(-50))
        transfer.update(to_account, balance=increment(50))
        transfer.create(Booking, scope=bank, amount=50)

What is called inside is written when the block ends, in that order and in one transaction; so what other tasks write
meanwhile is no part of it. If one of the writes does not fit, its error is raised there and nothing is written, and so
if the block itself raises. On the server a group is accepted as one, or rejected as one: then each of its changes has
its outcome, and that of the one that was refused says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from homeport_client.ids import Id, text_id
from homeport_client.intents import Meant
from homeport_client.replica import Replica
from homeport_client.writer import Writer
from homeport_sync.values import PythonValue


class Group:
    """See the module. Made by `Device.group()`; at most `GROUP_CHANGES_MAX` changes, and 1 MiB in all: the end of the
    block raises `LimitExceeded` for more, the `Rejection` of what does not fit, and `DeviceClosed`. Outside its block
    every method raises `RuntimeError`: nothing would ever write what it is given there."""

    def __init__(self, opened: Callable[[], Replica], writer: Writer, wrote: Callable[[], None]) -> None:
        self._opened = opened
        self._writer = writer
        self._wrote = wrote
        self._writes: list[Callable[[], object]] = []
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        writes, self._writes, self._open = self._writes, [], False
        if error is None and writes:
            self._opened()
            with self._writer.group():
                for write in writes:
                    write()
            self._wrote()

    def create(self, kind: str | type, /, *, scope: Id | None = None, **fields: PythonValue) -> str:
        """Makes a record. Its id is known at once, and what follows in the group may use it."""
        record_id, within = self._opened().new_id(), None if scope is None else text_id(scope)
        self._add(partial(self._writer.create, kind, within, fields, record_id))
        return record_id

    def update(self, record_id: Id, /, **fields: Meant) -> None:
        """Writes these fields, or does to them what an intent says."""
        self._add(partial(self._writer.update, text_id(record_id), fields))

    def delete(self, record_id: Id, /) -> None:
        """Deletes a record, for ever."""
        self._add(partial(self._writer.delete, text_id(record_id)))

    def move(self, record_id: Id, /, *, into: Id) -> None:
        """Takes a record into another scope."""
        self._add(partial(self._writer.move, text_id(record_id), text_id(into)))

    def restore(self, record_id: Id, /, **fields: PythonValue) -> None:
        """Brings back what was deleted."""
        self._add(partial(self._writer.restore, text_id(record_id), fields))

    def call(self, command: str | Callable[..., None], /, *, scope: Id, **arguments: PythonValue) -> None:
        """Calls a command of the app in a scope."""
        self._add(partial(self._writer.call, command, text_id(scope), arguments))

    def invite(self, scope: Id, user: str, role: str | None = None) -> None:
        """Gives a user a role in a scope (None: editor, and viewer for `EVERYBODY`)."""
        self._add(partial(self._writer.invite, text_id(scope), user, role))

    def remove(self, scope: Id, user: str) -> None:
        """Takes a user out of a scope."""
        self._add(partial(self._writer.set_role, text_id(scope), user, None))

    def _add(self, write: Callable[[], object]) -> None:
        if not self._open:
            raise RuntimeError("This group is closed: open another with `async with phone.group() as group`.")
        self._writes.append(write)
