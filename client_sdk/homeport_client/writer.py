"""What the app writes becomes changes, checked here first: what the server would refuse for sure is never written.

The checks are those that need no other device: the fields fit their kind, what is changed is there, the scope is there
and of the right kind. Whether the user may is the server's to say; a change it rejects is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from homeport_client.editing import Editing
from homeport_client.intents import Intent, Meant
from homeport_client.rejected import Rejected
from homeport_client.replica import Replica
from homeport_client.scribe import Scribe
from homeport_client.view import Standing
from homeport_sync.catalog import Kind, check_everybody, check_user
from homeport_sync.change import Edits, Fields, Op
from homeport_sync.rejections import RecordExists, RecordGone, RoleForbidden, ScopeGone, WrongId, WrongType
from homeport_sync.scope import EVERYBODY, MEMBER, READS, member_id
from homeport_sync.values import PythonValue

INVITED_AS: Final = "editor"


class Draft(NamedTuple):
    """What a change is about to write, and what shows of what it writes over."""

    op: Op
    fields: Edits
    base: Fields | None = None


class Writer:
    """Writes into a replica. Every method raises the `Rejection` that tells what does not fit."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._scribe = Scribe(replica)
        self._editing = Editing(replica.views, replica.random)
        self._catalog = replica.catalog

    def create(
        self, of: str | type, scope: str | None, values: Mapping[str, PythonValue], record_id: str | None = None
    ) -> str:
        """Makes a record; its id, a new one unless it is given."""
        kind = self._catalog.kind(kind_name(of))
        if kind.name == MEMBER:
            raise WrongId("A member record has the id of its user and scope: invite the user instead.")
        record_id = record_id or self._replica.new_id()
        if kind.is_root:
            if scope is not None:
                raise WrongId(f"A {kind.name} is its own scope: create it without one.")
            scope = record_id
        else:
            scope = self._scope_for(kind, scope)
        fields = kind.complete(kind.to_wire(self._editing.placed(kind, scope, values)))
        self._scribe.write("create", kind.name, record_id, scope, fields)
        return record_id

    def update(self, record_id: str, meant: Mapping[str, Meant]) -> None:
        """Writes some fields of a record; without any, nothing is written."""
        there = self._there(record_id)
        record = self._replica.views.record(record_id)
        fields = self._editing.edits(self._catalog.kind(there.kind), record, meant) if record else {}
        if fields and record:
            base = {name: record.fields.get(name) for name in fields}
            self._scribe.write("update", there.kind, record_id, there.scope, fields, base=base)

    def delete(self, record_id: str) -> None:
        """Deletes a record; a root with everything in its scope."""
        there = self._there(record_id)
        if there.kind == MEMBER:
            raise RoleForbidden("A member record is never deleted: remove the user instead.")
        record = self._replica.views.record(record_id)
        self._scribe.write("delete", there.kind, record_id, there.scope, {}, base=record.fields if record else None)

    def move(self, record_id: str, into: str) -> None:
        """Takes a record into another scope, with what hangs on it; into its own, nothing is written."""
        there = self._there(record_id)
        kind = self._catalog.kind(there.kind)
        if into == there.scope:
            return
        if not kind.is_root and kind.name != MEMBER:  # of which `write` says that they cannot
            self._scope_for(kind, into)
        self._scribe.write("move", kind.name, record_id, there.scope, {}, into=into)

    def restore(self, record_id: str, values: Mapping[str, PythonValue]) -> None:
        """Brings back a record that is deleted, as this device knew it when it deleted it, but for these values."""
        there = self._deleted(record_id)
        draft = self._restored(record_id, there, values)
        self._scribe.write("restore", there.kind, record_id, there.scope, draft.fields, base=draft.base)

    def call(
        self, of: str | Callable[..., None], scope: str, values: Mapping[str, PythonValue], *, replays: str = ""
    ) -> str:
        """Calls a command in a scope; the id of the call."""
        command = self._catalog.command(of if isinstance(of, str) else of.__name__)
        arguments = command.arguments.to_wire(values)
        command.check(arguments)
        root = self._replica.views.standing(scope)
        if root is None or root.deleted:
            raise ScopeGone(f"The scope {scope} is gone: nothing can be called in it any more.")
        if root.kind != command.scope:
            raise WrongId(f"{command.name} is called within a {command.scope}, and {scope} is a {root.kind}.")
        return self._scribe.call(command.name, scope, arguments, replays=replays).id

    def group(self) -> AbstractContextManager[None]:
        """What is written inside is one group. Raises `LimitExceeded` if it is more than one push can hold."""
        return self._scribe.group()

    def replay(self, was: Rejected, edited: Mapping[str, Meant], *, replays: str) -> str:
        """Makes a rejected change again, with these fields edited; what is there already is not written once more. The
        record's id, or that of the new call. `replays` is its name on the server.

        What this version of the app does not declare any more is left out.
        """
        declared = self._catalog.command(was.kind).arguments if was.op == "command" else self._catalog.kind(was.kind)
        meant = {**{name: value for name, value in was.fields.items() if name in declared.fields}, **edited}
        if was.fields and not meant:
            declared.field(next(iter(was.fields)))  # raises: nothing of it is left
        if was.op == "command":
            return self.call(was.kind, was.scope, _values(meant), replays=replays)
        draft = self._draft(declared, was, meant)
        if draft.op != "update" or draft.fields:
            there = self._replica.views.standing(was.id)
            scope = there.scope if there else was.scope  # it may have been moved
            self._scribe.write(
                draft.op, was.kind, was.id, scope, draft.fields, base=draft.base, into=was.into, replays=replays
            )
        return was.id

    def _draft(self, kind: Kind, was: Rejected, meant: Mapping[str, Meant]) -> Draft:
        if was.op == "create" and (kind.name != MEMBER or self._replica.views.standing(was.id) is None):
            return Draft("create", self._made_again(kind, was, meant))
        if was.op == "restore":
            return self._restored(was.id, self._deleted(was.id), _values(meant))
        self._there(was.id)
        if was.op == "move":
            self._scope_for(kind, was.into)
        record = self._replica.views.record(was.id)
        if was.op in ("delete", "move"):
            base = record.fields if record and was.op == "delete" else None
            return Draft(was.op, kind.to_wire(_values(meant)), base)  # fields neither may have, as `write` will say
        fields = self._editing.edits(kind, record, meant) if record else {}
        return Draft("update", fields, {name: record.fields.get(name) for name in fields} if record else None)

    def _restored(self, record_id: str, there: Standing, values: Mapping[str, PythonValue]) -> Draft:
        """All fields of a record that is deleted. Of what this device does not know nothing is made up: a default in
        the place of what somebody wrote would be a loss that nobody sees."""
        kind = self._catalog.kind(there.kind)
        if not kind.is_root:
            self._scope_for(kind, there.scope)
        deleted = self._replica.deleted(record_id)
        known = {name: value for name, value in (deleted or {}).items() if name in kind.fields}
        if deleted is None:
            values = self._editing.placed(kind, there.scope, values)
            if missing := [name for name in kind.fields if name not in values]:
                raise WrongType(
                    f"This device does not know what the {kind.name} {record_id} was: give {', '.join(missing)} as "
                    "well, or restore it on the device that deleted it.",
                    field=missing[0],
                )
        return Draft("restore", kind.complete({**known, **kind.to_wire(values)}), known)

    def _made_again(self, kind: Kind, was: Rejected, meant: Mapping[str, Meant]) -> Edits:
        if self._replica.views.standing(was.id) is not None:
            raise RecordExists(f"The record {was.id} was made meanwhile: update that, and dismiss this change.")
        if not kind.is_root:
            self._scope_for(kind, was.scope)
        return kind.complete(kind.to_wire(self._editing.placed(kind, was.scope, _values(meant))))

    def invite(self, scope: str, user: str, role: str | None) -> str:
        """Gives a user a role in a scope (None: the one that is meant where none is named); the id of the member
        record."""
        if role is None:
            role = READS if user == EVERYBODY else INVITED_AS
        return self.set_role(scope, user, role)

    def set_role(self, scope: str, user: str, role: str | None) -> str:
        """Gives a user a role in a scope, or takes it (None), which can be done in a deleted one, too; the id of the
        member record."""
        kind = self._catalog.kind(MEMBER)
        root = self._replica.views.standing(scope)
        if role is not None or root is None or not root.deleted:
            self._scope_for(kind, scope)
        fields = kind.to_wire({"user": user, "role": role})
        check_user(user, role)
        if user == EVERYBODY:
            check_everybody(role, self._catalog.kinds.get(root.kind) if root else None)
        record_id = member_id(scope, user)
        known = self._replica.views.record(record_id)
        base = known.fields if known else None
        self._scribe.write("update" if known else "create", MEMBER, record_id, scope, fields, base=base)
        return record_id

    def _deleted(self, record_id: str) -> Standing:
        there = self._replica.views.standing(record_id)
        if there is None:
            raise RecordGone(f"The record {record_id} is not on this device, so it cannot be restored here.")
        if not there.deleted:
            raise RecordExists(f"The record {record_id} is not deleted: there is nothing to restore.")
        return there

    def _there(self, record_id: str) -> Standing:
        there = self._replica.views.standing(record_id)
        if there is None or there.deleted:
            state = "deleted" if there else "not on this device"
            raise RecordGone(f"The record {record_id} is {state}: a change to it can not take effect.")
        root = self._replica.views.standing(there.scope)
        if root is None or root.deleted:
            raise ScopeGone(f"The scope {there.scope} of the record is gone: nothing can be written in it any more.")
        return there

    def _scope_for(self, kind: Kind, scope: str | None) -> str:
        within = "root kind" if kind.within == "*" else kind.within
        if scope is None:
            raise WrongId(f"A {kind.name} lives within a {within}: give its id as scope.")
        root = self._replica.views.standing(scope)
        if root is None or root.deleted:
            state = "deleted" if root else "not on this device"
            raise ScopeGone(f"The scope {scope} is {state}: nothing can be written in it.")
        if root.scope != scope or kind.within not in ("*", root.kind):
            raise WrongId(f"A {kind.name} lives within a {within}, and {scope} is a {root.kind}.")
        return scope


def kind_name(kind: str | type) -> str:
    """The name of a kind that is given as its class, or by name."""
    return kind if isinstance(kind, str) else kind.__name__


def _values(meant: Mapping[str, Meant]) -> dict[str, PythonValue]:
    """Raises `WrongType` for an intent: where nothing is there yet, there is nothing to do something to."""
    for name, each in meant.items():
        if isinstance(each, Intent):
            raise WrongType(f"{name} is given a {type(each).__name__.lower()}: write a value here.", field=name)
    return {name: each for name, each in meant.items() if not isinstance(each, Intent)}
