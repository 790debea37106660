"""An app as somebody writes one of their own first: lists of two kinds, and rows that are known by no text."""

from datetime import date
from typing import Literal
from uuid import UUID

from homeport_sync import App, field

app = App("garden", version=1)


@app.kind(root=True)
class Garden:
    name: str = field(max_length=100)


@app.kind(within=Garden)
class Bed:
    label: str = field(max_length=60)
    soil: Literal["clay", "sand", "loam"] = "loam"


@app.kind(within=Garden)
class Watering:
    bed: UUID = field(refers_to=Bed)
    litres: float


@app.kind(root=True)
class Shop:
    opened: date
