"""What ``sync/PROTOCOL.md`` says enforces each promise, and which tests say so of themselves.

A promise is a heading that begins with its name, such as ``### I4 Positions follow commit order``. Its
paragraph that opens with ``**Enforced by**`` names code as ``path:symbol`` and tests as ``path::test_name``,
in backticks, with paths from the root. A test says it enforces a promise with ``@pytest.mark.promise("I4")``.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.house.tree import Tree

PROTOCOL = "sync/PROTOCOL.md"
HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
PROMISE = re.compile(r"\W*(I\d+)\b")
NAMED = re.compile(r"`([\w./-]+\.py)(::?)([\w.:]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforcement:
    """Both as they are written: ``path:symbol`` and ``path::test_name``."""

    code: frozenset[str]
    tests: frozenset[str]


def enforcements(protocol: str) -> Mapping[str, Enforcement | None]:
    """Promise to what enforces it; None where the promise has no such paragraph."""
    parts = HEADING.split(protocol)
    found: dict[str, Enforcement | None] = {}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        promise = PROMISE.match(heading)
        if promise:
            found[promise[1]] = _enforcement(body)
    return found


def _enforcement(body: str) -> Enforcement | None:
    paragraph = re.search(r"^\W*\*\*Enforced by\b.*?(?=\n[ \t]*\n|\Z)", body, re.MULTILINE | re.DOTALL)
    if paragraph is None:
        return None
    named = NAMED.findall(paragraph[0])
    return Enforcement(
        code=frozenset(f"{path}:{name}" for path, colons, name in named if colons == ":"),
        tests=frozenset(f"{path}::{name}" for path, colons, name in named if colons == "::"),
    )


def missing(tree: Tree, reference: str) -> str | None:
    """Why the named code or test is not there, or None when it is."""
    path, _, name = reference.partition(":")
    if not tree.has(path):
        return f"there is no {path}"
    if name.strip(":").replace("::", ".") not in symbols(tree.parsed(path)):
        return f"{path} defines no {name.strip(':')}"
    return None


def symbols(module: ast.Module | ast.ClassDef, prefix: str = "") -> frozenset[str]:
    """Top-level names and those inside classes, dotted: ``Device.update``."""
    names: set[str] = set()
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(prefix + name)
            case ast.ClassDef(name=name):
                names |= {prefix + name, *symbols(node, f"{prefix}{name}.")}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(prefix + name)
            case ast.Assign(targets=targets):
                names |= {prefix + target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


def marked_tests(tree: Tree) -> Mapping[str, frozenset[str]]:
    """Test to the promises its marker names; a marked class counts as one test."""
    marked = {}
    for path in tree.python():
        if path.startswith("tests/"):
            for name, promises in _marked(tree.parsed(path)):
                marked[f"{path}::{name}"] = promises
    return marked


def _marked(module: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            promises = {promise for decorator in node.decorator_list for promise in _named_by(decorator)}
            if promises:
                yield prefix + node.name, frozenset(promises)
        if isinstance(node, ast.ClassDef):
            yield from _marked(node, f"{prefix}{node.name}::")


def _named_by(decorator: ast.expr) -> list[str]:
    match decorator:
        case ast.Call(func=marker, args=names) if ast.unparse(marker) == "pytest.mark.promise":
            return [ast.literal_eval(name) for name in names]
    return []
