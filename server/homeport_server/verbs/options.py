"""What all verbs share: the option of a setting, and how a user is told what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from homeport_server.settings import LOG_LEVELS, ON_OR_OFF, TRACES, Settings, flag, says, variable

Verb = TypeVar("Verb", bound=Callable[..., object])


class Refused(click.ClickException):
    """An error of ours, as click shows it: one sentence, exit code 2."""

    exit_code = 2


def setting(name: str, *flags: str) -> Callable[[Verb], Verb]:
    """The option of a setting, with its variable, its default and its sentence."""
    default = getattr(Settings(), name)
    kind: Any = click.Path(path_type=Path) if isinstance(default, Path) else type(default)
    if name == "log_level":
        kind = click.Choice(LOG_LEVELS)
    elif name == "traces":
        kind = click.Choice(TRACES)
    elif name == "rxdb":
        kind = click.Choice(ON_OR_OFF)
    return click.option(
        *(flags or (flag(name),)),
        name,
        is_flag=kind is bool,
        type=kind,
        default=default,
        envvar=variable(name),
        show_default=True,
        show_envvar=True,
        help=says(name),
    )


def settings_named(*names: str) -> Callable[[Verb], Verb]:
    """The options of these settings, in this order."""

    def with_options(verb: Verb) -> Verb:
        for name in reversed(names):
            verb = setting(name)(verb)
        return verb

    return with_options


def every_setting(verb: Verb) -> Verb:
    """The options of all settings."""
    return settings_named(*(each.name for each in fields(Settings)))(verb)
