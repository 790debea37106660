"""`homeport fleet`: a fleet of phones on an app, from a terminal or from CI. `homeport fleet APP` plays one."""

from __future__ import annotations

import click

from homeport_client.fleet.command.proxy import proxy
from homeport_client.fleet.command.run import run


class _PlaysByItself(click.Group):
    """A group whose first word may be the app: `homeport fleet app.py` is `homeport fleet run app.py`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb, or `run` for all of it."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What begins with a flag of `run` is for `run`."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_PlaysByItself, context_settings={"help_option_names": ["-h", "--help"]})
def fleet() -> None:
    """Play a fleet of phones on an app, on bad networks, and judge what becomes of the data.

    `homeport fleet APP` is short for `homeport fleet run APP`; see `homeport fleet run --help` for its flags.
    """


fleet.add_command(run)
fleet.add_command(proxy)
