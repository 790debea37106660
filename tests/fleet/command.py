"""The command `homeport fleet` in this process, and a small fleet on the example app to call it with."""

from click.testing import CliRunner, Result

from homeport_server.cli import main
from tests.house.tree import ROOT

APP = str(ROOT / "examples" / "tasks" / "app.py")
SMALL = ("--devices", "4", "--duration", "3m", "--seed", "5", "--plain")


def fleet(*words: str) -> Result:
    return CliRunner().invoke(main, ["fleet", *words])
