"""Draws a comparison as bars in the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.bar import Bar
from rich.console import Console
from rich.table import Table


def show(unit: str, values: Mapping[str, float]) -> None:
    """One bar a value, the longest is the largest."""
    table = Table(box=None, title=unit, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    table.add_column(width=40)
    largest = max(values.values())
    for name, value in values.items():
        table.add_row(name, f"{value:,.0f}" if value >= 100 else f"{value:,.2f}", Bar(largest, 0, value))
    Console().print(table)
