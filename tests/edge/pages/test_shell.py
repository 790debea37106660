"""Pages are drawn by the templates that a process has begun with."""

from pathlib import Path

from homeport_server.pages.files import PageFiles
from homeport_server.pages.shell import Shell


def test_a_template_that_is_replaced_while_a_server_runs_is_for_the_next_one(tmp_path: Path) -> None:
    template = tmp_path / "part.html"
    template.write_text("{{ title }}")
    shell = Shell(PageFiles(), [tmp_path])
    assert shell.text("part.html", title="<i>") == "&lt;i&gt;"
    template.write_text("{{ what_only_a_newer_version_gives }} ")
    assert shell.text("part.html", title="<b>") == "&lt;b&gt;"
