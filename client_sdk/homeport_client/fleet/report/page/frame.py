"""The frame of the page: its head with the policy that lets nothing in or out, its navigation and its foot.

The policy allows one style and one script, each by the hash of its text, and no request to anywhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Final

from homeport_client.fleet.report.page.markup import Markup, joined, tag, verbatim

SECTIONS: Final = {
    "checks": "Checks",
    "failure": "Failure",
    "time": "Over time",
    "lanes": "Devices",
    "happened": "What happened",
    "reached": "Reached",
    "numbers": "Counts",
}


def framed(title: str, sections: Sequence[Markup], *, failed: bool) -> str:
    """The whole document."""
    style, script = _text("report.css"), _text("report.js")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        verbatim("style", style),
    )
    main = tag("main", *sections, id="main")
    body = tag("body", _top(failed=failed), main, _foot(), verbatim("script", script))
    return joined([Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n"])


def policy(style: str, script: str) -> str:
    """Nothing but this style and this script."""
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _top(*, failed: bool) -> Markup:
    names = {name: words for name, words in SECTIONS.items() if name != "failure" or failed}
    links = (tag("a", words, href=f"#{name}") for name, words in names.items())
    toggle = tag("button", "Dark", type="button", id="theme", hidden="")
    skip = tag("a", "Skip to the report", href="#main", class_="skip")
    brand = tag("p", tag("strong", "Homeport"), " fleet", class_="brand")
    return tag("header", skip, brand, tag("nav", *links, aria_label="Sections"), toggle, class_="top")


def _foot() -> Markup:
    says = "One file, complete: it loads nothing and sends nothing. The same run draws the same page."
    return tag("footer", tag("p", says))


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
