"""What the server says about itself: JSON lines on standard output, one an event.

Our own lines go straight through structlog to a byte stream; lines of the standard library's logging (uvicorn,
strawberry) come out in the same form. Nothing that a client keeps secret is ever an argument of a log call, and
the libraries that would write whole frames at debug level are kept above it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, BinaryIO, TypeAlias

import msgspec
import structlog
from structlog.types import EventDict, ExcInfo, FilteringBoundLogger, Processor

from homeport_server.observe.failure import failure

Log: TypeAlias = FilteringBoundLogger

_LEVELS: Mapping[str, int] = logging.getLevelNamesMapping()
_DETAIL = "DETAIL:"
# A row may have any number of lines: all goes up to what can only be Python's again.
_rows = re.compile(r"^DETAIL:.*?(?=^\n?(?:Traceback |The above |During handling )|\Z)", re.MULTILINE | re.DOTALL)
# Each socket's coming and going is no news; at debug level these write every frame, and so the tokens in them.
_KEPT_ABOVE_DEBUG = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "websockets", "asyncio")
# These write the URL of every request, and in the URL of a webhook there may be a secret.
_KEPT_AT_WARNING = ("httpx2", "httpcore2")


def make_log(level: str, out: BinaryIO | None = None) -> Log:
    """A log at that level (one of `settings.LOG_LEVELS`), to a byte stream (None: standard output)."""
    made: Log = structlog.wrap_logger(
        _Lines(out or sys.stdout.buffer),
        processors=[*_shared(), _failures, _without_rows, _line],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level.upper()]),
        cache_logger_on_first_use=True,
    ).bind()
    return made


def adopt_standard_logging(level: str, out: BinaryIO | None = None) -> None:
    """Send everything that libraries log through the same form to the same stream. For the roof, once."""
    handler = _Records(out or sys.stdout.buffer)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _failures,
                _without_rows,
                _line_as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    libraries_level = logging.INFO if level == "debug" else max(_LEVELS[level.upper()], logging.WARNING)
    for name in _KEPT_ABOVE_DEBUG:
        logging.getLogger(name).setLevel(libraries_level)
    for name in _KEPT_AT_WARNING:
        logging.getLogger(name).setLevel(max(_LEVELS[level.upper()], logging.WARNING))


class _Lines:
    """Writes lines of bytes: those of one turn of the event loop at once, because each write costs a system call.

    An error is written before the call returns, together with all that was said before it.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._waiting: list[bytes] = []

    def info(self, line: bytes) -> None:
        """Soon."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_soon(self._write)
            except RuntimeError:  # no loop runs here, so there is nothing to wait for
                self._write()

    debug = warning = info

    def error(self, line: bytes) -> None:
        """Now."""
        self._waiting.append(line)
        self._write()

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        if lines:
            self._out.write(b"\n".join((*lines, b"")))
            self._out.flush()


class _Records(logging.Handler):
    """Writes each record of standard logging as one line of bytes."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._out.write(self.format(record).encode() + b"\n")
            self._out.flush()
        except Exception:  # noqa: BLE001  # a log line must never break what it tells about
            self.handleError(record)


def _shared() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _told_failure(exc_info: ExcInfo) -> str:
    return failure(exc_info[1])


_failures = structlog.processors.ExceptionRenderer(_told_failure)


def _without_rows(_logger: object, _method: str, event: EventDict) -> EventDict:
    """PostgreSQL quotes the row that broke a constraint, in lines of their own, and libraries log what it said."""
    for name in ("event", "exception"):
        text = event.get(name)
        if isinstance(text, str) and _DETAIL in text:
            event[name] = _rows.sub(f"{_DETAIL}  left out\n", text)
    return event


def _line(_logger: object, _method: str, event: EventDict) -> bytes:
    return _encode(event)


def _line_as_text(_logger: object, _method: str, event: EventDict) -> str:
    return _encode(event).decode()


def _encode(event: MutableMapping[str, Any]) -> bytes:
    return _json({"time": event.pop("time"), "level": event.pop("level"), "event": event.pop("event"), **event})


_json = msgspec.json.Encoder(enc_hook=repr).encode
