"""`homeport phones`: two phones on a table, with an app of yours on them, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from homeport_server.extras import NOTIFY, needing

PORT: Final = 8_010


@click.command()
@click.argument("app", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address that the page listens on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="The page's port; 0 takes any free one.",
)
@click.option("--open/--no-open", "opens", default=None, help="Open it in a browser (if there is a display).")
def phones(app: Path, host: str, port: int, opens: bool | None) -> None:
    """Two phones you can touch, with the app that the Python file APP declares, and a real server between them.

    Prints the address of the page, with its key. Nothing is kept. Ctrl-C ends it all.
    """
    with needing(NOTIFY):
        from homeport_server.phones.serving import run_phones

    run_phones(app, host=host, port=port, opens=opens, say=click.echo)
