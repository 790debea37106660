"""The pages of the IDE: one of HTML, and the files that it loads, all of them from here.

The server gives nobody a token: who could reach it, through a proxy on this machine even, would be whom they like. Who
holds the secret makes a link instead (`homeport token --ide`), with a token in its fragment, which no browser sends.
In production there is no IDE unless it is asked for, and then no link fills a token in.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from homeport_server.origin import origin_of
from homeport_server.pages.files import YEAR_S
from homeport_server.pages.policy import FILE_HEADERS, PAGE_HEADERS
from homeport_server.settings import Settings

IDE_PATH = "/graphql"
LINK_TTL_MAX_S = 8 * 3_600  # a link lies in a terminal's scrollback: its token lasts a working day at most

HERE = Path(__file__).parent
VENDORED = HERE / "vendored"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}

# No script but ours, none in the page itself, and nothing from or to anywhere else. GraphiQL's dialogs write style.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = {**PAGE_HEADERS, "content-security-policy": CONTENT_SECURITY_POLICY}


def ide_routes(endpoint: str, settings: Settings) -> list[Route]:
    """The IDE over `endpoint`, a path of this server; none in production, unless the settings want it there."""
    if settings.production and not settings.graphql_ide:
        return []
    text = page_text(endpoint, takes_token=not settings.production)
    files = _files()

    async def page(_request: Request) -> Response:
        return HTMLResponse(text, headers=_PAGE)

    async def file(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("Not Found", status_code=404)
        return FileResponse(found, media_type=_TYPES[found.suffix], headers=_headers(found))

    return [Route(IDE_PATH, page), Route(f"{IDE_PATH}/{{name}}", file)]


def page_text(endpoint: str, *, takes_token: bool) -> str:
    """The page's HTML."""
    text = (HERE / "page.html").read_text(encoding="utf-8")
    return text.replace("{endpoint}", escape(endpoint)).replace("{takes_token}", "yes" if takes_token else "no")


def ide_link(host: str, port: int, token: str) -> str:
    """Where who listens on that address finds the IDE, with the token filled in."""
    return f"{origin_of(host, port)}{IDE_PATH}#token={token}"


def _files() -> Mapping[str, Path]:
    """What the page loads, by name: no other name is looked for on the disk."""
    return {each.name: each for place in (HERE, VENDORED) for each in place.iterdir() if each.suffix in _TYPES}


def _headers(file: Path) -> Mapping[str, str]:
    """What was vendored has its version in its name."""
    kept = f"public, max-age={YEAR_S}, immutable" if file.parent == VENDORED else "no-cache"
    return {**FILE_HEADERS, "cache-control": kept}
