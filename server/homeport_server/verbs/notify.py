"""`homeport notify`: what has to do with notifications."""

from __future__ import annotations

import click

from homeport_server.verbs.emulate import emulate


@click.group()
def notify() -> None:
    """Tell people, and try out how they are told."""


notify.add_command(emulate)
