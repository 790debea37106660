"""What every page of the console is made with: the ports it may read, the frame it stands in, and the moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from homeport_server.edge.console.link import CONSOLE_PATH
from homeport_server.edge.console.notices import audience_of, words_of
from homeport_server.edge.console.words import WORDS
from homeport_server.edge.context import Rooms
from homeport_server.pages.files import OURS, PageFiles
from homeport_server.pages.shell import Shell
from homeport_sync.annals import Annals
from homeport_sync.lookups import LooksUpRecords
from homeport_sync.ports import LogStore, Tenant, Tenants
from homeport_sync.quarantine import Quarantine
from homeport_sync.sightings import Sightings

FRESH_S: Final = 3  # so often a region that changes is asked for again, while somebody looks
SELDOM_S: Final = 15  # … where that takes more to answer
HERE: Final = Path(__file__).parent
_SECTIONS: Final = (
    ("", "Pulse"),
    ("/devices", "Devices"),
    ("/log", "Log"),
    ("/quarantine", "Quarantine"),
    ("/notifications", "Notifications"),
)
_plain = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,79}").fullmatch


class Stores(Annals, LogStore, LooksUpRecords, Quarantine, Sightings, Tenants, Protocol):
    """What the console reads. Each call names its tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at the console of one tenant. `path` is where its pages begin."""

    request: Request
    request_id: str
    tenant: Tenant

    @property
    def path(self) -> str:
        """Where the pages of this tenant begin."""
        return path_of(self.tenant)

    def asked(self, name: str) -> str:
        """What the address says of it, "" for nothing, without what no database takes."""
        return self.request.query_params.get(name, "").replace("\0", "")

    def named(self, name: str) -> str:
        """A part of the address's path, as ids are written."""
        return str(self.request.path_params[name]).strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Built once. `listens` tells whether a device of a tenant listens here, now."""

    rooms: Rooms
    stores: Stores
    shell: Shell
    listens: Callable[[str, str], bool]

    def show(self, visit: Visit, template: str, *, status: int = 200, fresh_s: int = 0, **given: object) -> Response:
        """A page of the tenant, or, for whoever asks for it again every `fresh_s` seconds (0: nobody does), the region
        of it that changes."""
        around = {
            "frame": frame_of(visit.request),
            "tenant": visit.tenant,
            "at": visit.path,
            "here": here(visit.request),
            "sections": _SECTIONS,
            "fresh_s": fresh_s,
            "now_ms": self.rooms.wall_ms(),
        }
        return self.shell.page(template, status=status, **around, **given)


def make_shell(files: PageFiles) -> Shell:
    """The frame of the console's pages."""
    return Shell(files, [HERE / "templates"], {**WORDS, "audience": audience_of, "in_words": words_of})


def make_files() -> PageFiles:
    """What all pages load, and what these load besides."""
    return PageFiles([*OURS, HERE / "static"])


def path_of(tenant: Tenant) -> str:
    """Where the pages of a tenant begin: at its name, if an address can be made of it that people can read."""
    return f"{CONSOLE_PATH}/{tenant.name if _plain(tenant.name) else tenant.id}"


def frame_of(request: Request) -> str:
    """The template that stands around: none for a region of a page that is there."""
    return "region.html" if "hx-request" in request.headers else "frame.html"


def here(request: Request) -> str:
    """The address that was asked for, without the host."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def chosen(asked: Mapping[str, str]) -> str:
    """The part of an address that asks for these, without those that are empty."""
    return urlencode({name: value for name, value in asked.items() if value})
