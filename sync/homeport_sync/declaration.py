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
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Never, TypeVar

from homeport_sync.afterwards import Afterwards
from homeport_sync.allow import Allow, Write
from homeport_sync.catalog import Catalog, Command, Kind, member_kind
from homeport_sync.errors import BadDeclaration
from homeport_sync.fields import fields_of
from homeport_sync.keying import why_no_target
from homeport_sync.role import BUILT_IN, Role
from homeport_sync.scope import MEMBER
from homeport_sync.signature import arguments_of, why_not_called
from homeport_sync.source import Source

Declared = TypeVar("Declared", bound=type)
Allows = TypeVar("Allows", bound=Callable[[Write], bool])
Calls = TypeVar("Calls", bound=Callable[..., None])
ROLE_LENGTH_MAX = 40


class _Unsaid:
    """The scope of a command that says none."""


class App(Afterwards):
    """What a developer declares: kinds and how their fields merge, roles, rules about writes, commands, and what is
    done after a write (`afterwards.py`).

    `version` is the app's own, a whole number that grows when the declaration changes.
    """

    def __init__(self, name: str, *, version: int = 1) -> None:
        super().__init__()
        if not _is_version(version):
            raise Source.of_caller().wrong(f"version={version!r}; it is a whole number, 1 or more")
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
        self,
        *bare: Never,
        root: bool = False,
        within: type | None = None,
        guarded: bool = False,
        public: bool = False,
        shown_as: str = "",
        plural: str = "",
    ) -> Callable[[Declared], Declared]:
        """Declares the class below as a kind: a `root`, or `within` a root kind.

        What is written to a record of a `guarded` kind that another has changed meanwhile is refused. What is under a
        `public` root can be shared with everybody, to read. The app's API calls it `shown_as`, if that is given, tells
        what its docstring does, and calls many of it by the regular English plural, or the `plural` that is given.
        Raises `BadDeclaration`, naming file, line and remedy.
        """
        if bare:
            raise _without_saying(bare, "@app.kind(root=True), or within=<a root kind>")

        def declare(cls: Declared) -> Declared:
            where = Source.of_class(cls)
            if cls.__name__ in self._kinds:
                builtin = " (it is built in)" if cls.__name__ == MEMBER else ""
                raise where.wrong(f"there is a kind {cls.__name__} already{builtin}: choose another name")
            if public and not root:
                raise where.wrong(f"{cls.__name__} is public, and only a root kind can be: say so where its root is")
            for option, name in (("shown_as", shown_as), ("plural", plural)):
                if name and not _is_api_name(name):
                    raise where.wrong(f"{option}={name!r}; a name in the API is of A-Z, a-z, 0-9 and _, a letter first")
            kind = Kind(
                name=cls.__name__,
                within=self._root_of(cls, root=root, within=within, where=where),
                fields=(fields := fields_of(cls, where)),
                rules={name: each.merges for name, each in fields.items() if each.merges is not None},
                guarded=guarded,
                unique=tuple(each for each in fields.values() if each.unique),
                refers=tuple(each for each in fields.values() if each.refers_to),
                public=public,
                says=inspect.cleandoc(vars(cls).get("__doc__") or ""),
                shown_as=shown_as,
                plural=plural,
            )
            self._check_keys(kind, where)
            self._kinds[kind.name] = kind
            for each in kind.binding:
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
        if writes is not None and not _is_list(writes):
            raise where.wrong(f"writes={_shown(writes)}; it is a list of kinds and commands, such as writes=[Task]")
        if name in self._roles:
            raise where.wrong(f"there is a role {name!r} already: choose another name")
        if not isinstance(name, str):
            raise where.wrong(f"a role's name is a text, not {name!r}")
        if not 1 <= len(name) <= ROLE_LENGTH_MAX:
            raise where.wrong(f"a role's name has 1 to {ROLE_LENGTH_MAX} characters, and {name!r} has {len(name)}")
        named = None if writes is None else frozenset(self._named(each, where) for each in writes)
        self._roles[name] = Role(name=name, writes=named, members=members)
        self._kinds[MEMBER] = replace(self._kinds[MEMBER], fields=member_kind(self._roles).fields)

    def allow(self, *kinds: type | str) -> Callable[[Allows], Allows]:
        """Declares the function below as a rule about every write to records of these kinds: it is given a `Write`, and
        returns whether it is allowed (`allow.py`). "Member" is a kind, too. Raises `BadDeclaration`.
        """
        for each in kinds:
            if not _names_a_kind(each):  # else a rule that is declared without saying kinds is never asked
                where = Source.of(each) if callable(each) else Source.of_caller()
                raise where.wrong(f"{_shown(each)} is no kind; say which kinds: @app.allow(Task)")

        def declare(function: Allows) -> Allows:
            where = Source.of_function(function)
            if not kinds:
                raise where.wrong("say which kinds the rule is about: @app.allow(Task)")
            if wrong := why_not_called(function, "write"):
                raise where.wrong(f"the rule {wrong}")
            says = (inspect.getdoc(function) or f"{function.__name__} does not allow it").partition("\n")[0]
            rule = Allow(name=function.__name__, says=says, function=function)
            for kind in [self._declared(each, where) for each in kinds]:
                self._kinds[kind.name] = replace(kind, allows=(*kind.allows, rule))
            return function

        return declare

    def command(
        self, *bare: Never, scope: type = _Unsaid, reads: Iterable[type] = (), predicted: bool = True
    ) -> Callable[[Calls], Calls]:
        """Declares the function below as a command, which runs within a `scope` of that root kind: it is given a `Call`
        (`call.py`) and its arguments, typed like fields. It finds the root, the records that its arguments of the type
        `UUID` name, and all of the kinds that it `reads`. A device that calls it runs it as well, to show at once what
        it will come to, unless it is not `predicted`. Raises `BadDeclaration`.
        """
        if bare:
            raise _without_saying(bare, "@app.command(scope=<a root kind>)")

        def declare(function: Calls) -> Calls:
            where, name = Source.of_function(function), function.__name__
            if name in self._commands or name in self._kinds:
                raise where.wrong(f"there is a kind or command {name} already: choose another name")
            if scope is _Unsaid:
                raise where.wrong(f"say where {name} runs: @app.command(scope=<a root kind>)")
            root = self._declared(scope, where)
            if not root.is_root:
                raise where.wrong(f"{name} runs within {root.name}, which is not a root kind of this app")
            self._commands[name] = Command(
                name=name,
                scope=root.name,
                arguments=arguments_of(function, where),
                reads=self._read_by(name, reads, root, where),
                function=function,
                predicted=predicted,
            )
            return function

        return declare

    def _check_keys(self, kind: Kind, where: Source) -> None:
        for each in (*kind.unique, *kind.refers):
            if wrong := why_no_target(each, kind, self._kinds):
                raise where.wrong(f"{kind.name}.{each.name} {wrong}", each.name)

    def _read_by(self, name: str, reads: Iterable[type], root: Kind, where: Source) -> tuple[str, ...]:
        """The kinds that a command `reads`, each of which can be within its scope."""
        if not _is_list(reads):
            raise where.wrong(f"reads={_shown(reads)}; it is a list of kinds, such as reads=[Task]")
        kinds = [self._declared(each, where) for each in reads]
        for kind in kinds:
            if kind.name != root.name and kind.within not in ("*", root.name):
                lives = f"lives within {kind.within}" if kind.within else "is a scope of its own"
                raise where.wrong(f"{name} runs within {root.name}, and {kind.name}, which it reads, {lives}")
        return tuple(kind.name for kind in kinds)

    def _named(self, each: type | Callable[..., None], where: Source) -> str:
        if not hasattr(each, "__name__"):
            raise where.wrong(f"writes names {each!r}: name the kind or the command itself, not its name")
        return each.__name__ if each.__name__ in self._commands else self._declared(each.__name__, where).name

    def _declared(self, kind: type | str, where: Source) -> Kind:
        name = kind if isinstance(kind, str) else _shown(kind)
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


def _without_saying(bare: Sequence[object], how: str) -> BadDeclaration:
    """The refusal of a declaration that is given what stands below it, where its words belong."""
    return Source.of(bare[0]).wrong(f"{_shown(bare[0])} is declared without parentheses: write {how}")


_is_api_name = re.compile("[A-Za-z][A-Za-z0-9_]*").fullmatch


def _is_version(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_list(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str)


def _names_a_kind(given: object) -> bool:
    return isinstance(given, type | str)


def _shown(each: object) -> str:
    return str(getattr(each, "__name__", None) or repr(each))
