"""What was asked of `homeport fleet run`, and how what came of it is written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from homeport_client.fleet.command.wanted import STANDARD_OUTPUT, Wanted, keep
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.clean import clean
from homeport_client.fleet.report.exits import Exit, exit_of
from homeport_client.fleet.report.html import html_report
from homeport_client.fleet.report.junit import junit
from homeport_client.fleet.report.summary import Summary, World, to_json
from homeport_client.fleet.script import Script
from homeport_client.fleet.sources import Sources
from homeport_sync import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server that runs already is, and its data (all empty: there is none)."""

    server: str = ""
    data: Path | None = None
    database_url: str = ""

    @property
    def said(self) -> bool:
        """Whether anything is."""
        return bool(self.server or self.data or self.database_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All of it. `sources` are where the app and the script come from, and what the command line says otherwise;
    `bounds` are all thresholds, `added` those of the command line."""

    sources: Sources
    app: App
    script: Script
    seed: int
    processes: int
    bounds: Sequence[Bound]
    added: Sequence[Bound] = ()
    place: Place = field(default_factory=Place)
    wanted: Wanted
    console: Console

    @property
    def network(self) -> str:
        """What the phones are on, in a word."""
        return self.script.network.name if self.script.network else "mixed"

    def say(self, sentence: str) -> None:
        """One line for people."""
        self.console.print(clean(sentence), soft_wrap=True, highlight=False, markup=False)

    def end(self, summary: Summary) -> Exit:
        """Write all reports that are wanted; the exit code. One that cannot be written takes no other with it."""
        code, wanted = exit_of(summary), self.wanted
        reports = (
            (wanted.json, to_json(summary)),
            (wanted.junit, junit(summary).encode()),
            (wanted.html, html_report(summary).encode()),
        )
        for path, text in reports:
            if path and not self._written(path, text) and code is Exit.KEPT:
                code = Exit.CRASHED
        return code

    def _written(self, path: Path, text: bytes) -> bool:
        try:
            if path == STANDARD_OUTPUT:
                sys.stdout.buffer.write(text + b"\n")
                sys.stdout.flush()
            else:
                keep(path, text)
                self.say(f"Written: {path}")
        except OSError as error:
            self.say(f"{path} could not be written ({error.strerror}).")
            return False
        return True

    def again(self, seed: int, world: World) -> str:
        """The command that plays it again, with every flag that it depends on. A password is left out."""
        return shlex.join(["homeport", "fleet", str(self.sources.app), *self._flags(seed, world)])

    def _flags(self, seed: int, world: World) -> Iterator[str]:
        sources, place, real = self.sources, self.place, world == "real"
        flags = {
            "--script": sources.script,
            "--devices": sources.devices,
            "--duration": sources.duration_s and _seconds(sources.duration_s),
            "--network": sources.network and sources.network.name,
            "--world": world if real else None,
            "--processes": self.processes if real and self.processes > 1 else None,  # else it is one seed of several
            "--server": place.server,
            "--data": place.data,
            "--database-url": _without_password(place.database_url),
            "--seed": str(seed),
        }
        for flag, value in flags.items():
            if value:
                yield from (flag, str(value))
        for bound in self.added:
            yield from ("--threshold", str(bound))


def _seconds(duration_s: float) -> str:
    """As `Duration` reads it, to the last digit."""
    return f"{Decimal(int(duration_s) if duration_s.is_integer() else repr(duration_s)):f}s"


def _without_password(url: str) -> str:
    """Reports travel further than a password may."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url
