"""The precompiled operations answer as the ordinary executor does, whatever is sent."""

import asyncio
import io
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from homeport_notify.memory import MemoryNotifyStore
from homeport_server.accounts import Accounts
from homeport_server.app import make_notifier, make_tokens
from homeport_server.edge.admission import requests_admission
from homeport_server.edge.context import Call, Rooms
from homeport_server.edge.holds import Holds
from homeport_server.edge.http import GraphqlOverHttp
from homeport_server.edge.operations import precompiled
from homeport_server.edge.schema import make_schema
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics
from homeport_server.observe.samples import Samples
from homeport_server.observe.tracing.port import NoTracer
from homeport_server.observe.troubles import Troubles
from homeport_server.pokes import PokeHub
from homeport_server.secret import Secret
from homeport_server.tokens import Caller
from homeport_sync.errors import CursorInvalid, Overloaded, Unavailable
from homeport_sync.memory import MemoryStore
from homeport_sync.ports import Tenant
from homeport_sync.signals import LocalSignals
from homeport_sync.wire import PULL, PULL_CHOSEN, PUSH, PUSH_RECEIPTS, PullMessage, PushMessage
from tests.edge.world import SETTINGS, Clock, app

FAILURES: Mapping[str, Exception] = {
    "overloaded": Overloaded(retryAfterMs=1_000),
    "cursor": CursorInvalid(),
    "store": Unavailable(),
    "bug": RuntimeError("a secret detail"),
}


@dataclass(frozen=True, slots=True)
class Echoed:
    text: bytes
    verdicts: Mapping[str, int]
    codes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Echo:
    """An exchange that answers with the message it got, or fails when the device is called after a failure."""

    async def push(self, tenant: str, user: str, message: PushMessage, *, request_id: str) -> Echoed:
        changes = [msgspec.json.decode(change) for change in message.changes]
        return Echoed(self._told(tenant, user, request_id, replace_changes(message, changes)), {"applied": 1})

    async def pull(self, tenant: str, user: str, message: PullMessage) -> bytes:
        return self._told(tenant, user, "", message)

    def _told(self, tenant: str, user: str, request_id: str, message: PullMessage | dict[str, Any]) -> bytes:
        told = msgspec.to_builtins(message)
        if told["device"] in FAILURES:
            raise FAILURES[told["device"]]
        return msgspec.json.encode([tenant, user, request_id, told])


def replace_changes(message: PushMessage, changes: list[object]) -> dict[str, Any]:
    asked = message.pull
    pull = None if asked is None else [asked.cursor, asked.limit, msgspec.to_builtins(asked.choice)]
    return {
        "device": message.device,
        "changes": changes,
        "confirmed": message.confirmed,
        "clock_ms": message.clock_ms,
        "pull": pull,
        "receipts": msgspec.to_builtins(message.receipts),
    }


class OneTenant:
    """The tenants of a store that has one."""

    _tenant = Tenant(id="t1", name="demo", created_at_ms=1)

    async def create(self, name: str, *, id: str, epoch: str, now_ms: int) -> Tenant:
        return self._tenant

    async def find(self, id_or_name: str) -> Tenant | None:
        return self._tenant

    async def tenants(self, after: str, limit: int) -> Sequence[Tenant]:
        return [self._tenant]


@cache
def endpoint() -> tuple[GraphqlOverHttp, str, Rooms]:
    store, clock, log, secret = MemoryStore(), Clock(), make_log("info", io.BytesIO()), Secret(os.urandom(32))
    tokens = make_tokens(SETTINGS, secret, clock)
    metrics = Metrics()
    rooms = Rooms(
        exchange=Echo(),  # type: ignore[arg-type]  # it has what the edge calls
        accounts=Accounts(tokens, OneTenant(), clock, cached_max=10),
        pokes=PokeHub(store, LocalSignals(), log, poll_s=1, metrics=metrics, wall_ms=clock),
        log=log,
        troubles=Troubles(log),
        metrics=metrics,
        samples=Samples(clock, place_of=lambda *_: None, since_ms=lambda *_: None),
        tracer=NoTracer(),
        settings=replace(SETTINGS, body_bytes_max=10_000_000),
        wall_ms=clock,
        notifier=make_notifier(store, MemoryNotifyStore(), LocalSignals(), metrics=metrics, log=log, clock=clock),
        catalog=app.catalog,
        queries=store,
        quarantine=store,
    )
    return (
        GraphqlOverHttp(make_schema(app.catalog), rooms, requests_admission(rooms), Holds(0, 1)),
        tokens.issue(user="ana", tenant="t1", ttl_s=60),
        rooms,
    )


async def post(request: Mapping[str, object]) -> tuple[int, Any]:
    """Status and JSON of the answer."""
    application, token, _ = endpoint()
    body = json.dumps(request).encode()
    headers = [
        (b"authorization", f"Bearer {token}".encode()),
        (b"content-type", b"application/json"),
        (b"x-request-id", b"r1"),
    ]
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    await application({"type": "http", "method": "POST", "headers": headers}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


json_values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(min_value=-(2**70), max_value=2**70)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)
numbers = some.integers(-5, 5) | some.sampled_from([2**31 - 1, 2**31, -(2**31) - 1, 2**63 - 1, 2**63, 2**70])
devices = some.sampled_from(["d1", "", *FAILURES]) | json_values
good_receipts = some.fixed_dictionaries(
    {
        "scope": some.just("00000000-0000-4000-8000-00000000000a"),
        "position": some.integers(1, 2**53 - 1),
        "droppedMs": some.integers(0, 2**48),
    },
    optional={"unknown": json_values},
)
bad_receipts = some.fixed_dictionaries({}, optional=dict.fromkeys(("scope", "position", "droppedMs"), json_values))
receipts = some.none() | some.lists(good_receipts, max_size=2) | some.lists(good_receipts | bad_receipts, max_size=2)
ids = some.lists(some.text("ab", max_size=2) | json_values, max_size=3) | json_values
good_ids = some.none() | some.lists(some.text("ab", max_size=2), max_size=3)
good_choices = some.none() | some.fixed_dictionaries({}, optional={"scopes": good_ids, "leaveOut": good_ids})
choices = good_choices | some.fixed_dictionaries({}, optional={"scopes": ids, "leaveOut": ids, "unknown": json_values})
page_fields = {
    "cursor": some.text("abc", max_size=3) | json_values,
    "limit": numbers | json_values,
    "choice": choices | json_values,
}
pull_inputs = some.fixed_dictionaries({}, optional={**page_fields, "unknown": json_values})
push_variables = some.fixed_dictionaries(
    {"device": devices, "changes": some.lists(json_values, max_size=3) | json_values},
    optional={
        "confirmed": numbers | json_values,
        "clockMs": numbers | json_values,
        "pull": pull_inputs | json_values,
        "receipts": receipts | json_values,
        "unknown": json_values,
    },
)
pull_variables = some.fixed_dictionaries({}, optional={"device": devices, **page_fields, "unknown": json_values})
good_push = some.fixed_dictionaries(
    {"device": some.sampled_from(["d1", *FAILURES]), "changes": some.lists(json_values, max_size=3)},
    optional={
        "confirmed": some.none() | some.integers(0, 2**53),
        "clockMs": some.none() | some.integers(0, 2**53),
        "pull": some.none()
        | some.fixed_dictionaries(
            {}, optional={"cursor": some.none() | some.text("ab"), "limit": some.integers(1, 9), "choice": good_choices}
        ),
        "receipts": receipts,
    },
)

good_pull = some.fixed_dictionaries({"device": some.just("d1")}, optional={"choice": good_choices})


@given(
    some.tuples(some.sampled_from([PUSH, PUSH_RECEIPTS]), good_push | push_variables)
    | some.tuples(some.sampled_from([PULL, PULL_CHOSEN]), pull_variables | good_pull),
    some.sampled_from([{}, {"operationName": None}, {"operationName": "Push"}, {"operationName": 5}]),
)
@settings(max_examples=300, deadline=None)
def test_a_precompiled_answer_equals_the_ordinary_one(
    asked: tuple[str, dict[str, object]], more: dict[str, object]
) -> None:
    document, variables = asked
    request = {"query": document, "variables": variables, **more}

    async def both() -> tuple[object, object]:
        return await post(request), await post({**request, "query": document + " "})

    fast, ordinary = asyncio.run(both())
    assert fast == ordinary


@pytest.mark.parametrize("variables", [None, [], "x", 5])
async def test_variables_of_another_shape_are_judged_by_the_executor(variables: object) -> None:
    request = {"query": PULL, "variables": variables}
    assert await post(request) == await post({**request, "query": PULL + " "})


@pytest.mark.parametrize("device", FAILURES)
async def test_an_error_is_the_same_both_ways_and_what_is_unexpected_is_masked(device: str) -> None:
    _, fast = await post({"query": PULL, "variables": {"device": device}})
    _, ordinary = await post({"query": PULL + " ", "variables": {"device": device}})
    assert fast == ordinary
    assert fast["data"] is None
    assert fast["errors"][0]["path"] == ["pull"]
    assert fast["errors"][0]["extensions"]["requestId"] == "r1"
    assert "a secret detail" not in json.dumps(fast)


async def test_the_cause_of_what_was_unexpected_stands_in_the_log_with_the_request_id() -> None:
    _, _, rooms = endpoint()
    out = io.BytesIO()
    log = make_log("info", out)
    call = Call(
        rooms=replace(rooms, log=log, troubles=Troubles(log)),
        caller=Caller(tenant="t1", user="ana", expires_at_ms=0),
        request_id="r2",
    )
    await precompiled()[PULL].answer(msgspec.Raw(b'{"device":"bug"}'), call)
    await precompiled()[PULL].answer(msgspec.Raw(b'{"device":"cursor"}'), call)
    await asyncio.sleep(0)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert Counter(line["event"] for line in lines) == {"failed": 1, "pull": 2}
    assert [line["error"] for line in lines if line["event"] == "pull"] == ["INTERNAL", "CURSOR_INVALID"]
    (failed,) = (line for line in lines if line["event"] == "failed")
    assert failed["request_id"] == "r2"
    assert "a secret detail" in failed["exception"]
