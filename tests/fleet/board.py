"""An app with a field of every rule, for fleets to merge."""

from homeport_sync import App, Rank, field
from homeport_sync.values import PythonValue

app = App("board")


def longer(base: PythonValue, mine: PythonValue, theirs: PythonValue) -> PythonValue:
    """Of two texts the longer one; of two as long the greater."""
    return max(mine, theirs, key=lambda text: (len(str(text)), str(text)))


@app.kind(root=True)
class Board:
    title: str
    visits: int = field(default=0, merge="counter")
    labels: set[str]


@app.kind(within=Board)
class Card:
    title: str
    place: Rank
    votes: int = field(default=0, merge="counter")
    tags: set[str]
    stock: int = field(default=0, merge="guarded")
    claimed_by: str | None = field(default=None, merge="first")
    summary: str = field(default="", merge=longer)


@app.kind(within=Board, guarded=True)
class Payment:
    amount: int
    note: str = ""
