"""Playing a kept story: what the test files that a fleet writes call."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeport_client.fleet.errors import ScriptUnusable
from homeport_client.fleet.networks import Network
from homeport_client.fleet.played import Played
from homeport_client.fleet.script import Invariant, Script
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.sim.world import Setup
from homeport_client.fleet.story import Story
from homeport_sync import load_app

SCRIPT = "script"


def play_story(
    story: Story,
    *,
    app: str | Path,
    script: str | Path | None = None,
    invariants: Sequence[Invariant] = (),
    networks: Sequence[Network] = (),
) -> Played:
    """The story, in a simulated world of the app that the file `app` declares, as the script of `script` sets it up.
    `invariants` are asked besides those of the script, `networks` are known besides its own."""
    given = load_script(Path(script)) if script else Script()
    asking = replace(given, invariants=(*given.invariants, *invariants))
    setup = Setup(networks={each.name: each for each in networks})
    return Fleet(load_app(Path(app)), story.seed, script=asking, setup=setup).replay(story)


def load_invariants(path: str | Path, *names: str) -> tuple[Invariant, ...]:
    """The functions of these names that a Python file defines, such as a test module. Raises `ScriptUnusable`."""
    found = _run(Path(path), f"defines {', '.join(names)}")
    for name in names:
        if not callable(found.get(name)):
            raise ScriptUnusable(f"{path} defines no function {name}: take it out here, or define it there.")
    return tuple(found[name] for name in names)


def load_script(path: Path) -> Script:
    """The script that a Python file declares as `script`. Raises `ScriptUnusable`."""
    found = _run(path, "declares a script").get(SCRIPT)
    if not isinstance(found, Script):
        raise ScriptUnusable(
            f"{path} declares {'no' if found is None else 'something else as'} `{SCRIPT}`: write "
            f"`{SCRIPT} = Script(...)`, from homeport_client.fleet."
        )
    return found


def _run(path: Path, what: str) -> dict[str, Any]:
    """All that a Python file defines. It may import what lies beside it. Raises `ScriptUnusable`."""
    if not path.is_file():
        raise ScriptUnusable(f"There is no file {path}: give the path of a Python file that {what}.")
    try:
        with _beside(path):
            return runpy.run_path(str(path))
    except Exception as error:
        raise ScriptUnusable(
            f"{path} cannot be run ({type(error).__name__}: {error}{_where(error, path)}): mend it."
        ) from error


def _where(error: Exception, path: Path) -> str:
    """The line of it, or of what lies beside it, from which the error came; a syntax error says so itself."""
    folder = path.resolve().parent
    frames = (frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<"))
    own = [frame for frame in frames if Path(frame.filename).resolve().parent == folder]
    return f", in line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """What lies beside the file can be imported, and the packages that it is in."""
    folder = path.resolve().parent
    top = next(each for each in (folder, *folder.parents) if not (each / "__init__.py").exists())
    added = [str(each) for each in dict.fromkeys((folder, top))]
    before = sys.path[:]
    sys.path[:0] = added
    try:
        yield
    finally:
        sys.path[:] = before
