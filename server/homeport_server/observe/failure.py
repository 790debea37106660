"""A failure as the log shows it: where it happened and what it was, without what a database's driver quotes.

PostgreSQL quotes the row that broke a constraint, asyncpg the argument that it could not send, and SQLAlchemy both the
statement and its parameters: these are a user's. So of a driver's error only its class and its SQLSTATE are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_exception_only, format_tb

from homeport_sync.errors import HomeportError, StoreFailed, Unavailable

_DRIVERS = frozenset({"asyncpg", "sqlalchemy"})  # what SQLite says names columns, and no values
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"
_WITHIN = "\nOne of its exceptions:\n\n"


def failure(error: BaseException) -> str:
    """The tracebacks of an error, of what led to it, before it, and of the errors it groups, after it."""
    return "".join(_told(error, set())).rstrip("\n")


def reason(error: BaseException) -> str:
    """Why the error came, in one line: what stands behind an `Unavailable` in its first line of words, which names
    servers and states; of all else what `failure` would say."""
    cause = error.__cause__
    if isinstance(error, Unavailable) and cause is not None and not isinstance(error, StoreFailed):
        words = str(cause).partition("\n")[0]
        return f"{type(cause).__name__}: {words}" if words else type(cause).__name__
    if isinstance(error, HomeportError) and cause is None:
        return error.message
    return "".join(_words(cause if isinstance(error, HomeportError) and cause else error)).strip().partition("\n")[0]


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before, joint = error.__cause__, _CAUSED
    if before is None and not error.__suppress_context__:
        before, joint = error.__context__, _DURING
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield joint
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from format_tb(error.__traceback__)
    yield from _words(error)
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield _WITHIN
        yield from _told(each, seen)


def _words(error: BaseException) -> list[str]:
    kind = type(error)
    if kind.__module__.partition(".")[0] not in _DRIVERS:
        return format_exception_only(error)
    sqlstate = getattr(error, "sqlstate", None)
    return [f"{kind.__module__}.{kind.__qualname__}" + (f" (SQLSTATE {sqlstate})" if sqlstate else "") + "\n"]
