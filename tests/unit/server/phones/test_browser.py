"""A page is opened for those who see it, and for nobody else."""

import pytest

from homeport_server.phones.browser import is_watched

DISPLAY = {"DISPLAY": ":0"}
SSH = {"SSH_CONNECTION": "192.0.2.7 5000 192.0.2.1 22"}


@pytest.mark.parametrize("environ", [DISPLAY, {"WAYLAND_DISPLAY": "wayland-0"}, {**SSH, **DISPLAY}])
def test_whoever_has_a_terminal_and_a_display_sees_it(environ: dict[str, str]) -> None:
    assert is_watched(environ, terminal=True, platform="linux")
    assert not is_watched(environ, terminal=False, platform="linux")


def test_without_a_display_nobody_does() -> None:
    assert not is_watched({}, terminal=True, platform="linux")


def test_a_build_has_nobody_before_it_whatever_it_runs_on() -> None:
    assert not is_watched({**DISPLAY, "CI": "true"}, terminal=True, platform="linux")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_there_always_is_a_display_only_those_who_are_far_away_do_not(platform: str) -> None:
    assert is_watched({}, terminal=True, platform=platform)
    assert not is_watched(SSH, terminal=True, platform=platform)
