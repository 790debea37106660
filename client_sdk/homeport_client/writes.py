"""The writes of a device: each durable when the call returns, whether there is a server or not (I1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from homeport_client.group import Group
from homeport_client.ids import Id, text_id
from homeport_client.intents import Meant
from homeport_client.replica import Replica
from homeport_client.writer import Writer
from homeport_sync.values import PythonValue


class Writes(ABC):
    """What of a `Device` writes. Every method raises the `Rejection` of what does not fit, and writes nothing then. An
    id may be given as text or as a `UUID`."""

    _writer: Writer

    @abstractmethod
    def _open_replica(self) -> Replica:
        """The replica. Raises `DeviceClosed`."""

    @abstractmethod
    def _wrote(self) -> None:
        """Something was written, and can be pushed."""

    async def create(self, kind: str | type, /, *, scope: Id | None = None, **fields: PythonValue) -> str:
        """Makes a record and returns its id. A root needs no scope; any other kind is given its root's id.

        Raises the `Rejection` for what does not fit, and writes nothing then; so do `update` and `delete`.
        """
        self._open_replica()
        record_id = self._writer.create(kind, None if scope is None else text_id(scope), fields)
        self._wrote()
        return record_id

    async def update(self, record_id: Id, /, **fields: Meant) -> None:
        """Writes these fields of a record, or does to them what an intent says (`intents.py`).

        Raises `RecordGone` if there is none on this device.
        """
        self._open_replica()
        self._writer.update(text_id(record_id), fields)
        self._wrote()

    async def delete(self, record_id: Id, /) -> None:
        """Deletes a record, for ever; a root with all that is in it. Raises `RecordGone` if there is none."""
        self._open_replica()
        self._writer.delete(text_id(record_id))
        self._wrote()

    async def move(self, record_id: Id, /, *, into: Id) -> None:
        """Takes a record into another scope, and with it what would be deleted with it. Whoever shares only the one
        where it was does not see it any more.

        Raises `RecordGone` or `ScopeGone` if one of both is not on this device, `NotUnique`, `ReferenceGone` or
        `StillReferenced` if it does not fit there, or cannot go from here.
        """
        self._open_replica()
        self._writer.move(text_id(record_id), text_id(into))
        self._wrote()

    async def restore(self, record_id: Id, /, **fields: PythonValue) -> None:
        """Brings back a record that was deleted: as this device knew it when it deleted it, but for these fields.

        Raises `RecordExists` if it is not deleted, `WrongType` if this device does not know what it was (another one
        deleted it, or it went with another record, or that is forgotten) and not every field is given.
        """
        self._open_replica()
        self._writer.restore(text_id(record_id), fields)
        self._wrote()

    async def call(self, command: str | Callable[..., None], /, *, scope: Id, **arguments: PythonValue) -> None:
        """Calls a command of the app in a scope: at once as far as this device can tell, for good on the server.

        Raises the `Rejection` with which it refuses here already, and is not called then.
        """
        self._open_replica()
        self._writer.call(command, text_id(scope), arguments)
        self._wrote()

    async def invite(self, scope: Id, user: str, role: str | None = None) -> str:
        """Gives a user a role in a scope (None: editor, and viewer for `EVERYBODY`); the id of the member record.

        Raises `ScopeGone` or `WrongId` for what is no scope here, `WrongType` for a role that the app does not declare
        or a user whom no token can stand for (blank, or with space around the name), `NotPublic` or
        `RoleForbidden` for what cannot be shared with `EVERYBODY`. Whether one may, the server says.
        """
        self._open_replica()
        record_id = self._writer.invite(text_id(scope), user, role)
        self._wrote()
        return record_id

    async def remove(self, scope: Id, user: str) -> None:
        """Takes a user out of a scope; what they have of it disappears from their devices.

        Raises `ScopeGone` or `WrongId` for what is no scope here. Whether one may, the server says.
        """
        self._open_replica()
        self._writer.set_role(text_id(scope), user, None)
        self._wrote()

    def group(self) -> Group:
        """Writes that are accepted or rejected as one: `async with phone.group() as group: …` (`group.py`)."""
        self._open_replica()
        return Group(self._open_replica, self._writer, self._wrote)
