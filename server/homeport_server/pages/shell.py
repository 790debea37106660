"""The frame around every page, and the templates in it: Jinja2, which escapes whatever people have written.

A template that names what is not there fails, instead of showing nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from homeport_server.pages.files import HERE, PageFiles
from homeport_server.pages.policy import PAGE_HEADERS

LAYOUT: Final = HERE / "templates"


class Shell:
    """Renders templates of `folders`, before those that all pages share. `words` are functions for them, by name."""

    def __init__(
        self, files: PageFiles, folders: Iterable[Path] = (), words: Mapping[str, Callable[..., object]] | None = None
    ) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([*folders, LAYOUT]),
            autoescape=True,
            auto_reload=False,  # a newer version that is installed meanwhile gives its templates what ours does not
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["file"] = files.url
        self._environment.filters.update(words or {})

    def text(self, template: str, **given: object) -> str:
        """The HTML of a template, or of a part of a page."""
        return self._environment.get_template(template).render(given)

    def page(self, template: str, *, status: int = 200, **given: object) -> HTMLResponse:
        """The answer to a browser that asks for a page, or a part of one."""
        return HTMLResponse(self.text(template, **given), status_code=status, headers=PAGE_HEADERS)
