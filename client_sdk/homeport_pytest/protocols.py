"""What the fixtures give, as types to annotate tests with.

def test_nobody_sees_an_empty_title(fleet: Fleets, network: Networks) -> None:
    fleet(devices=10, network=network("subway"), invariants=[no_empty_titles])
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar, Unpack

if TYPE_CHECKING:  # a type is no reason to load what it is a type of
    from homeport_client import Device, DeviceLimits
    from homeport_client.fleet import Fleet, Gaps, Network, Persona, Phase, Played, Script
    from homeport_client.fleet.networks import Range
    from homeport_client.fleet.script import Invariant

Result = TypeVar("Result")


class NetworkValues(TypedDict, total=False):
    """The values of a `Network`, and of its incidents the rate (0 to 1) of each."""

    delay_s: Range
    bytes_per_s: float
    gaps: Gaps | None
    lose_poke: float
    sockets: bool
    body_bytes_max: int
    late_s: float
    patience_s: float
    lose_request: float
    lose_answer: float
    cut_request: float
    cut_answer: float
    double: float
    late: float
    slow: float
    portal: float
    bad_gateway: float
    too_large: float


class ScriptValues(TypedDict, total=False):
    """The values of a `Script`. A network may be said by its name."""

    devices: int
    duration_s: float
    personas: Sequence[Persona]
    network: Network | str | None
    phases: Sequence[Phase]
    phones_per_user: float
    circle: int
    roots: int
    crashes: int
    storms: int
    clones: int
    watched: int
    invariants: Sequence[Invariant]
    thresholds: Sequence[str]


class VirtualTime(Protocol):
    """The fixture `virtual_time`."""

    def __call__(self, main: Coroutine[Any, Any, Result]) -> Result:
        """What `main` returns, in an event loop whose clock jumps to the next timer when nothing is ready. Raises
        `Deadlock` when somebody waits for what no timer brings."""


class Networks(Protocol):
    """The fixture `network`."""

    def __call__(self, name: str = "perfect", **values: Unpack[NetworkValues]) -> Network:
        """The network of that name, with some of its values otherwise."""


class Fleets(Protocol):
    """The fixture `fleet`."""

    @property
    def seed(self) -> int:
        """What is drawn from, unless a call says otherwise: the same in the whole run."""

    def __call__(
        self, script: Script | None = None, /, *, seed: int | None = None, **values: Unpack[ScriptValues]
    ) -> Played:
        """Plays a script, or the default one, with some of its values otherwise. The test fails if a check complains or
        a threshold is missed."""

    def scene(
        self,
        plot: Callable[[Fleet], Awaitable[None]],
        *,
        devices: int = 2,
        network: Network | str = "perfect",
        invariants: Sequence[Invariant] = (),
        seed: int | None = None,
    ) -> Played:
        """What `plot` does with phones that are on when it begins, one for each user. The test fails if the plot does,
        or if a check complains when everything has healed afterwards."""


class Server(Protocol):
    """The fixture `homeport_server`: a process of its own, for the whole run; a tenant of its own for each test."""

    @property
    def url(self) -> str:
        """Where it listens, in every life."""

    @property
    def app(self) -> Path:
        """The app that it serves."""

    @property
    def tenant(self) -> str:
        """The test's own."""

    @property
    def running(self) -> bool:
        """Whether there is a process."""

    def token(self, user: str) -> str:
        """A token of that user in the test's tenant."""

    def kill(self) -> None:
        """SIGKILL. Harmless when nothing runs."""

    def start(self) -> None:
        """A new process on the same data, ready when this returns. Harmless when one runs."""


class Devices(Protocol):
    """The fixture `device`."""

    def __call__(
        self, user: str, *, network: Network | str | None = None, limits: DeviceLimits | None = None
    ) -> Awaitable[Device]:
        """A real device of that user on the test's server, its replica in memory, closed when the test is over. With a
        network there is a proxy before the server, which does to real bytes what the network does."""
