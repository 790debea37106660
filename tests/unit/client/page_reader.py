"""A page as a browser would see it: its elements, their attributes, its texts, and whether every tag is closed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files

from homeport_client.fleet.report import page

VOID = frozenset({"meta"})


@dataclass
class Page:
    """`texts` holds the text directly inside each element that has some, with the element's name."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    crooked: list[str] = field(default_factory=list)

    def attributes(self, name: str) -> Iterator[str]:
        """The values of one attribute, wherever it stands."""
        return (attributes[name] for _, attributes in self.elements if name in attributes)

    def inside(self, name: str) -> list[str]:
        """The texts of all elements of one name."""
        return [text for element, text in self.texts if element == name]

    def classed(self, style: str) -> list[tuple[str, dict[str, str]]]:
        """The elements of one class."""
        return [each for each in self.elements if style in each[1].get("class", "").split()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.page.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.crooked.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.page.texts.append((self.open[-1], data))


def read(text: str) -> Page:
    """The page, with every complaint about its tags in `crooked`."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.page.crooked += [f"<{tag}> is never closed" for tag in reader.open]
    return reader.page


def stylesheet() -> str:
    """The stylesheet that every page holds."""
    return files(page).joinpath("report.css").read_text(encoding="utf-8")
