"""All phones that a provider knows, the topics they are in, and the targets it was told are gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Final

from homeport_notify.emulator import limits
from homeport_notify.emulator.condition import Condition
from homeport_notify.emulator.phone import Phone, PhoneKind, PhonePlatform
from homeport_notify.emulator.tally import PhoneTally
from homeport_notify.errors import BadEmulation

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_FID_LENGTH: Final = 22
_TOKEN_TAIL_LENGTH: Final = 134
_TARGET: Final = re.compile(r"[A-Za-z0-9:_-]{1,4096}\Z")


class Phones:
    """Targets are drawn from the seed. A target that is gone stays so until it registers again."""

    def __init__(self, project: str, seed: int, clock: Callable[[], int], tally: PhoneTally) -> None:
        self._project = project
        self._random = Random(f"{seed}/targets")
        self._clock = clock
        self._tally = tally
        self._phones: dict[str, Phone] = {}
        self._topics: dict[str, dict[str, Phone]] = {}
        self._gone_ms: dict[str, int] = {}

    def register(
        self,
        kind: PhoneKind = "token",
        platform: PhonePlatform = "android",
        *,
        target: str = "",
        project: str = "",
        topic: str = "",
        topics: Iterable[str] = (),
    ) -> Phone:
        """A phone with a fresh target, or with this one. `project` is whose it is, the emulated one's if "". Raises
        `BadEmulation`."""
        target = target or self._fresh(kind)
        if not _TARGET.match(target):
            raise BadEmulation("The target of a phone is 1 to 4,096 of A-Z, a-z, 0-9, colon, underscore and hyphen.")
        if len(self._phones) >= limits.PHONES_MAX and target not in self._phones:
            raise BadEmulation(f"There are {limits.PHONES_MAX:,} phones: remove some.")
        self._gone_ms.pop(target, None)
        phone = self._phones.get(target)
        if phone is None:
            phone = self._phones[target] = Phone(
                target,
                kind,
                platform,
                project=project or self._project,
                topic=topic,
                clock=self._clock,
                tally=self._tally,
            )
            self._tally.registered += 1
        for each in topics:
            self._topics.setdefault(each, {})[target] = phone
        return phone

    def find(self, target: str) -> Phone | None:
        """The phone, if it registered here."""
        return self._phones.get(target)

    def gone_since_ms(self, target: str) -> int | None:
        """Since when nobody is there, None if somebody may be."""
        return self._gone_ms.get(target)

    def lose(self, targets: Iterable[str]) -> None:
        """The app was removed from these phones: from now on they are gone. Raises `BadEmulation` when there are too
        many."""
        now_ms = self._clock()
        for target in targets:
            if len(self._gone_ms) >= limits.GONE_MAX:
                raise BadEmulation(f"{limits.GONE_MAX:,} targets are gone already: forget them first.")
            self._gone_ms.setdefault(target, now_ms)
            phone = self._phones.pop(target, None)
            if phone is not None:
                phone.vanish()
                self._tally.registered -= 1
                for members in self._topics.values():
                    members.pop(target, None)

    def regain(self) -> None:
        """Nobody is gone any more."""
        self._gone_ms.clear()

    def in_topic(self, topic: str) -> Sequence[Phone]:
        """The phones that are in it."""
        return tuple(self._topics.get(topic, {}).values())

    def that(self, condition: Condition) -> Iterator[Phone]:
        """The phones whose topics are meant."""
        for target, phone in tuple(self._phones.items()):
            if condition({topic for topic, members in self._topics.items() if target in members}):
                yield phone

    def __iter__(self) -> Iterator[Phone]:
        return iter(tuple(self._phones.values()))

    def __len__(self) -> int:
        return len(self._phones)

    def _fresh(self, kind: PhoneKind) -> str:
        if kind == "apns":
            return f"{self._random.getrandbits(256):064x}"
        fid = self._random.choice("cdef") + "".join(self._random.choices(_LETTERS, k=_FID_LENGTH - 1))
        if kind == "fid":
            return fid
        return f"{fid}:APA91b{''.join(self._random.choices(_LETTERS, k=_TOKEN_TAIL_LENGTH))}"
