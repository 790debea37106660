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

import ast
import importlib.util
import inspect
import sys
import textwrap
import traceback
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from homeport_sync import values
from homeport_sync.catalog import MEMBER_KIND, Catalog, Field, Kind
from homeport_sync.errors import BadDeclaration
from homeport_sync.rank import FIRST_RANK, Rank
from homeport_sync.rules import RANK, REGISTER, SET
from homeport_sync.ruling import Resolver, rule_of
from homeport_sync.scope import MEMBER
from homeport_sync.values import TEXT_LENGTH_MAX, PythonValue, is_set, value_type

Declared = TypeVar("Declared", bound=type)
FIELDS_MAX = 100
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


def field(
    *,
    default: PythonValue | _Missing = _MISSING,
    indexed: bool = False,
    merge: str | Resolver = REGISTER,
    max_length: int = TEXT_LENGTH_MAX,
) -> Any:  # noqa: ANN401  # stands where the class declares a value of the field's own type
    """More about a field than its type and default.

    Without `default` the field must be given on create. Only an `indexed` field can be filtered and ordered by.
    `merge` is the rule for concurrent writes: `register` (the later stamp wins), `counter` (an int that adds up),
    `guarded` (what was written for another value than is there is refused), `first` (the first that arrives stays), or
    a function of base, mine and theirs that returns the value, the same for the same wherever it runs. `max_length`
    bounds text, in characters.
    """
    return FieldOptions(default=default, indexed=indexed, merge=merge, max_length=max_length)


class App:
    """What a developer declares: kinds, and how their fields merge.

    `version` is the app's own, a whole number that grows when the declaration changes.
    """

    def __init__(self, name: str, *, version: int = 1) -> None:
        self.name = name
        self.version = version
        self._kinds: dict[str, Kind] = {MEMBER: MEMBER_KIND}

    @property
    def catalog(self) -> Catalog:
        """What was declared so far, as values."""
        return Catalog(app=self.name, version=self.version, kinds=dict(self._kinds))

    def kind(
        self, *, root: bool = False, within: type | None = None, guarded: bool = False
    ) -> Callable[[Declared], Declared]:
        """Declares the class below as a kind: a `root`, or `within` a root kind.

        What is written to a record of a `guarded` kind that another has changed meanwhile is refused. Raises
        `BadDeclaration`, naming file, line and remedy.
        """

        def declare(cls: Declared) -> Declared:
            where = _Source(cls)
            if cls.__name__ in self._kinds:
                builtin = " (it is built in)" if cls.__name__ == MEMBER else ""
                raise where.wrong(f"there is a kind {cls.__name__} already{builtin}: choose another name")
            self._kinds[cls.__name__] = Kind(
                name=cls.__name__,
                within=self._root_of(cls, root=root, within=within, where=where),
                fields=(fields := _fields_of(cls, where)),
                rules={name: each.merges for name, each in fields.items() if each.merges is not None},
                guarded=guarded,
            )
            return cls

        return declare

    def _root_of(self, cls: type, *, root: bool, within: type | None, where: _Source) -> str | None:
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


def _fields_of(cls: type, where: _Source) -> Mapping[str, Field]:
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


def _field_of(cls: type, name: str, annotation: object, where: _Source) -> Field:
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
    return Field(
        name=name,
        type=kind_of_value,
        default=default,
        required=required,
        indexed=options.indexed or rule == RANK,
        rule=rule,
        merges=merges,
    )


class _Source:
    """Where a class stands in its file, so that a refusal can name the line."""

    def __init__(self, cls: type) -> None:
        try:
            lines, start = inspect.getsourcelines(cls)
            self._file = inspect.getsourcefile(cls) or "?"
        except (OSError, TypeError):  # typed into an interpreter
            lines, start, self._file = [], 0, f"{cls.__module__}.{cls.__qualname__}"
        self._lines = {"": start}
        for node in ast.walk(ast.parse(textwrap.dedent("".join(lines)))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self._lines.setdefault(node.target.id, start + node.lineno - 1)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._lines.setdefault(node.targets[0].id, start + node.lineno - 1)

    def wrong(self, what: str, name: str = "") -> BadDeclaration:
        """The refusal, with file and line of the field `name`, or of the class."""
        line = self._lines.get(name, self._lines[""])
        return BadDeclaration(f"{self._file}:{line}: {what}.", line=line)


def load_app(path: str | Path) -> App:
    """The one `App` of the module at `path`. Raises `BadDeclaration` if there is none, or more than one."""
    file = Path(path).resolve()
    if not file.is_file():
        raise BadDeclaration(f"{path}: there is no such file; expected a Python module that declares an App.")
    spec = importlib.util.spec_from_file_location(f"homeport_app_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadDeclaration(f"{path}: not a Python module; expected a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    # inspect finds a class's source by its module's name, so the module must be known while it runs.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BadDeclaration:
        raise
    except (Exception, SystemExit) as error:
        raise BadDeclaration(f"{_place(error, file)}: {type(error).__name__}: {error}") from error
    apps = [value for value in vars(module).values() if isinstance(value, App)]
    if len(apps) == 1 and len(apps[0].catalog.kinds) == 1:
        raise BadDeclaration(
            f"{path}: the app {apps[0].name!r} declares no kind; declare one with @app.kind(root=True)."
        )
    if len(apps) != 1:
        raise BadDeclaration(f'{path}: found {len(apps)} apps; a module declares one: app = App("name").')
    return apps[0]


def _place(error: BaseException, file: Path) -> str:
    """The file, and the line of it at which the module failed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
    return f"{file}:{line}" if line else str(file)
