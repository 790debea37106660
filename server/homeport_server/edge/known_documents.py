"""The documents that were checked once and need not be again, and what those cost who sends new ones.

Checking costs a millisecond and more; nearly every request brings a document that is known. They are counted by who
brought them: a flood of new ones pushes out its own, never those that everybody else's apps live by. And it is slowed:
what one user's new documents may cost a second is limited, whether they are valid or not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from homeport_server.errors import TooManyNewDocuments

TOKENS_KEPT_MAX: Final = 50_000  # about 620 bytes each
TENANT_SHARE: Final = 0.5
BURST_S: Final = 25
DEBTORS_SWEPT_AT: Final = 1_000


class Sized(Protocol):
    """A document that was checked."""

    @property
    def tokens(self) -> int:
        """How much room it takes."""


Checked = TypeVar("Checked", bound=Sized)


class KnownDocuments(Generic[Checked]):
    """Checked documents by their text, as many as there is room for: `tokens_max` of all, half of it for one tenant."""

    def __init__(self, tokens_max: int = TOKENS_KEPT_MAX) -> None:
        self._tokens_max = tokens_max
        self._all: dict[str, tuple[Checked, str]] = {}
        self._brought: dict[str, OrderedDict[str, int]] = {}  # by tenant: its texts, the least used first
        self._tokens: dict[str, int] = {}
        self._sum = 0

    def get(self, text: str) -> Checked | None:
        """The document of that text, if it is known."""
        found = self._all.get(text)
        if found is None:
            return None
        self._brought[found[1]].move_to_end(text)
        return found[0]

    def keep(self, text: str, checked: Checked, tenant: str) -> None:
        """Keep it for the next time."""
        if checked.tokens > self._tokens_max * TENANT_SHARE or text in self._all:
            return
        self._all[text] = (checked, tenant)
        self._brought.setdefault(tenant, OrderedDict())[text] = checked.tokens
        self._tokens[tenant] = self._tokens.get(tenant, 0) + checked.tokens
        self._sum += checked.tokens
        while self._tokens[tenant] > self._tokens_max * TENANT_SHARE:
            self._drop(tenant)
        while self._sum > self._tokens_max:
            self._drop(max(self._tokens, key=self._tokens.__getitem__))

    def _drop(self, tenant: str) -> None:
        text, tokens = self._brought[tenant].popitem(last=False)
        del self._all[text]
        self._sum -= tokens
        self._tokens[tenant] -= tokens
        if not self._brought[tenant]:
            del self._brought[tenant], self._tokens[tenant]


class Debts:
    """What each user's new documents have cost lately, in ms, of which `ms_a_s` are forgotten a second (0: all)."""

    def __init__(self, ms_a_s: int, now_s: Callable[[], float]) -> None:
        self._ms_a_s = ms_a_s
        self._now_s = now_s
        self._paid_at_s: dict[tuple[str, str], float] = {}  # when each will owe nothing any more

    def check(self, who: tuple[str, str]) -> None:
        """Raises `TooManyNewDocuments` if they owe more than `BURST_S` seconds can make good."""
        after_s = self._paid_at_s.get(who, 0.0) - self._now_s() - BURST_S
        if after_s > 0:
            raise TooManyNewDocuments(retryAfterMs=int(after_s * 1_000) + 1)

    def add(self, who: tuple[str, str], cost_ms: float) -> None:
        """They have cost that much more."""
        if not self._ms_a_s:
            return
        now = self._now_s()
        if len(self._paid_at_s) >= DEBTORS_SWEPT_AT:
            self._paid_at_s = {each: at for each, at in self._paid_at_s.items() if at > now}
        self._paid_at_s[who] = max(self._paid_at_s.get(who, now), now) + cost_ms / self._ms_a_s
