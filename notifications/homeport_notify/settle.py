"""What becomes of a delivery once its provider has answered. One table, pure: `answer.Fate` in, what is written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from msgspec.structs import replace

from homeport_notify import limits
from homeport_notify.address import Address, ChannelName, Retired
from homeport_notify.answer import NO_TIME, Answer, Fate
from homeport_notify.backoff import given_up, retry_at_ms
from homeport_notify.chunk import ChunkWrites, DeadLetter, Deferred, LeasedChunk
from homeport_notify.delivery import DeliveryState

_FAILED: Final = frozenset({Fate.UNAVAILABLE, Fate.UNANSWERED, Fate.NOT_SENT})
_FAILURES_MIN: Final = 2  # one that fails alone says nothing of the provider
# Of those who were asked: given up. The others were not asked at all.
_NOT_TAKEN: Final = frozenset(
    {DeliveryState.FAILED, DeliveryState.MUTED, DeliveryState.SEEN, DeliveryState.EXPIRED, DeliveryState.RETIRED}
)


@dataclass(slots=True)
class Ledger:
    """What a worker has learnt of its chunk and not written yet. `states` are those of the whole chunk."""

    leased: LeasedChunk
    states: bytearray
    random: Random  # asked once a window, so that what fails together stays together in a chunk
    deferred: dict[tuple[int, int], list[str]] = field(default_factory=dict)  # by due time and attempt
    dead: list[DeadLetter] = field(default_factory=list)
    retired: list[tuple[Address, Retired]] = field(default_factory=list)
    struck: list[Address] = field(default_factory=list)
    first_at_ms: int = 0
    _chance: float = -1.0

    def defer(self, place: int, address: str, at_ms: int, *, attempt: int = 0) -> None:
        """It goes on in another chunk, at that time, as one that failed `attempt` times; with 0 its time to be tried in
        begins anew."""
        self.deferred.setdefault((at_ms, attempt), []).append(address)
        self.states[place] = DeliveryState.DEFERRED

    def bury(self, place: int, address: str, answer: Answer, now_ms: int) -> None:
        """It is given up."""
        self.states[place] = DeliveryState.FAILED
        self.dead.append(
            DeadLetter(
                notification=self.leased.notification.id,
                address=address,
                code=answer.code or answer.fate.name,
                detail=answer.detail,
                failed_at_ms=now_ms,
            )
        )

    def settle(self, place: int, address: Address, answer: Answer, now_ms: int) -> None:
        """Enter what the provider said of the delivery to the address, as it was when it was sent to."""
        match answer.fate:
            case Fate.SENT:
                self.states[place] = DeliveryState.SENT
            case Fate.GONE:
                self.states[place] = DeliveryState.GONE
                if answer.gone_at_ms is None or address.seen_at_ms <= answer.gone_at_ms:
                    self.retired.append((address, "gone"))
            case Fate.BAD_TARGET:
                self.struck.append(address)
                self.bury(place, address.id, answer, now_ms)
            case Fate.BAD_MESSAGE | Fate.MISCONFIGURED if is_final(answer):
                self.bury(place, address.id, answer, now_ms)
            case Fate.UNANSWERED if not self.leased.notification.sent_again:
                self.states[place] = DeliveryState.UNKNOWN
            case Fate.NOT_SENT | Fate.MISCONFIGURED if self._stays(answer):
                self.states[place] = DeliveryState.WAITING
            case Fate.MISCONFIGURED if answer.narrow != "platform":
                self.wait(place, address.id, now_ms + (answer.retry_after_ms or limits.MISCONFIGURED_MS))
            case Fate.THROTTLED:
                self.wait(place, address.id, now_ms + (answer.retry_after_ms or limits.THROTTLED_MS))
            case _:
                self._try_again(place, address.id, answer, now_ms)

    def _stays(self, answer: Answer) -> bool:
        """Whether it waits where it is: it had no time, or the notification pauses until somebody mends something."""
        return answer.code == NO_TIME or pauses(answer, self.leased.notification.lane)

    def writes(self) -> ChunkWrites:
        """All of it, to be written; from here on it begins anew."""
        first_ms = self.leased.chunk.first_at_ms or self.first_at_ms
        written = ChunkWrites(
            states=bytes(self.states),
            deferred=[
                Deferred(addresses=addresses, due_at_ms=due, attempt=attempt, first_at_ms=first_ms if attempt else 0)
                for (due, attempt), addresses in self.deferred.items()
            ],
            dead=self.dead,
            retired=self.retired,
            struck=self.struck,
        )
        self.deferred, self.dead, self.retired, self.struck, self._chance = {}, [], [], [], -1.0
        return written

    def wait(self, place: int, address: str, at_ms: int) -> None:
        """For the channel, or for its turn: it is not the delivery's fault, so its tries do not count."""
        if at_ms >= self.leased.notification.expires_at_ms:
            self.states[place] = DeliveryState.EXPIRED
        else:
            self.defer(place, address, _rounded(at_ms), attempt=self.leased.chunk.attempt)

    def _try_again(self, place: int, address: str, answer: Answer, now_ms: int) -> None:
        attempt = self.leased.chunk.attempt
        if self._chance < 0:
            self._chance = self.random.random()
        again_ms = retry_at_ms(attempt, now_ms, self._chance, after_ms=answer.retry_after_ms)
        first_ms = self.leased.chunk.first_at_ms or self.first_at_ms or now_ms
        if given_up(first_ms, again_ms, self.leased.notification.expires_at_ms, attempt=attempt):
            self.bury(place, address, answer, now_ms)
        else:
            self.defer(place, address, _rounded(again_ms), attempt=attempt + 1)


def is_final(answer: Answer) -> bool:
    """Whether waiting mends nothing: the message is refused as such, or this device alone is of another project."""
    return answer.fate is Fate.BAD_MESSAGE or (answer.fate is Fate.MISCONFIGURED and answer.narrow == "device")


def about_all(answers: Sequence[tuple[int, Answer]]) -> Sequence[tuple[int, Answer]]:
    """The answers by their places, as they have to be read together: one phone of another project is its own affair,
    but when most of them are, it is our project that is wrong."""
    strangers = sum(each.fate is Fate.MISCONFIGURED and each.narrow == "device" for _, each in answers)
    if not is_outage(len(answers), strangers):
        return answers
    return [
        (place, replace(each, narrow="account") if each.fate is Fate.MISCONFIGURED else each) for place, each in answers
    ]


def is_outage(answers: int, failed: int, speed: float = 1.0) -> bool:
    """Whether so many failed that it is the provider, and not these deliveries. At a lower `speed` (`backoff.ramp`)
    fewer were asked, and so fewer are enough: a provider that has just come back is left alone again."""
    enough = max(limits.SAME_ERRORS_MAX * speed, _FAILURES_MIN)
    return failed >= enough and failed >= answers * limits.OUTAGE_SHARE


def has_failed(answer: Answer) -> bool:
    """Whether the answer says that the provider is in trouble, not just whom this one delivery goes to."""
    return answer.fate in _FAILED and answer.code != NO_TIME and answer.narrow == "account"


def is_refused(refused: int, chunk: int, states: bytes | bytearray) -> bool:
    """Whether the message itself is at fault: so many of a chunk say so, or all do who were asked first. A few of many
    say nothing of the others."""
    return refused >= limits.SAME_ERRORS_MAX or (chunk == 0 and set(states) <= _NOT_TAKEN)


def names_channel(answer: Answer) -> bool:
    """Whether the answer is about the whole channel, and so all who use it wait."""
    about_all = answer.fate in {Fate.THROTTLED, Fate.MISCONFIGURED}
    return about_all and answer.narrow == "account"


def gravity(answer: Answer) -> tuple[bool, int]:
    """Of answers that name the channel, the gravest is heeded: what is set up wrongly, then who wants longest to be
    left alone."""
    return answer.fate is Fate.MISCONFIGURED, answer.retry_after_ms or 0


def pauses(answer: Answer, lane: str) -> bool:
    """Whether somebody has to look before a campaign goes on. What one person waits for tries again by itself."""
    return answer.fate is Fate.MISCONFIGURED and answer.narrow == "account" and lane == "bulk"


def _rounded(at_ms: int) -> int:
    """To whole seconds, upwards, so that those that come back at one time share a chunk."""
    return -(-at_ms // 1_000) * 1_000


def reason_of(channel: ChannelName, answer: Answer) -> str:
    """Why a channel is closed or a notification paused, for people."""
    return f"{channel}: {answer.code or answer.fate.name}: {answer.detail}".removesuffix(": ")
