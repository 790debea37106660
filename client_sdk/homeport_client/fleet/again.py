"""A pytest file that plays a story again: what a fleet leaves behind when it fails, to be kept and debugged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from homeport_client.fleet.story import Handset, Step, Story

WIDTH = 116


def pytest_file(story: Story, *, app: str, script: str = "", sentences: Sequence[str] = ()) -> str:
    """The file's text. `app` and `script` are the paths as they were given on the command line."""
    said = "\n".join(f"    # {line}" for sentence in sentences[:3] for line in _wrapped(sentence))
    return f'''"""A story that failed with seed {story.seed}, cut down. Run it with pytest from the same place.

{_numbered(story.steps)}
"""

from homeport_client.fleet import Handset, Step, Story, play_story

STORY = Story(
    seed={story.seed},
    until_ms={story.until_ms},
    handsets=(
{_lines(_handset(each) for each in story.handsets)}
    ),
    steps=(
{_lines(_step(each) for each in story.steps)}
    ),
)


def test_what_failed_with_seed_{story.seed}() -> None:
    played = play_story({_arguments(app, script)})
{said or "    # It failed."}
    assert played.kept, str(played.verdict)
'''


def _arguments(app: str, script: str) -> str:
    return f"STORY, app={json.dumps(app)}" + (f", script={json.dumps(script)}" if script else "")


def _handset(handset: Handset) -> str:
    given = {
        name: getattr(handset, name)
        for name in handset.__struct_fields__
        if getattr(handset, name) not in ("", 0, False) and name not in ("lane", "watched")
    }
    return f"Handset({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _step(step: Step) -> str:
    what = f", what={dict(step.what)!r}" if step.what else ""
    return f"Step(at_ms={step.at_ms}, who={step.who!r}, do={step.do!r}{what})"


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(f"        {entry},{'  # noqa: E501' if len(entry) > WIDTH - 9 else ''}" for entry in entries)


def _numbered(steps: Iterable[Step]) -> str:
    return "\n".join(f"{number:4}. {_plain(str(step))}" for number, step in enumerate(steps, 1))


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"""')


def _wrapped(sentence: str) -> list[str]:
    return [sentence[at : at + WIDTH - 6] for at in range(0, min(len(sentence), 4 * WIDTH), WIDTH - 6)]
