"""Everything the sync room can refuse, split by what the caller does next.

    HomeportError
    ├── Fix                 the input is wrong: mend it, never send it again unchanged
    │   ├── BadDeclaration      BAD_DECLARATION       an app cannot be started as declared
    │   ├── SchemaUnknown       SCHEMA_UNKNOWN        the database is older or newer than this Homeport
    │   ├── RoleUnsafe          ROLE_UNSAFE           the database's role could read past its tenant
    │   ├── KeysForeign         KEYS_FOREIGN          the database's keys are not those that the app declares
    │   ├── Malformed           MALFORMED             a message does not have its shape
    │   ├── TooLarge            TOO_LARGE             a message or document is over its limit
    │   ├── GroupCut            GROUP_CUT             a push ends within a group
    │   └── Rejection           one change is refused; the others of its push go through
    │       ├── UnknownKind         UNKNOWN_KIND
    │       ├── UnknownField        UNKNOWN_FIELD
    │       ├── WrongType           WRONG_TYPE
    │       ├── WrongId             WRONG_ID
    │       ├── DocumentTooLarge    DOCUMENT_TOO_LARGE
    │       ├── ScopeForbidden      SCOPE_FORBIDDEN
    │       ├── ScopeGone           SCOPE_GONE
    │       ├── RoleForbidden       ROLE_FORBIDDEN
    │       ├── NotPublic           NOT_PUBLIC
    │       ├── NotAllowed          NOT_ALLOWED
    │       ├── RuleFailed          RULE_FAILED
    │       ├── RecordGone          RECORD_GONE
    │       ├── RecordExists        RECORD_EXISTS
    │       ├── NotUnique           NOT_UNIQUE
    │       ├── ReferenceGone       REFERENCE_GONE
    │       ├── StillReferenced     STILL_REFERENCED
    │       ├── CascadeTooLarge     CASCADE_TOO_LARGE
    │       ├── UnknownCommand      UNKNOWN_COMMAND
    │       ├── CommandRefused      COMMAND_REFUSED
    │       ├── CommandFailed       COMMAND_FAILED
    │       ├── CommandTimedOut     COMMAND_TIMED_OUT
    │       ├── CommandTooLarge     COMMAND_TOO_LARGE
    │       ├── DependsOnRejected   DEPENDS_ON_REJECTED
    │       ├── GroupRejected       GROUP_REJECTED
    │       └── GroupBroken         GROUP_BROKEN
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


class Rejection(Fix):
    """The change is refused."""

    code = "REJECTED"


class UnknownKind(Rejection):
    """The app declares no kind of this name."""

    code = "UNKNOWN_KIND"


class UnknownField(Rejection):
    """The kind declares no field of this name."""

    code = "UNKNOWN_FIELD"


class WrongType(Rejection):
    """The value is not one the field can hold."""

    code = "WRONG_TYPE"


class WrongId(Rejection):
    """The id is not the one this record must have."""

    code = "WRONG_ID"


class DocumentTooLarge(Rejection):
    """The change is larger than a change may be."""

    code = "DOCUMENT_TOO_LARGE"


class ScopeForbidden(Rejection):
    """The caller has no grant in this scope: ask one of its owners for one."""

    code = "SCOPE_FORBIDDEN"


class ScopeGone(Rejection):
    """The scope's root record is deleted: nothing can be written in it any more."""

    code = "SCOPE_GONE"


class RoleForbidden(Rejection):
    """The caller's role in this scope does not allow this change."""

    code = "ROLE_FORBIDDEN"


class NotPublic(Rejection):
    """What is of this kind cannot be shared with everybody."""

    code = "NOT_PUBLIC"


class NotAllowed(Rejection):
    """A rule of the app does not allow this write."""

    code = "NOT_ALLOWED"


class RuleFailed(Rejection):
    """The app's own rule could not say whether this write is allowed: mend the function."""

    code = "RULE_FAILED"


class RecordGone(Rejection):
    """There is no such record, or it is deleted: a change to it can no longer take effect."""

    code = "RECORD_GONE"


class RecordExists(Rejection):
    """The id is taken by another record: make the record again under a new UUIDv7."""

    code = "RECORD_EXISTS"


class NotUnique(Rejection):
    """Another record of the scope has this value, and only one may: give this one another."""

    code = "NOT_UNIQUE"


class ReferenceGone(Rejection):
    """What it refers to is not there, or not any more: refer to another, or to none."""

    code = "REFERENCE_GONE"


class StillReferenced(Rejection):
    """Another record refers to it and does not let it go: change or delete that one first."""

    code = "STILL_REFERENCED"


class CascadeTooLarge(Rejection):
    """More than 1,000 records refer to it, directly or through others: delete or change some of them first."""

    code = "CASCADE_TOO_LARGE"


class Stale(Rejection):
    """What the change was made for is not there any more: look at what is, and decide again."""

    code = "STALE"


class CounterFull(Rejection):
    """The counter would pass ±(2^63 - 1)."""

    code = "COUNTER_FULL"


class SetFull(Rejection):
    """The set would have more elements than a set may have: take some out first."""

    code = "SET_FULL"


class RankFull(Rejection):
    """There is no room left in this gap: move something else, or take things out and put them in again."""

    code = "RANK_FULL"


class ResolverFailed(Rejection):
    """The app's own function could not merge what was written: mend the function."""

    code = "RESOLVER_FAILED"


class UnknownCommand(Rejection):
    """The app declares no command of this name."""

    code = "UNKNOWN_COMMAND"


class CommandRefused(Rejection):
    """The app's command refuses this call."""

    code = "COMMAND_REFUSED"


class CommandFailed(Rejection):
    """The app's command raised something: mend the function, then call it again."""

    code = "COMMAND_FAILED"


class CommandTimedOut(Rejection):
    """The app's command took longer than a command may, and nothing of it took effect."""

    code = "COMMAND_TIMED_OUT"


class CommandTooLarge(Rejection):
    """The command reads or writes more records than a command may: let it do less at once."""

    code = "COMMAND_TOO_LARGE"


class DependsOnRejected(Rejection):
    """The change builds on one that was rejected: mend that one first, then make this one again."""

    code = "DEPENDS_ON_REJECTED"


class GroupRejected(Rejection):
    """Another change of its group was refused, and a group is accepted as a whole or not at all: see that one."""

    code = "GROUP_REJECTED"


class GroupBroken(Rejection):
    """It says that it is part of a group, and the changes beside it in the push say otherwise: send the group whole."""

    code = "GROUP_BROKEN"


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
