"""Why one change is refused. The others of its push go through, and this one waits in quarantine (I7).

    Rejection
    ├── UnknownKind         UNKNOWN_KIND
    ├── UnknownField        UNKNOWN_FIELD
    ├── WrongType           WRONG_TYPE
    ├── WrongId             WRONG_ID
    ├── DocumentTooLarge    DOCUMENT_TOO_LARGE
    ├── ScopeForbidden      SCOPE_FORBIDDEN
    ├── ScopeGone           SCOPE_GONE
    ├── RoleForbidden       ROLE_FORBIDDEN
    ├── NotPublic           NOT_PUBLIC
    ├── NotAllowed          NOT_ALLOWED
    ├── RuleFailed          RULE_FAILED
    ├── RecordGone          RECORD_GONE
    ├── RecordExists        RECORD_EXISTS
    ├── Stale               STALE
    ├── CounterFull         COUNTER_FULL
    ├── SetFull             SET_FULL
    ├── RankFull            RANK_FULL
    ├── ResolverFailed      RESOLVER_FAILED
    ├── NotUnique           NOT_UNIQUE
    ├── ReferenceGone       REFERENCE_GONE
    ├── StillReferenced     STILL_REFERENCED
    ├── CascadeTooLarge     CASCADE_TOO_LARGE
    ├── UnknownCommand      UNKNOWN_COMMAND
    ├── CommandRefused      COMMAND_REFUSED
    ├── CommandFailed       COMMAND_FAILED
    ├── CommandTimedOut     COMMAND_TIMED_OUT
    ├── CommandTooLarge     COMMAND_TOO_LARGE
    ├── DependsOnRejected   DEPENDS_ON_REJECTED
    ├── GroupRejected       GROUP_REJECTED
    └── GroupBroken         GROUP_BROKEN

The docstring of each class is its default message. A code, once published, never changes its meaning.
"""

from __future__ import annotations

from homeport_sync.errors import Fix


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
    """There is no such record, it is deleted, or it went where you have no grant: it cannot be changed."""

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
