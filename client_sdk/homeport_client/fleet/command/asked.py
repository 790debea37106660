"""What was asked of `homeport fleet run`, and how what came of it is written."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from homeport_client.fleet.command.options import Refused
from homeport_client.fleet.report.bound import Bound
from homeport_client.fleet.report.html import html_report
from homeport_client.fleet.report.junit import junit
from homeport_client.fleet.report.summary import Summary, World, to_json
from homeport_client.fleet.script import Script
from homeport_client.fleet.sources import Sources
from homeport_sync import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where reports go, and the test file of a failing story (None: nowhere, and nothing is shrunk)."""

    json: Path | None
    junit: Path | None
    html: Path | None
    failures: Path | None

    def check(self) -> None:
        """Raises `Refused` for a place that cannot be written, before anything is played."""
        for path in (self.json, self.junit, self.html):
            if path and str(path) != "-":
                keep(path, path.read_bytes() if path.is_file() else b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All of it. `sources` are where the app and the script come from, and what the command line says otherwise."""

    sources: Sources
    app: App
    script: Script
    seed: int
    processes: int
    bounds: Sequence[Bound]
    wanted: Wanted
    console: Console

    @property
    def network(self) -> str:
        """What the phones are on, in a word."""
        return self.script.network.name if self.script.network else "mixed"

    def say(self, sentence: str) -> None:
        """One line for people."""
        self.console.print(sentence, soft_wrap=True, highlight=False, markup=False)

    def write(self, summary: Summary) -> None:
        """All reports that are wanted. Raises `Refused` for a place that cannot be written."""
        wanted = self.wanted
        if wanted.json and str(wanted.json) == "-":
            sys.stdout.buffer.write(to_json(summary) + b"\n")
            sys.stdout.flush()
        reports = (
            (wanted.json if str(wanted.json) != "-" else None, to_json(summary)),
            (wanted.junit, junit(summary).encode()),
            (wanted.html, html_report(summary).encode()),
        )
        for path, text in reports:
            if path:
                keep(path, text)
                self.say(f"Written: {path}")

    def again(self, seed: int, world: World) -> str:
        """The command that plays it again."""
        sources = self.sources
        flags = {
            "--script": sources.script,
            "--devices": sources.devices,
            "--duration": sources.duration_s and f"{sources.duration_s:g}s",
            "--network": sources.network and sources.network.name,
            "--world": world if world == "real" else None,
            "--seed": str(seed),
        }
        given = (word for flag, value in flags.items() if value for word in (flag, str(value)))
        return shlex.join(["homeport", "fleet", str(sources.app), *given])


def keep(path: Path, text: bytes) -> None:
    """Write a file, in a directory that is made if there is none. Raises `Refused` if that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise Refused(f"{path} cannot be written ({error.strerror}): name another place.") from error
