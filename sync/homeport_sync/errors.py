"""Everything the sync room can refuse, split by what the caller does next.

    HomeportError
    ├── Fix                 the input is wrong: mend it, never send it again unchanged
    │   ├── BadDeclaration      BAD_DECLARATION       an app cannot be started as declared
    │   ├── BadTell             BAD_TELL              a notification rule of the app returned what is no Tell
    │   ├── SchemaUnknown       SCHEMA_UNKNOWN        the database is older or newer than this Homeport
    │   ├── RoleUnsafe          ROLE_UNSAFE           the database's role could read past its tenant
    │   ├── KeysForeign         KEYS_FOREIGN          the database's keys are not those that the app declares
    │   ├── Malformed           MALFORMED             a message does not have its shape
    │   ├── TooLarge            TOO_LARGE             a message or document is over its limit
    │   ├── QueryInvalid        QUERY_INVALID         a query does not fit its kind, or asks for too much
    │   ├── GroupCut            GROUP_CUT             a push ends within a group
    │   ├── IdempotencyKeyReused IDEMPOTENCY_KEY_REUSED  a key came before, with another write
    │   └── Rejection           one change is refused; the others of its push go through (`rejections.py`)
    ├── Resync              the caller's place or numbers do not fit the log: adjust and go on
    │   ├── CursorInvalid       CURSOR_INVALID
    │   ├── CursorForeign       CURSOR_FOREIGN
    │   ├── NumberGap           NUMBER_GAP
    │   ├── DeviceForked        DEVICE_FORKED
    │   ├── DeviceForeign       DEVICE_FOREIGN
    │   └── ClockSkewed         CLOCK_SKEWED
    └── Retry               nothing is wrong with the input: wait, then send the same again
        ├── Overloaded          OVERLOADED
        ├── Unavailable         UNAVAILABLE
        │   ├── TimedOut            UNAVAILABLE       … in time: another try at once would wait as long
        │   └── StoreFailed         UNAVAILABLE       … in a way that nobody expected
        ├── LeaseLost           LEASE_LOST            another worker follows on
        └── FollowerFailed      FOLLOWER_FAILED       the app's own function raised; it is called again later
            └── FollowerTooSlow     FOLLOWER_TOO_SLOW     … or took too long

The docstring of each class is its default message. A code, once published, never changes its meaning.
"""

from __future__ import annotations

from typing import ClassVar, Final

NO_ANSWER: Final = "The database did not answer: send the same again."  # what it said is for those who run it


class HomeportError(Exception):
    """Homeport could not do this."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **values: str | int | float | bool | None) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.values = values
        super().__init__(self.message)

    def as_error(self) -> dict[str, object]:
        """The shape every error has on the wire: a GraphQL error's message and extensions."""
        return {
            "message": self.message,
            "extensions": {"code": self.code, "retryable": self.retryable, **self.values},
        }


class Fix(HomeportError):
    """The input is wrong: mend it before sending it again."""

    code = "BAD_INPUT"


class BadDeclaration(Fix):
    """The app cannot be started as it is declared."""

    code = "BAD_DECLARATION"


class BadTell(Fix):
    """A notification rule returned what is no Tell: return one, a list of them, or None."""

    code = "BAD_TELL"


class QueryInvalid(Fix):
    """The query does not fit its kind: ask about its indexed fields, and for a page at a time."""

    code = "QUERY_INVALID"


class QueryTooWide(Fix):
    """The query would read far more records than it finds: order by the field that it filters by, or ask in fewer
    scopes."""

    code = "QUERY_TOO_WIDE"


class SchemaUnknown(Fix):
    """The database's schema is not one this Homeport can serve: run `homeport migrate`, or start a newer Homeport."""

    code = "SCHEMA_UNKNOWN"


class RoleUnsafe(Fix):
    """The role that the server was given could read past its tenant: give it one that owns nothing."""

    code = "ROLE_UNSAFE"


class KeysForeign(Fix):
    """The database's keys were not filled for what the app declares: run `homeport keys APP --rebuild`."""

    code = "KEYS_FOREIGN"


class Malformed(Fix):
    """The message does not have the shape it should have."""

    code = "MALFORMED"


class TooLarge(Fix):
    """The message is over its limit: send less at once."""

    code = "TOO_LARGE"


class GroupCut(Fix):
    """The push ends within a group: send all changes of the group in one push."""

    code = "GROUP_CUT"


class IdempotencyKeyReused(Fix):
    """The idempotency key came before, with another write: use a new key for a new write."""

    code = "IDEMPOTENCY_KEY_REUSED"


class Resync(HomeportError):
    """The device's place does not fit the log: adjust it and go on."""

    code = "RESYNC"


class CursorInvalid(Resync):
    """The cursor was not made by this server: pull from the start, without a cursor."""

    code = "CURSOR_INVALID"


class CursorForeign(Resync):
    """The cursor belongs to another tenant or user: pull from the start, without a cursor."""

    code = "CURSOR_FOREIGN"


class NumberGap(Resync):
    """Changes are missing before this one: send again from the expected number."""

    code = "NUMBER_GAP"


class DeviceForked(Resync):
    """The number was used before for another change (a restored or cloned phone): take a new device id,
    renumber from this change on, and send again."""

    code = "DEVICE_FORKED"


class DeviceForeign(Resync):
    """The device id belongs to another user: take a new device id for this user."""

    code = "DEVICE_FOREIGN"


class ClockSkewed(Resync):
    """The device's clock is wrong: its work is kept, and its times are corrected by what the server tells."""

    code = "CLOCK_SKEWED"


class Retry(HomeportError):
    """Nothing is wrong with the input: wait, then send the same again."""

    code = "RETRY"
    retryable = True


class Overloaded(Retry):
    """Too much is waiting already: wait as long as retryAfterMs says, then send the same again."""

    code = "OVERLOADED"


class Unavailable(Retry):
    """The store did not answer: nothing is known to be written. Send the same again."""

    code = "UNAVAILABLE"


class TimedOut(Unavailable):
    """The store did not answer in time: nothing is known to be written. Send the same again."""


class StoreFailed(Unavailable):
    """The store failed: nothing is known to be written. Send the same again."""


class LeaseLost(Retry):
    """Another worker holds a newer lease on this follower's place: nothing is written; it goes on from there."""

    code = "LEASE_LOST"


class FollowerFailed(Retry):
    """The app's function failed: it is called again, with the same."""

    code = "FOLLOWER_FAILED"


class FollowerTooSlow(FollowerFailed):
    """The app's function took too long and was cancelled: it is called again, with the same."""

    code = "FOLLOWER_TOO_SLOW"


def no_tenant(tenant: str) -> Unavailable:
    """What is raised for a tenant that is not here."""
    return Unavailable(f"There is no tenant {tenant} in this store.")
