"""A pytest file that plays a story again: what a fleet leaves behind when it fails, to be kept and debugged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields

from homeport_client.fleet.networks import Network
from homeport_client.fleet.story import Handset, Step, Story

WIDTH = 116


def pytest_file(
    story: Story,
    *,
    app: str,
    script: str = "",
    sentences: Sequence[str] = (),
    invariants: Mapping[str, Sequence[str]] | None = None,
    networks: Sequence[Network] = (),
    above: int | None = None,
) -> str:
    """The file's text.

    `app` and `script` are paths, as they were given on the command line, or from the directory so many `above` the
    file. `invariants` are names of functions by the path of the file that defines them, `networks` those that no list
    has.
    """
    said = "\n".join(f"    # {line}" for sentence in sentences[:3] for line in _wrapped(sentence))
    luck = f"\n    luck={story.luck}," if story.luck else ""
    place = "Run it with pytest from the same place." if above is None else "Run it with pytest."
    return f'''"""A story that failed with seed {story.seed}, cut down. {place}

{_numbered(story.steps)}
"""

{_imports(invariants=bool(invariants), networks=networks, above=above)}
STORY = Story(
    seed={story.seed},{luck}
    until_ms={story.until_ms},
    handsets=(
{_lines(_handset(each) for each in story.handsets)}
    ),
    steps=(
{_lines(_step(each) for each in story.steps)}
    ),
)


def test_what_failed_with_seed_{story.seed}() -> None:
    played = play_story(
{_lines(_arguments(_place_of(above), app, script, invariants or {}, networks))}
    )
{said or "    # It failed."}
    assert played.kept, str(played.verdict)
'''


def _imports(*, invariants: bool, networks: Sequence[Network], above: int | None) -> str:
    kinds = ["Handset", "Step", "Story"]
    kinds += ["Network"] if networks else []
    kinds += ["Gaps"] if any(each.gaps for each in networks) else []
    names = ", ".join([*sorted(kinds), *(["load_invariants"] if invariants else []), "play_story"])
    imported = f"from homeport_client.fleet import {names}\n"
    if above is None:
        return imported
    return f"from pathlib import Path\n\n{imported}\nROOT = Path(__file__).parents[{above}]"


def _place_of(above: int | None) -> str:
    return "" if above is None else "ROOT / "


def _arguments(
    place: str, app: str, script: str, invariants: Mapping[str, Sequence[str]], networks: Sequence[Network]
) -> list[str]:
    asked = [
        f"*load_invariants({place}{json.dumps(path)}, {', '.join(map(json.dumps, names))})"
        for path, names in invariants.items()
    ]
    return [
        "STORY",
        f"app={place}{json.dumps(app)}",
        *([f"script={place}{json.dumps(script)}"] if script else []),
        *([f"invariants=[{', '.join(asked)}]"] if asked else []),
        *([f"networks=[{', '.join(map(_network, networks))}]"] if networks else []),
    ]


def _network(network: Network) -> str:
    """As it would be declared, without what is as it always is."""
    given = {
        each.name: getattr(network, each.name)
        for each in fields(network)
        if each.default is MISSING or getattr(network, each.name) != each.default
    }
    given["rates"] = dict(network.rates)
    return f"Network({', '.join(f'{name}={value!r}' for name, value in given.items() if value != {})})"


def _handset(handset: Handset) -> str:
    given = {
        name: getattr(handset, name)
        for name in handset.__struct_fields__
        if getattr(handset, name) not in ("", 0, False) and name != "lane"
    }
    return f"Handset({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _step(step: Step) -> str:
    what = f", what={dict(step.what)!r}" if step.what else ""
    us = f", us={step.us}" if step.us else ""
    parts = f", parts=({', '.join(map(_step, step.parts))},)" if step.parts else ""
    return f"Step(at_ms={step.at_ms}{us}, who={step.who!r}, do={step.do!r}{what}{parts})"


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(f"        {entry},{'  # noqa: E501' if len(entry) > WIDTH - 9 else ''}" for entry in entries)


def _numbered(steps: Iterable[Step]) -> str:
    return "\n".join(f"{number:4}. {_plain(str(step))}" for number, step in enumerate(steps, 1))


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', '\\"""')


def _wrapped(sentence: str) -> list[str]:
    sentence = " ".join(sentence.split())
    return [sentence[at : at + WIDTH - 6] for at in range(0, min(len(sentence), 4 * WIDTH), WIDTH - 6)]
