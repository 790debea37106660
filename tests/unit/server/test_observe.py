"""Logs are JSON lines, ours and the libraries' alike, and no library may write what a socket carries."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from traceback import format_exception
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import StatementError

from homeport_server.observe import adopt_standard_logging, make_log

QUOTED = 'violates "records_pk"\nDETAIL:  Failing row contains (one,\ncanary\n\ncanary).\nHINT:  none'


class Writes(io.BytesIO):
    """Counts the lines of each write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []

    def write(self, data: bytes) -> int:  # type: ignore[override]  # we write nothing else
        self.lines.append(data.count(b"\n"))
        return super().write(data)


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


async def test_the_lines_of_one_turn_of_the_loop_are_one_write_and_an_error_waits_for_nothing() -> None:
    out = Writes()
    log = make_log("info", out)
    log.info("one")
    log.info("two")
    assert out.lines == []
    await asyncio.sleep(0)
    assert out.lines == [2]
    log.warning("three")
    log.error("four")
    assert out.lines == [2, 2]
    await asyncio.sleep(0)
    assert out.lines == [2, 2]


def test_an_exception_is_text_in_its_line() -> None:
    out = io.BytesIO()
    make_log("info", out).error("failed", exc_info=ValueError("because"))
    (line,) = _lines(out)
    assert "ValueError: because" in line["exception"]


def test_the_row_that_a_database_quotes_is_left_out(adopted: io.BytesIO) -> None:
    try:
        try:
            raise ValueError(QUOTED)
        except ValueError:
            raise RuntimeError("and then")  # noqa: B904  # one that happened while the other was dealt with
    except RuntimeError as last:
        error = last
    out = io.BytesIO()
    make_log("info", out).error("failed", exc_info=error)
    logging.getLogger("somebody").error("failed", exc_info=error)
    logging.getLogger("somebody").error("".join(format_exception(error)))
    ours, theirs, text = (*_lines(out), *_lines(adopted))
    for told in (ours["exception"], theirs["exception"], text["event"]):
        assert "canary" not in told
        assert 'violates "records_pk"' in told
        assert "RuntimeError: and then" in told


def test_of_a_drivers_error_only_its_class_and_its_sqlstate_are_told(adopted: io.BytesIO) -> None:
    broken = asyncpg.CheckViolationError("new row canary violates a check")
    broken.detail = "Failing row contains (canary)."
    argument = asyncpg.DataError("invalid input for query argument $1: 'canary'")
    statement = StatementError("it failed", "INSERT", {"value": "canary"}, argument)
    statement.__cause__ = argument
    out = io.BytesIO()
    for error in (broken, argument, statement, ExceptionGroup("both", [broken, statement])):
        make_log("info", out).error("failed", exc_info=error)
        logging.getLogger("somebody").error("failed", exc_info=error)
    lines = [line["exception"] for line in (*_lines(out), *_lines(adopted))]
    assert "canary" not in "".join(lines)
    assert lines[:2] == [
        "asyncpg.exceptions.CheckViolationError (SQLSTATE 23514)",
        "asyncpg.exceptions.DataError (SQLSTATE 22000)",
    ]
    assert lines[2].endswith("sqlalchemy.exc.StatementError")
    assert "ExceptionGroup: both (2 sub-exceptions)" in lines[3]
    assert "(SQLSTATE 23514)" in lines[3]


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


@pytest.mark.parametrize("name", ["httpx2", "httpcore2.connection"])
def test_the_url_of_a_webhook_is_no_line_of_the_log(adopted: io.BytesIO, name: str) -> None:
    logging.getLogger(name).info("HTTP Request: POST https://crm.example/hooks/canary")
    assert adopted.getvalue() == b""
