"""A server by other hands: `h2` at the other end of our HTTP/2, with no socket, and with a script of what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes

from homeport_notify.answer import Answer
from homeport_notify.transport import Head, Reply

HEAD = Head("/send", (("authorization", "Bearer " + "x" * 900), ("content-type", "application/json")))


@dataclass
class Heard:
    """A request as it arrived."""

    stream: int
    headers: list[tuple[str, str]]
    never_indexed: frozenset[str]
    body: bytes = b""

    def __getitem__(self, name: str) -> str:
        return dict(self.headers)[name]


# What is done with a request that is whole.
Script = Callable[["FarEnd", Heard], None]


def echo(far: FarEnd, heard: Heard) -> None:
    """Answer with what came."""
    far.reply(heard.stream, 200, heard.body)


def keep_silent(_far: FarEnd, _heard: Heard) -> None:
    """Answer nothing."""


@dataclass
class FarEnd:
    """One connection, at the server's side. `reads`: it gives windows back as it reads."""

    script: Script = echo
    settings: Mapping[SettingCodes, int] = field(default_factory=dict)
    reads: bool = True
    heard: list[Heard] = field(default_factory=list)
    said: list[events.Event] = field(default_factory=list)
    under_way: dict[int, Heard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.h2.update_settings({int(name): value for name, value in self.settings.items()})

    def receive(self, data: bytes) -> bytes:
        """Take in what came; what is to be written then."""
        for event in self.h2.receive_data(data):
            self.said.append(event)
            match event:
                case events.RequestReceived():
                    self._begun(event)
                case events.DataReceived():
                    assert event.stream_id is not None
                    self.under_way[event.stream_id].body += event.data or b""
                    if self.reads:
                        self.give_back(event.stream_id, event.flow_controlled_length or 0)
                case events.StreamEnded():
                    assert event.stream_id is not None
                    heard = self.under_way.pop(event.stream_id)
                    self.heard.append(heard)
                    self.script(self, heard)
        return self.h2.data_to_send()

    def _begun(self, event: events.RequestReceived) -> None:
        assert event.stream_id is not None
        assert event.headers is not None
        pairs = [(str(name), str(value)) for name, value in event.headers]
        never = frozenset(str(each[0]) for each in event.headers if not getattr(each, "indexable", True))
        self.under_way[event.stream_id] = Heard(event.stream_id, pairs, never)

    def give_back(self, stream: int, length: int) -> None:
        """Let as many bytes come again."""
        if length:
            self.h2.acknowledge_received_data(length, stream)

    def reply(self, stream: int, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer."""
        fields = [(":status", str(status)), *(headers or {}).items()]
        self.h2.send_headers(stream, fields, end_stream=not body)
        for at in range(0, len(body), 16_384):
            self.h2.send_data(stream, body[at : at + 16_384], end_stream=at + 16_384 >= len(body))


class Replies:
    """What came back, by the place of each post; a second word about one is a fault."""

    def __init__(self) -> None:
        self.all: dict[int, Reply | Answer] = {}

    def __call__(self, index: int, reply: Reply | Answer) -> None:
        assert index not in self.all, f"The post {index} was answered twice."
        self.all[index] = reply

    @property
    def bodies(self) -> list[bytes]:
        """In order, of those that were answered with a reply."""
        replies = (self.all[index] for index in sorted(self.all))
        return [reply.body for reply in replies if isinstance(reply, Reply)]

    def codes(self) -> list[str]:
        """What each came to, in order: its status, or why there is none."""
        replies = (self.all[index] for index in sorted(self.all))
        return [str(reply.status) if isinstance(reply, Reply) else reply.code for reply in replies]
