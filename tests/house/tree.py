"""The tree the house tests read: every file git would take, as text, below one root.

A rule is a function from a tree to complaints; each says where, what, and what to do next. The same rule
reads the real tree and a small bad one planted by its own test: a rule that cannot fail proves nothing.
"""

import ast
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SOURCE_ROOTS: Mapping[str, str] = {
    "homeport_sync": "sync",
    "homeport_notify": "notifications",
    "homeport_server": "server",
    "homeport_client": "client_sdk",
    "homeport_pytest": "client_sdk",
}


# What others wrote and we carry unchanged is not ours to judge.
VENDORED = "server/homeport_server/edge/ide/vendored/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Paths are relative to the root, with forward slashes, sorted."""

    root: Path
    paths: tuple[str, ...]

    @classmethod
    def tracked(cls, root: Path = ROOT) -> "Tree":
        """What git holds or would take; a deleted file that is not committed yet is left out."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is on PATH
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        paths = {path for path in listing.split("\0") if path and (root / path).is_file()}
        return cls(root=root, paths=tuple(sorted(paths)))

    @classmethod
    def planted(cls, root: Path, texts: Mapping[str, str]) -> "Tree":
        """A small tree written below ``root``, for the tests of the rules."""
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return cls(root=root, paths=tuple(sorted(texts)))

    def has(self, path: str) -> bool:
        return path in self.paths

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every file of ours that is text; pictures and databases are not."""
        for path in self.paths:
            if path.startswith(VENDORED):
                continue
            try:
                yield path, self.text(path)
            except UnicodeDecodeError:
                continue

    def python(self) -> Iterator[str]:
        return (path for path in self.paths if path.endswith(".py"))

    def parsed(self, path: str) -> ast.Module:
        return ast.parse(self.text(path), filename=path)

    def package(self, name: str) -> Mapping[str, str]:
        """Module to path for one package: ``homeport_sync.merge`` → ``sync/homeport_sync/merge.py``."""
        source_root = SOURCE_ROOTS[name] + "/"
        modules = {}
        for path in self.python():
            if path.startswith(f"{source_root}{name}/"):
                dotted = path.removeprefix(source_root).removesuffix(".py").replace("/", ".")
                modules[dotted.removesuffix(".__init__")] = path
        return modules

    def product(self) -> Iterator[str]:
        """The Python files people install."""
        for name in SOURCE_ROOTS:
            yield from self.package(name).values()


def report(complaints: list[str]) -> str:
    return "\n  " + "\n  ".join(complaints)
