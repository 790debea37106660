"""Declaring an app: one Python module that reads like dataclasses.

    app = App("tasks")

    @app.kind(root=True)
    class TaskList:
        title: str = field(max_length=200)

    @app.kind(within=TaskList)
    class Task:
        title: str = field(max_length=200)
        done: bool = False
        due: datetime | None = field(default=None, indexed=True)

A class attribute with an annotation is a field; its value is the default; a field without one must be given on
create. What cannot work is refused here, at start, with the file and the line to change.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from homeport_sync import values
from homeport_sync.afterwards import Afterwards
from homeport_sync.allow import Allow, Write
from homeport_sync.catalog import KEEP, Catalog, Command, Field, Kind, member_kind
from homeport_sync.keying import name_of, why_no_key, why_no_target
from homeport_sync.rank import FIRST_RANK, Rank
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.rules import RANK, REGISTER, SET
from homeport_sync.ruling import Resolver, rule_of
from homeport_sync.scope import MEMBER
from homeport_sync.signature import arguments_of
from homeport_sync.source import Source
from homeport_sync.values import TEXT_LENGTH_MAX, PythonValue, is_set, value_type

Declared = TypeVar("Declared", bound=type)
Allows = TypeVar("Allows", bound=Callable[[Write], bool])
Calls = TypeVar("Calls", bound=Callable[..., None])
FIELDS_MAX = 100
ROLE_LENGTH_MAX = 40
IMPLIED: Mapping[str, PythonValue] = {SET: frozenset[str](), RANK: FIRST_RANK}  # defaults that need not be said


class _Missing:
    """The default of a field that has none."""


_MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOptions:
    """What `field(...)` said; `App.kind` turns it into a `Field`."""

    default: PythonValue | _Missing
    indexed: bool
    merge: str | Resolver
    max_length: int
    unique: bool
    refers_to: type | str | None
    on_delete: str | None


def field(
    *,
    default: PythonValue | _Missing = _MISSING,
    indexed: bool = False,
    merge: str | Resolver = REGISTER,
    max_length: int = TEXT_LENGTH_MAX,
    unique: bool = False,
    refers_to: type | str | None = None,
    on_delete: str | None = None,
) -> Any:  # noqa: ANN401  # stands where the class declares a value of the field's own type
    """More about a field than its type and default.

    Without `default` the field must be given on create. Only an `indexed` field can be filtered and ordered by.
    `merge` is the rule for concurrent writes: `register` (the later stamp wins), `counter` (an int that adds up),
    `guarded` (what was written for another value than is there is refused), `first` (the first that arrives stays), or
    a function of base, mine and theirs that returns the value, the same for the same wherever it runs. `max_length`
    bounds text, in characters. Of the live records of a scope only one has the value of a `unique` field; None is no
    value. A UUID that `refers_to` a kind (the class; the name of the one being declared) is the id of a record of it,
    which must be there; `on_delete` says what becomes of that when it is deleted: `keep` (nothing), `cascade` (what
    refers to it is deleted with it) or `restrict` (it cannot be deleted).
    """
    return FieldOptions(
        default=default,
        indexed=indexed,
        merge=merge,
        max_length=max_length,
        unique=unique,
        refers_to=refers_to,
        on_delete=on_delete,
    )


class App(Afterwards):
    """What a developer declares: kinds and how their fields merge, roles, rules about writes, commands, and what is
    done after a write (`afterwards.py`).

    `version` is the app's own, a whole number that grows when the declaration changes.
    """

    def __init__(self, name: str, *, version: int = 1) -> None:
        super().__init__()
        self.name = name
        self.version = version
        self._kinds: dict[str, Kind] = {MEMBER: member_kind()}
        self._roles: dict[str, Role] = dict(BUILT_IN)
        self._commands: dict[str, Command] = {}

    @property
    def catalog(self) -> Catalog:
        """What was declared so far, as values."""
        return Catalog(
            app=self.name,
            version=self.version,
            kinds=dict(self._kinds),
            roles=dict(self._roles),
            commands=dict(self._commands),
        )

    def kind(
        self, *, root: bool = False, within: type | None = None, guarded: bool = False, public: bool = False
    ) -> Callable[[Declared], Declared]:
        """Declares the class below as a kind: a `root`, or `within` a root kind.

        What is written to a record of a `guarded` kind that another has changed meanwhile is refused. What is under a
        `public` root can be shared with everybody, to read. Raises `BadDeclaration`, naming file, line and remedy.
        """

        def declare(cls: Declared) -> Declared:
            where = Source.of_class(cls)
            if cls.__name__ in self._kinds:
                builtin = " (it is built in)" if cls.__name__ == MEMBER else ""
                raise where.wrong(f"there is a kind {cls.__name__} already{builtin}: choose another name")
            if public and not root:
                raise where.wrong(f"{cls.__name__} is public, and only a root kind can be: say so where its root is")
            kind = Kind(
                name=cls.__name__,
                within=self._root_of(cls, root=root, within=within, where=where),
                fields=(fields := _fields_of(cls, where)),
                rules={name: each.merges for name, each in fields.items() if each.merges is not None},
                guarded=guarded,
                unique=tuple(each for each in fields.values() if each.unique),
                refers=tuple(each for each in fields.values() if each.refers_to),
                public=public,
            )
            self._check_keys(kind, where)
            self._kinds[kind.name] = kind
            for each in kind.refers:
                if each.on_delete != KEEP:
                    self._kinds[each.refers_to] = replace(self._kinds[each.refers_to], referred=True)
            return cls

        return declare

    def role(
        self, name: str, *, writes: Iterable[type | Callable[..., None]] | None = None, members: bool = False
    ) -> None:
        """Declares a role beside viewer, editor and owner. Who has it may write records of the kinds, and call the
        commands, that `writes` names (None: all of them), and with `members` invite, change and remove members that are
        no owners.

        Raises `BadDeclaration`.
        """
        where = Source.of_caller()
        if name in self._roles:
            raise where.wrong(f"there is a role {name!r} already: choose another name")
        if not 1 <= len(name) <= ROLE_LENGTH_MAX:
            raise where.wrong(f"a role's name has 1 to {ROLE_LENGTH_MAX} characters, and {name!r} has {len(name)}")
        named = None if writes is None else frozenset(self._named(each, where) for each in writes)
        self._roles[name] = Role(name=name, writes=named, members=members)
        self._kinds[MEMBER] = replace(self._kinds[MEMBER], fields=member_kind(self._roles).fields)

    def allow(self, *kinds: type | str) -> Callable[[Allows], Allows]:
        """Declares the function below as a rule about every write to records of these kinds: it is given a `Write`, and
        returns whether it is allowed (`allow.py`). "Member" is a kind, too. Raises `BadDeclaration`.
        """

        def declare(function: Allows) -> Allows:
            where = Source.of_function(function)
            if not kinds:
                raise where.wrong("say which kinds the rule is about: @app.allow(Task)")
            if inspect.iscoroutinefunction(function):
                raise where.wrong(f"{function.__name__} is async; a rule is asked in the middle of a commit: use def")
            says = (inspect.getdoc(function) or f"{function.__name__} does not allow it").partition("\n")[0]
            rule = Allow(name=function.__name__, says=says, function=function)
            for kind in [self._declared(each, where) for each in kinds]:
                self._kinds[kind.name] = replace(kind, allows=(*kind.allows, rule))
            return function

        return declare

    def command(self, *, scope: type, reads: Iterable[type] = (), predicted: bool = True) -> Callable[[Calls], Calls]:
        """Declares the function below as a command, which runs within a `scope` of that root kind: it is given a `Call`
        (`call.py`) and its arguments, typed like fields. It finds the root, the records that its arguments of the type
        `UUID` name, and all of the kinds that it `reads`. A device that calls it runs it as well, to show at once what
        it will come to, unless it is not `predicted`. Raises `BadDeclaration`.
        """

        def declare(function: Calls) -> Calls:
            where, name = Source.of_function(function), function.__name__
            if name in self._commands or name in self._kinds:
                raise where.wrong(f"there is a kind or command {name} already: choose another name")
            root = self._declared(scope, where)
            if not root.is_root:
                raise where.wrong(f"{name} runs within {root.name}, which is not a root kind of this app")
            self._commands[name] = Command(
                name=name,
                scope=root.name,
                arguments=arguments_of(function, where),
                reads=tuple(self._declared(kind, where).name for kind in reads),
                function=function,
                predicted=predicted,
            )
            return function

        return declare

    def _check_keys(self, kind: Kind, where: Source) -> None:
        for each in (*kind.unique, *kind.refers):
            if wrong := why_no_target(each, kind, self._kinds):
                raise where.wrong(f"{kind.name}.{each.name} {wrong}", each.name)

    def _named(self, each: type | Callable[..., None], where: Source) -> str:
        return each.__name__ if each.__name__ in self._commands else self._declared(each.__name__, where).name

    def _declared(self, kind: type | str, where: Source) -> Kind:
        name = kind if isinstance(kind, str) else kind.__name__
        if name not in self._kinds:
            raise where.wrong(f"{name} is no kind of this app: declare it before it is named here")
        return self._kinds[name]

    def _root_of(self, cls: type, *, root: bool, within: type | None, where: Source) -> str | None:
        if root == (within is not None):
            raise where.wrong(f"say either root=True or within=<a root kind> for {cls.__name__}")
        if within is None:
            return None
        if not isinstance(within, type):
            raise where.wrong(f"{cls.__name__} is within {within!r}; name the class itself, not its name")
        parent = self._kinds.get(within.__name__)
        if parent is None or not parent.is_root:
            raise where.wrong(f"{cls.__name__} is within {within.__name__}, which is not a root kind of this app")
        return parent.name


def _fields_of(cls: type, where: Source) -> Mapping[str, Field]:
    try:
        annotations = typing.get_type_hints(cls)
    except Exception as error:
        raise where.wrong(f"an annotation of {cls.__name__} cannot be read: {error}") from error
    own = {name: annotations[name] for name in inspect.get_annotations(cls)}
    for name, value in vars(cls).items():
        if isinstance(value, FieldOptions) and name not in own:
            raise where.wrong(
                f"{cls.__name__}.{name} is a field without a type: write {name}: <type> = field(...)", name
            )
    if not 1 <= len(own) <= FIELDS_MAX:
        raise where.wrong(f"{cls.__name__} has {len(own)} fields; a kind has 1 to {FIELDS_MAX}")
    return {name: _field_of(cls, name, annotation, where) for name, annotation in own.items()}


def _field_of(cls: type, name: str, annotation: object, where: Source) -> Field:
    given = cls.__dict__.get(name, _MISSING)
    options = given if isinstance(given, FieldOptions) else field(default=given)
    full = f"{cls.__name__}.{name}"
    if name.startswith("_") or name in {"id", "kind", "scope"}:
        raise where.wrong(f"{full} cannot be a field's name: it must not be id, kind or scope or begin with _", name)
    if not isinstance(options.max_length, int) or options.max_length < 1:
        raise where.wrong(
            f"{full} has max_length={options.max_length!r}; it is a number of characters, 1 or more", name
        )
    kind_of_value = value_type(annotation, options.max_length)
    if kind_of_value is None:
        shown = cls.__annotations__[name]
        raise where.wrong(f"{full} is declared {shown}; a field is one of {values.NAMES}", name)
    implied = IMPLIED.get(SET if is_set(annotation) else RANK if annotation is Rank else "", _MISSING)
    chosen = implied if isinstance(options.default, _Missing) else options.default
    required = isinstance(chosen, _Missing)
    default = None if isinstance(chosen, _Missing) else kind_of_value.to_wire(chosen)
    if not required and not kind_of_value.fits(default):
        raise where.wrong(f"{full} has the default {options.default!r}; it holds {kind_of_value.expected}", name)
    try:
        rule, merges = rule_of(options.merge, annotation, kind_of_value, default)
    except ValueError as wrong:
        raise where.wrong(f"{full} {wrong}", name) from wrong
    if is_set(annotation) and options.indexed:
        raise where.wrong(f"{full} is a set and cannot be indexed", name)
    refers_to, on_delete = name_of(options.refers_to), options.on_delete or KEEP
    wrong_key = why_no_key(
        annotation, rule, default, unique=options.unique, refers_to=refers_to, on_delete=options.on_delete
    )
    if wrong_key:
        raise where.wrong(f"{full} {wrong_key}", name)
    return Field(
        name=name,
        type=kind_of_value,
        default=default,
        required=required,
        indexed=options.indexed or rule == RANK,
        rule=rule,
        merges=merges,
        unique=options.unique,
        refers_to=refers_to,
        on_delete=on_delete,
    )
