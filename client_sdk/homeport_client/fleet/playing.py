"""Playing a kept story: what the test files that a fleet writes call."""

from __future__ import annotations

import runpy
from pathlib import Path

from homeport_client.fleet.errors import ScriptUnusable
from homeport_client.fleet.played import Played
from homeport_client.fleet.script import Script
from homeport_client.fleet.sim.fleet import Fleet
from homeport_client.fleet.story import Story
from homeport_sync import load_app

SCRIPT = "script"


def play_story(story: Story, *, app: str | Path, script: str | Path | None = None) -> Played:
    """The story, in a simulated world of the app that the file `app` declares, as the script of `script` sets it up."""
    return Fleet(load_app(Path(app)), story.seed, script=load_script(Path(script)) if script else Script()).replay(
        story
    )


def load_script(path: Path) -> Script:
    """The script that a Python file declares as `script`. Raises `ScriptUnusable`."""
    if not path.is_file():
        raise ScriptUnusable(f"There is no file {path}: give the path of a Python file that declares a script.")
    try:
        found = runpy.run_path(str(path)).get(SCRIPT)
    except Exception as error:
        raise ScriptUnusable(f"{path} cannot be run ({type(error).__name__}: {error}): mend it.") from error
    if not isinstance(found, Script):
        raise ScriptUnusable(
            f"{path} declares {'no' if found is None else 'something else as'} `{SCRIPT}`: write "
            f"`{SCRIPT} = Script(...)`, from homeport_client.fleet."
        )
    return found
