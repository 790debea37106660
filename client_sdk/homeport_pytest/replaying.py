"""How a test is replayed: its seed, the command, and the test file of its shortest story that still fails."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from inspect import getsourcefile, unwrap
from pathlib import Path

import pytest

from homeport_client.fleet.again import pytest_file
from homeport_client.fleet.failing import Shortest
from homeport_client.fleet.networks import NETWORKS, Network
from homeport_client.fleet.script import Invariant

FAILURES = "homeport_failures"
NAME_CHARS_MAX, PLACE_CHARS = 100, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaying:
    """One test. `replays` are the lines that its report gets if it fails."""

    item: pytest.Item
    seed: int
    replays: list[str]
    kept: list[Path] = field(default_factory=list)

    @classmethod
    def of(cls, item: pytest.Item, replays: list[str]) -> Replaying:
        """Of a test that is about to run."""
        return cls(item=item, seed=item.config.option.homeport_seed, replays=replays)

    def command(self, seed: int) -> str:
        """What to type for the same again. A seed of the test's own needs no flag."""
        config = self.item.config
        given = {
            "--homeport-seed": seed if seed == self.seed else None,
            "--homeport-devices": config.option.homeport_devices if _typed(config, "--homeport-devices") else None,
            "--homeport-app": config.option.homeport_app,
        }
        flags = [word for flag, value in given.items() if value is not None for word in (flag, str(value))]
        return shlex.join(["pytest", "::".join([self._shown(self.item.path), *self._words]), *flags])

    def played(self, seed: int) -> None:
        """A fleet of this seed is about to be played."""
        line = f"Seed {seed}. Replay it: {self.command(seed)}"
        if line not in self.replays:
            self.replays.append(line)

    def keep(self, shortest: Shortest, app: Path, invariants: Sequence[Invariant], own: Sequence[Network]) -> str:
        """Write the test file of a story that fails, and say where it is, and what it cannot ask."""
        root = self.item.config.rootpath
        file = root / FAILURES / f"{self._name(shortest.story.seed)}.py"
        asked, lost = _by_file(invariants, root)
        used = {handset.network for handset in shortest.story.handsets}
        text = pytest_file(
            shortest.story,
            app=_from(root, app),
            sentences=shortest.failure.sentences,
            invariants=asked,
            networks=[each for each in own if each.name in used and each != NETWORKS.get(each.name)],
            above=1,
        )
        try:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            return f"It could not be kept in {self._shown(file)} ({error.strerror})."
        self.kept.append(file)
        shown = self._shown(file)
        self.replays.append(f"Its shortest story: {shlex.join(['pytest', shown])}")
        unasked = f"; it cannot ask {', '.join(lost)}, which no module defines by that name" if lost else ""
        return f"It is kept in {shown}{unasked}."

    @property
    def _words(self) -> list[str]:
        """The test's own name, with those of the classes that it is in."""
        return str(self.item.nodeid).split("::")[1:]

    def _shown(self, path: Path) -> str:
        """The path as one would type it."""
        return os.path.relpath(path, self.item.config.invocation_params.dir)

    def _name(self, seed: int) -> str:
        """Of a file: it must differ from those of all other tests."""
        words = [self.item.path.stem, *self._words]
        plain = re.sub(r"[^a-z0-9]+", "_", " ".join(word.removeprefix("test_") for word in words).lower()).strip("_")
        number = f"_{len(self.kept) + 1}" if self.kept else ""
        place = sha256(str(self.item.nodeid).encode()).hexdigest()[:PLACE_CHARS]  # of two files with one name
        return f"test_{plain[:NAME_CHARS_MAX]}_{place}_seed_{seed}{number}"


def _typed(config: pytest.Config, flag: str) -> bool:
    return any(str(word).partition("=")[0] == flag for word in config.invocation_params.args)


def _by_file(invariants: Sequence[Invariant], root: Path) -> tuple[Mapping[str, Sequence[str]], list[str]]:
    """The names of the invariants by the files that define them, and of those that cannot be found by name."""
    asked: dict[str, list[str]] = {}
    lost: list[str] = []
    for each in invariants:
        function = unwrap(each)
        name, code = getattr(function, "__qualname__", repr(each)), getattr(function, "__code__", None)
        file = getsourcefile(function) if code else None
        if file is None or not name.isidentifier():
            lost.append(name)
        else:
            asked.setdefault(_from(root, Path(file)), []).append(name)
    return asked, lost


def _from(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
