"""The files that pages load, from memory: ours, and those of others that are carried along (`vendored`).

A page names each with a mark of its content, so that a browser keeps it for a year and never shows an old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from homeport_server.pages.policy import FILE_HEADERS

FILES_PATH: Final = "/pages"
YEAR_S: Final = 365 * 24 * 3_600
MARK_BYTES: Final = 6
HERE: Final = Path(__file__).parent
OURS: Final = (HERE / "static", HERE / "vendored")
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One of them. `mark` is another for any other content."""

    content: bytes
    media_type: str
    mark: str


class PageFiles:
    """All files of these folders, by name. Raises `ValueError` if two have the same one."""

    def __init__(self, folders: Iterable[Path] = OURS) -> None:
        self._files: dict[str, PageFile] = {}
        for path in sorted(each for folder in folders for each in folder.iterdir() if each.suffix in _TYPES):
            if path.name in self._files:
                raise ValueError(f"Two files of pages are called {path.name}: name one of them for what it is for.")
            content = path.read_bytes()
            mark = blake2b(content, digest_size=MARK_BYTES).hexdigest()
            self._files[path.name] = PageFile(content=content, media_type=_TYPES[path.suffix], mark=mark)

    def url(self, name: str) -> str:
        """What a page calls it. Raises `KeyError` for a file that is not there."""
        return f"{FILES_PATH}/{name}?{self._files[name].mark}"

    def route(self) -> Route:
        """Where they are had; they hold no secret, so anybody may."""

        async def file(request: Request) -> Response:
            found = self._files.get(request.path_params["name"])
            if found is None:
                return PlainTextResponse("Not Found", status_code=404, headers=FILE_HEADERS)
            return Response(found.content, media_type=found.media_type, headers=_headers(found, request.url.query))

        return Route(f"{FILES_PATH}/{{name}}", file)


def _headers(file: PageFile, asked: str) -> Mapping[str, str]:
    kept = f"public, max-age={YEAR_S}, immutable" if asked == file.mark else "no-cache"
    return {**FILE_HEADERS, "cache-control": kept}
