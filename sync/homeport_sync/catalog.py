"""The catalog: what an app declares, read once at start and asked at every change. Pure values.

A catalog holds kinds, a kind holds fields. A **root** kind makes scopes: each of its records is a scope of its own,
shared with its members as a whole. Every other kind lives `within` a root kind. The kind `Member` is built in:
a member record says which user has which role in its scope (see `scope.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from homeport_sync.allow import Allow
from homeport_sync.change import EDITS, Change, Edits, Fields, Increment, Value, Written
from homeport_sync.edits import EXPECTED, fits_edit
from homeport_sync.rejections import (
    NotPublic,
    RoleForbidden,
    UnknownCommand,
    UnknownField,
    UnknownKind,
    WrongId,
    WrongType,
)
from homeport_sync.role import BUILT_IN, VIEWER, Role, role_of
from homeport_sync.rules import REGISTER, Rule
from homeport_sync.scope import MEMBER, is_name, member_id
from homeport_sync.values import PythonValue, ValueType, choice, optional, text

KEEP, CASCADE, RESTRICT = "keep", "cascade", "restrict"  # what a reference does when its target is deleted
_VERSION_AT = 14
_MEMBER_VERSION = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a kind. `default` is a wire value; `required` fields have none and must be given on create. `rule`
    names how it `merges` (None: as a register). Of the live records of a scope only one has the value of a `unique`
    field. The value of one that `refers_to` a kind is the id of a record of it in the same scope; `on_delete` says what
    becomes of both when that one is deleted. `says` is what the app's API tells of it, and `deprecated` why it should
    be used no more ("": it may be)."""

    name: str
    type: ValueType
    default: Value = None
    required: bool = False
    indexed: bool = False
    rule: str = REGISTER
    merges: Rule | None = None
    unique: bool = False
    refers_to: str = ""
    on_delete: str = KEEP
    says: str = ""
    deprecated: str = ""

    def check(self, kind: str, value: Written) -> None:
        """Raises `WrongType`, with what was expected and what came, for a value the field cannot hold."""
        if isinstance(value, EDITS) or not self.type.fits(value):
            raise self._wrong(kind, value, f"holds {self.type.expected}")

    def check_edit(self, kind: str, written: Written) -> None:
        """The same for what an update writes, which the field's rule has a say in."""
        if not fits_edit(self.rule, self.type, written):
            told = EXPECTED.get(self.rule, "holds {expected}")
            raise self._wrong(kind, written, told.format(expected=self.type.expected))

    def _wrong(self, kind: str, written: Written, expected: str) -> WrongType:
        wrong = repr(written.by if isinstance(written, Increment) else written)
        found = wrong if len(wrong) <= 80 else f"{wrong[:80]}…"
        return WrongType(f"{kind}.{self.name} {expected}, not {found}: write a value that fits.", field=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A declared type of record. `within` names the root kind it lives in; a root has none. `rules` are those of the
    fields that are no registers. What is written to a `guarded` record that has changed meanwhile is refused, and what
    one of `allows` does not allow. `unique` and `refers` are the fields that are, and that do; to a `referred` kind one
    refers that does not merely keep what it names. The scopes of a `public` root kind may be shared with everybody.
    `says` is what the app's API tells of it, where it is called `shown_as`, and many of it `plural` ("": as usual)."""

    name: str
    fields: Mapping[str, Field]
    within: str | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)
    guarded: bool = False
    public: bool = False
    allows: tuple[Allow, ...] = ()
    unique: tuple[Field, ...] = ()
    refers: tuple[Field, ...] = ()
    referred: bool = False
    says: str = ""
    shown_as: str = ""
    plural: str = ""

    @property
    def keyed(self) -> bool:
        """Whether a write to one of its records may be wrong, or mean another write, because of other records."""
        return bool(self.unique or self.refers or self.referred)

    @property
    def is_root(self) -> bool:
        """Whether each record of this kind is a scope."""
        return self.within is None

    @property
    def binding(self) -> Iterator[Field]:
        """The fields that refer to a record, and do more than keep its id."""
        return (field for field in self.refers if field.on_delete != KEEP)

    def check_within(self, root: str) -> None:
        """Raises `WrongId` unless its records may live in a scope whose root is of that kind."""
        if self.within not in (None, "*", root):
            raise WrongId(f"A {self.name} lives within a {self.within}, and this scope is a {root}.")

    def field(self, name: str) -> Field:
        """The field of that name. Raises `UnknownField`, naming those there are."""
        found = self.fields.get(name)
        if found is None:
            raise UnknownField(
                f"{self.name} declares no field {name!r}; it has {', '.join(self.fields)}: "
                "use one of these, or declare the new one in the app.",
                field=name,
            )
        return found

    def check(self, fields: Edits, *, new: bool) -> None:
        """Raises `UnknownField` or `WrongType` for the first field that does not fit a `new` record, or an update."""
        rules = self.rules
        for name, written in fields.items():
            known = self.fields.get(name) or self.field(name)
            if name in rules and not new:
                known.check_edit(self.name, written)
            elif isinstance(written, EDITS) or not known.type.fits(written):
                known.check(self.name, written)

    def to_wire(self, values: Mapping[str, PythonValue]) -> Fields:
        """Python values as wire values, checked. Raises `UnknownField` or `WrongType`."""
        fields = {name: self.field(name).type.to_wire(value) for name, value in values.items()}
        for name, value in fields.items():
            self.field(name).check(self.name, value)
        return fields

    def require(self, fields: Edits) -> None:
        """Raises `WrongType` for the first required field that a new record is not given."""
        for known in self.fields.values():
            if known.required and known.name not in fields:
                raise WrongType(
                    f"{self.name}.{known.name} has no default: give it {known.type.expected}.",
                    field=known.name,
                )

    def complete(self, fields: Fields) -> Fields:
        """The fields of a new record: those given, the defaults for the rest. Raises `WrongType` for one required."""
        self.require(fields)
        return {name: fields.get(name, known.default) for name, known in self.fields.items()}

    def from_wire(self, fields: Fields) -> dict[str, PythonValue]:
        """A record's fields as Python values; a field the record does not have yet shows its default."""
        return {name: known.type.from_wire(fields.get(name, known.default)) for name, known in self.fields.items()}


def check_everybody(role: object, root: Kind | None) -> None:
    """Raises the `Rejection` that tells why a scope with this root cannot be shared with everybody in this role. To end
    that (a role of None) is always right."""
    if role is None:
        return
    if root is None or not root.public:
        name = root.name if root else "root"
        raise NotPublic(f"A {name} cannot be shared with everybody: declare it with @app.kind(root=True, public=True).")
    if role != VIEWER.name:
        raise RoleForbidden(f"Everybody reads, and writes nothing: share it with the role viewer, not {role}.")


def check_user(user: object, role: object) -> None:
    """Raises `WrongType` for a role of somebody whom no token can stand for. To end that (None) is always right."""
    if role is not None and isinstance(user, str) and not is_name(user):
        raise WrongType(
            f"Nobody can be named {user!r}: name a user that is not blank, with no space around it.", field="user"
        )


def member_kind(roles: Iterable[str] = BUILT_IN) -> Kind:
    """The kind `Member`, where there are these roles."""
    return Kind(
        name=MEMBER,
        within="*",
        fields={
            "user": Field(name="user", type=text(200), required=True, indexed=True),
            "role": Field(name="role", type=optional(choice(tuple(roles))), required=True),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A named operation on the records of one scope, whose root is of the kind `scope`.

    Its `arguments` are described as the fields of a kind are. It `reads` all records of those kinds. `function` is
    given a `Call` and the arguments; with `predicted` a device runs it, too, to show at once what it will come to.
    """

    name: str
    scope: str
    arguments: Kind
    reads: tuple[str, ...] = ()
    function: Callable[..., None]
    predicted: bool = True

    def check(self, arguments: Edits) -> None:
        """Raises `UnknownField` or `WrongType` for the first argument that does not fit, or is missing."""
        self.arguments.check(arguments, new=True)
        self.arguments.require(arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All kinds of an app, by name, `Member` among them, its roles and its commands."""

    app: str
    version: int
    kinds: Mapping[str, Kind]
    roles: Mapping[str, Role] = field(default_factory=lambda: BUILT_IN)
    commands: Mapping[str, Command] = field(default_factory=dict)

    @property
    def keyed(self) -> Mapping[str, Kind]:
        """The kinds that are."""
        return {name: kind for name, kind in self.kinds.items() if kind.keyed}

    def command(self, name: str) -> Command:
        """The command of that name. Raises `UnknownCommand`, naming those there are."""
        found = self.commands.get(name)
        if found is None:
            raise UnknownCommand(
                f"The app declares no command {name!r}; it has {', '.join(self.commands) or 'none'}: "
                "call one of these, or declare the new one in the app.",
                command=name,
            )
        return found

    def role(self, name: str) -> Role:
        """The role of that name. One that is declared no more may write nothing."""
        return role_of(name, self.roles)

    def kind(self, name: str) -> Kind:
        """The kind of that name. Raises `UnknownKind`, naming those there are."""
        found = self.kinds.get(name)
        if found is None:
            raise UnknownKind(
                f"The app declares no kind {name!r}; it has {', '.join(self.kinds)}: "
                "use one of these, or declare the new one in the app.",
                kind=name,
            )
        return found

    def check(self, change: Change) -> Kind:
        """The kind of the change, once the change is valid against it (intake step 3).

        Raises the `Rejection` that tells what does not fit. Whether the record exists, and whether the caller may
        write it, is not asked here.
        """
        kind = self.kind(change.kind)
        whole = change.op in ("create", "restore")
        kind.check(change.fields, new=whole)
        if whole:
            kind.require(change.fields)
        elif change.op in ("delete", "move") and change.fields:
            raise UnknownField(f"A {change.op} writes no fields: send it without any.")
        if change.op == "move" or change.into:
            _check_move(change, kind)
        if kind.is_root and change.scope != change.id:
            raise WrongId(f"A {kind.name} is its own scope: send scope {change.id}, not {change.scope}.")
        if kind.name == MEMBER:
            _check_member(change)
        elif change.id[_VERSION_AT] == _MEMBER_VERSION:
            raise WrongId("Ids of version 5 are those of member records: make this record under a UUIDv7.")
        elif not kind.is_root and change.id == change.scope:
            raise WrongId(f"A {kind.name} lives within a {kind.within}: it cannot be its own scope.")
        return kind


def _check_move(change: Change, kind: Kind) -> None:
    if change.op != "move":
        raise WrongId(f"Only a move goes into another scope: send this {change.op} without `into`.")
    if kind.is_root or kind.name == MEMBER:
        raise WrongId(f"A {kind.name} belongs to its scope and cannot leave it: move what is within it.")
    if not change.into:
        raise WrongId("A move names the scope into which the record goes: send it as `into`.")


def _check_member(change: Change) -> None:
    if change.op in ("delete", "restore"):
        return  # refused by the role, see role.py
    user = change.fields.get("user")
    if user is None:
        raise WrongType("A change to a Member names its user, since its id follows from it: send user too.")
    check_user(user, change.fields.get("role"))
    if change.id != (expected := member_id(change.scope, str(user))):
        raise WrongId(f"The member record of this user in this scope has the id {expected}: send that.")
