"""Where in its file a declaration stands, so that a refusal can name the line."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Self

from homeport_sync.errors import BadDeclaration

_CALLERS = 2  # frames between the line that declares and this one


class Source:
    """File and first line of what is declared; `lines` are those of its parts, by name."""

    def __init__(self, file: str, line: int, lines: Mapping[str, int] | None = None) -> None:
        self._file = file
        self._line = line
        self._lines = lines or {}

    @classmethod
    def of_class(cls, declared: type) -> Self:
        """That of a class, and of its fields."""
        try:
            lines, start = inspect.getsourcelines(declared)
            file = inspect.getsourcefile(declared) or "?"
        except (OSError, TypeError):  # typed into an interpreter
            return cls(f"{declared.__module__}.{declared.__qualname__}", 0)
        found: dict[str, int] = {}
        for node in ast.walk(ast.parse(textwrap.dedent("".join(lines)))):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, start + node.lineno - 1)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found.setdefault(node.targets[0].id, start + node.lineno - 1)
        return cls(file, start, found)

    @classmethod
    def of_function(cls, function: Callable[..., object]) -> Self:
        """That of a function."""
        code = function.__code__ if inspect.isfunction(function) else None
        return cls(code.co_filename, code.co_firstlineno) if code else cls(repr(function), 0)

    @classmethod
    def of_caller(cls) -> Self:
        """That of the line which called the function that asks."""
        frame = inspect.stack(context=0)[_CALLERS]
        return cls(frame.filename, frame.lineno)

    @classmethod
    def of(cls, declared: object) -> Self:
        """That of a class or a function, whichever it is."""
        return cls.of_class(declared) if isinstance(declared, type) else cls.of_function(declared)  # type: ignore[arg-type]

    def wrong(self, what: str, name: str = "") -> BadDeclaration:
        """The refusal, with file and line of the part `name`, or of the whole."""
        line = self._lines.get(name, self._line)
        return BadDeclaration(f"{self._file}:{line}: {what}.", line=line)
