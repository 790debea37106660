"""The face of the client room: whatever an app is given, or may give, it can import from here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import homeport_client
import homeport_sync
from homeport_sync import rejections

SHOWN = {id(getattr(face, name)) for face in (homeport_client, homeport_sync) for name in face.__all__}
DOCS = Path(__file__).parents[3] / "docs"
OF_THE_WIRE = {"HttpTransport", "Transport", "Uplink"}  # whoever writes a transport speaks the wire's own messages


def speaking(shown: object) -> Iterator[Callable[..., object]]:
    """Itself, with its fields if it is a class, and what of it is public."""
    members = inspect.getmembers(shown) if inspect.isclass(shown) else []
    public = [member for name, member in members if not name.startswith("_")]
    for each in [shown, *(each.fget if isinstance(each, property) else each for each in public)]:
        if inspect.isclass(each) or inspect.isroutine(each):
            yield each


def types_in(hint: object) -> Iterator[type]:
    if inspect.isclass(hint):
        yield hint
    for each in hint if isinstance(hint, list) else get_args(hint):
        yield from types_in(each)


@pytest.mark.parametrize("name", [name for name in homeport_client.__all__ if name not in OF_THE_WIRE])
def test_what_the_signatures_of_the_face_name_is_shown_as_well(name: str) -> None:
    named = [each for one in speaking(getattr(homeport_client, name)) for each in get_type_hints(one).items()]
    hinted = {each for of, hint in named if not of.startswith("_") for each in types_in(hint)}
    ours = {each for each in hinted if each.__module__.startswith("homeport_")}
    assert {each.__name__ for each in ours if id(each) not in SHOWN} == set()


@pytest.mark.parametrize("page", ["device.md", "errors.md"])
def test_a_rejection_that_the_guide_names_is_shown(page: str) -> None:
    named = set(re.findall(r"`(\w+)`", (DOCS / page).read_text()))
    ours = {name for name, each in vars(rejections).items() if inspect.isclass(each)} & named
    assert ours
    assert {name for name in ours if name not in homeport_client.__all__} == set()
