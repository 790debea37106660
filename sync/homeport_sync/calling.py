"""Calling a command in the intake: granted and valid, run within its time, and what it writes laid over the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias, TypeVar

from homeport_sync.call import Call
from homeport_sync.catalog import Catalog, Command
from homeport_sync.change import Change, Record
from homeport_sync.overlay import Overlay
from homeport_sync.permission import granted
from homeport_sync.push import Push
from homeport_sync.rejections import CommandFailed, RecordExists, Rejection, RoleForbidden, ScopeGone, WrongId
from homeport_sync.verdict import judge
from homeport_sync.writing import JudgedChange, write_keyed

Body: TypeAlias = Callable[[], None]
T = TypeVar("T")


class Halted(BaseException):
    """Raised into a command from outside: no failure of its own, so it passes the app's handlers and those here."""


class Allowance(Protocol):
    """The time that the commands of one commit batch may take."""

    @property
    def spent(self) -> bool:
        """Whether nothing is left of it, or no command may begin now."""

    def begin_unit(self) -> None:
        """What is called from now on is decided as one."""

    def call(self, body: Body) -> None:
        """Run the body. Raises what it raises, `CommandTimedOut` when it does not end in its time or what is decided as
        one in that of the batch, and `Overloaded` when others have left it too little."""


class Runner(Protocol):
    """Where commands run, so that a slow one holds up nobody."""

    def allowance(self) -> Allowance:
        """That of the next commit batch."""

    async def aside(self, work: Callable[[], T]) -> T:
        """Do work that may take its time, and let the event loop go on."""


class Unlimited:
    """As long as they like."""

    spent = False

    def begin_unit(self) -> None:
        """See `Allowance`."""

    def call(self, body: Body) -> None:
        """See `Allowance`."""
        body()


UNLIMITED: Final[Allowance] = Unlimited()


class AtOnce:
    """Where time is virtual, and each run must be as the last: at once, and as long as it takes."""

    def allowance(self) -> Allowance:
        """See `Runner`."""
        return UNLIMITED

    async def aside(self, work: Callable[[], T]) -> T:
        """See `Runner`."""
        return work()


class Found:
    """What a command finds in an overlay."""

    def __init__(self, there: Overlay) -> None:
        self._there = there

    def record(self, id: str) -> Record | None:
        """See `call.Records`."""
        stored = self._there.record(id)
        return stored.record if stored else None

    def of_kind(self, scope: str, kind: str) -> Sequence[Record]:
        """See `call.Records`."""
        return [stored.record for stored in self._there.of_kind(scope, kind)]


def check_call(push: Push, change: Change, catalog: Catalog, there: Overlay) -> tuple[Command, str]:
    """Steps 2 and 3 for a call: the command, and the caller's role. Raises the `Rejection` of the first that fails."""
    command = catalog.command(change.kind)
    grant = granted(push, change, there)  # step 2
    command.check(change.fields)  # step 3
    if not catalog.role(grant.role).may_write(command.name):
        raise RoleForbidden(f"Your role, {grant.role}, may not call {command.name}: ask an owner for another one.")
    root = there.record(change.scope)
    if root is None or root.record.deleted:
        raise ScopeGone
    if root.record.kind != command.scope:
        raise WrongId(f"{command.name} is called within a {command.scope}, and this scope is a {root.record.kind}.")
    return command, grant.role


def run(command: Command, call: Call, time: Allowance) -> None:
    """Step 5 for a call. Raises `CommandRefused`, `CommandTooLarge`, what `Allowance.call` raises, or `CommandFailed`
    for whatever else the function raises, be it no `Exception`: half of it must not take effect."""
    time.call(lambda: _body(command, call))


def append(push: Push, call: Call, catalog: Catalog, there: Overlay, now_ms: int) -> None:
    """Steps 6 and 7 for a call: what it has written. Raises the `Rejection` of what cannot be, beside other records:
    `RecordExists` if it makes what is there, which can only be if the same call was made before and was not known."""
    kinds, effects = catalog.kinds, list[JudgedChange]()
    for each in call.effects():
        if each.op == "create" and there.beside(each.id) is not None:
            raise RecordExists("What it makes is there already: it was called before. Call it again as a new change.")
        effects.append((each, judge(there.record(each.id), each, kinds[each.kind], push.device)))
    if any(kinds[effect.kind].keyed for effect, _ in effects):
        write_keyed(push, effects, catalog, there, now_ms)
        return
    for effect, judged in effects:
        there.append(push, effect, judged, now_ms)


def _body(command: Command, call: Call) -> None:
    try:
        command.function(call, **call.arguments)
    except Rejection as refused:
        if refused.code.startswith("COMMAND_"):
            raise
        raise CommandFailed(f"{command.name} was refused what it did: {refused.message}") from refused
    except Halted:
        raise
    except BaseException as error:  # SystemExit, too, must take down neither the batch nor its thread
        raise CommandFailed(f"{command.name} raised {type(error).__name__}: {error}.") from error
