"""Logs are JSON lines, ours and the libraries' alike, and no library may write what a socket carries."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from homeport_server.observe import adopt_standard_logging, make_log


@pytest.fixture
def adopted() -> Iterator[io.BytesIO]:
    """The stream that standard logging writes to at debug level, for one test."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.BytesIO()
    adopt_standard_logging("debug", out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)


def _lines(out: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_has_time_level_and_event_first_and_then_its_facts() -> None:
    out = io.BytesIO()
    make_log("info", out).info("push", user="ana", ms=1.5)
    (line,) = _lines(out)
    assert list(line) == ["time", "level", "event", "user", "ms"]
    assert line["time"].endswith("Z")


def test_lines_below_the_level_are_not_written() -> None:
    out = io.BytesIO()
    make_log("warning", out).info("push")
    assert out.getvalue() == b""


def test_an_exception_is_text_in_its_line() -> None:
    out = io.BytesIO()
    make_log("info", out).error("failed", exc_info=ValueError("because"))
    (line,) = _lines(out)
    assert "ValueError: because" in line["exception"]


def test_a_fact_that_is_no_json_is_shown_as_python_shows_it() -> None:
    out = io.BytesIO()
    make_log("info", out).info("odd", value=object)
    assert _lines(out)[0]["value"] == "<class 'object'>"


def test_what_libraries_log_has_the_same_form(adopted: io.BytesIO) -> None:
    logging.getLogger("strawberry").warning("it is %s", "so")
    try:
        raise ValueError("because")
    except ValueError:
        logging.getLogger("somebody").exception("failed")
    warned, failed = _lines(adopted)
    assert (warned["level"], warned["event"], warned["logger"]) == ("warning", "it is so", "strawberry")
    assert "ValueError: because" in failed["exception"]


@pytest.mark.parametrize("name", ["uvicorn.error", "websockets.server", "uvicorn"])
def test_libraries_that_write_frames_at_debug_level_do_not_even_then(adopted: io.BytesIO, name: str) -> None:
    logging.getLogger(name).debug('< TEXT {"authorization": "Bearer canary"}')
    assert adopted.getvalue() == b""
