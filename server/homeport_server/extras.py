"""The extras of the package that a setting may call for, and the one sentence for one that is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from homeport_server.errors import BadSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """`what` needs the distribution `package`, which is imported as `module`, and `others` that come with it."""

    name: str
    what: str
    package: str
    module: str
    others: frozenset[str] = frozenset()

    @property
    def missing(self) -> str:
        """What is wrong without it."""
        return f"{self.what} needs {self.package}, which is not installed"

    @property
    def mend(self) -> str:
        """What to do then. Homeport is on no index yet, so whoever has a clone is told what works there."""
        return f"pip install 'homeport[server,{self.name}]', or in a clone of Homeport: make develop"


POSTGRES = Extra(name="postgres", what="PostgreSQL", package="asyncpg", module="asyncpg")
NATS = Extra(name="nats", what="NATS", package="nats-py", module="nats")
_SENDING = frozenset({"hpack", "h11", "jwt", "cryptography"})
NOTIFY = Extra(name="notify", what="An emulated provider", package="cryptography", module="cryptography")
FCM = Extra(name="notify", what="FCM", package="pyfcm", module="pyfcm", others=_SENDING)
APNS = Extra(name="notify", what="APNs", package="cryptography", module="cryptography", others=_SENDING)


@contextmanager
def needing(extra: Extra) -> Iterator[None]:
    """Around an import: raises `BadSetting`, saying what to install, if the extra is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {extra.module, *extra.others}:
            raise  # something else is missing, and that is a fault of ours
        raise BadSetting(f"{extra.missing}: {extra.mend}.") from error
