"""Spans tell who, how much and with what end, never what; batches are linked to the pushes they hold."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from homeport_server.observe.tracing.chosen import make_tracer
from homeport_server.observe.tracing.port import NoTracer, Tracer
from homeport_sync.errors import Unavailable
from homeport_sync.wire import PULL, PUSH
from tests.edge.world import DEVICE, SETTINGS, World, ask, make_world

OTHER_DEVICE = "00000000-0000-4000-8000-00000000000b"
ON = replace(SETTINGS, traces="otlp")
FACTS = {"request_id": "r1", "tenant": "t1", "user": "ana", "device": DEVICE}


class Traced:
    """A world with traces on, and the spans it has left."""

    def __init__(self, world: World, spans: InMemorySpanExporter) -> None:
        self.world = world
        self._spans = spans

    def named(self, name: str) -> Sequence[ReadableSpan]:
        """Spans are there when the world has ended."""
        return [span for span in self._spans.get_finished_spans() if span.name == name]


@asynccontextmanager
async def traced() -> AsyncIterator[Traced]:
    spans = InMemorySpanExporter()
    world = await make_world(ON, make_tracer(ON, spans))
    async with world.built.routes.router.lifespan_context(world.built.routes):
        yield Traced(world, spans)


def facts(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


async def test_a_push_says_who_and_what_became_of_it() -> None:
    async with traced() as seen:
        world = seen.world
        await world.push(world.new_list(DEVICE), world.new_list(DEVICE))
    (span,) = seen.named("push")
    told = facts(span)
    assert told.pop("homeport.request_id")
    assert told == {
        "homeport.tenant": world.tenant,
        "homeport.user": "ana",
        "homeport.device": DEVICE,
        "homeport.numbers": "1-2",
        "homeport.applied": 2,
    }
    assert span.parent is None
    assert span.resource.attributes["service.name"] == "homeport"


async def test_a_commit_batch_is_linked_to_each_push_it_holds_and_to_no_other() -> None:
    async with traced() as seen:
        world = seen.world
        await world.push(world.new_list(DEVICE))
        await asyncio.gather(
            world.push(world.new_list(DEVICE)),
            world.push(world.new_list(OTHER_DEVICE), device=OTHER_DEVICE),
        )
    alone, together = seen.named("commit batch")
    first, *others = (span.get_span_context().span_id for span in seen.named("push"))  # type: ignore[union-attr]
    assert [link.context.span_id for link in alone.links] == [first]
    assert {link.context.span_id for link in together.links} == set(others)
    assert facts(together) == {
        "homeport.tenant": world.tenant,
        "homeport.accepted": 2,
        "homeport.rejected": 0,
        "homeport.head": 3,
    }


async def test_the_span_of_the_caller_is_the_parent_and_a_wrong_one_is_none() -> None:
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    async with traced() as seen, seen.world.client() as client:
        client.headers["traceparent"] = f"00-{trace}-{parent}-01"
        await ask(client, PULL, device=DEVICE)
        client.headers["traceparent"] = "garbage"
        await ask(client, PULL, device=DEVICE)
    child, orphan = seen.named("pull")
    assert child.parent is not None
    assert f"{child.parent.span_id:016x}" == parent
    assert f"{child.get_span_context().trace_id:032x}" == trace  # type: ignore[union-attr]
    assert orphan.parent is None


async def test_what_failed_has_its_code_and_not_its_message() -> None:
    async with traced() as seen, seen.world.client() as client:
        await ask(client, PULL, device=DEVICE, cursor="canary")
        await ask(client, PUSH, device="canary-device", changes=[])
    (pull,), (push,) = seen.named("pull"), seen.named("push")
    assert (facts(pull)["error.type"], facts(push)["error.type"]) == ("CURSOR_INVALID", "MALFORMED")
    assert pull.status.status_code is push.status.status_code is StatusCode.ERROR
    assert pull.events == push.events == ()
    assert "canary" not in pull.to_json()


async def test_an_error_nobody_expected_is_internal_and_tells_nothing_else() -> None:
    spans = InMemorySpanExporter()
    tracer = make_tracer(ON, spans)
    with pytest.raises(ValueError, match="canary"), tracer.request("push", FACTS, ""):
        raise ValueError("canary")
    with pytest.raises(Unavailable), tracer.batch("t1"):
        raise Unavailable
    await tracer.close()
    push, batch = spans.get_finished_spans()
    assert (facts(push)["error.type"], facts(batch)["error.type"]) == ("INTERNAL", "UNAVAILABLE")
    assert "canary" not in push.to_json()


async def test_a_push_that_is_over_is_linked_to_no_later_batch() -> None:
    spans = InMemorySpanExporter()
    tracer = make_tracer(ON, spans)
    with tracer.request("push", FACTS, ""):
        pass
    with tracer.batch("t1") as batch:
        tracer.holds(batch, "t1", [DEVICE])
    await tracer.close()
    assert spans.get_finished_spans()[-1].links == ()


async def test_traces_are_off_unless_they_are_asked_for() -> None:
    tracer: Tracer = make_tracer(SETTINGS)
    assert isinstance(tracer, NoTracer)
    with tracer.request("push", FACTS, "") as span, tracer.batch("t1") as batch:
        span.tell({"applied": 1})
        tracer.holds(batch, "t1", [DEVICE])
    await tracer.close()


def test_who_does_not_trace_does_not_load_what_traces() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import sys, homeport_server.app; print('opentelemetry' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "False\n"


def test_traces_without_what_makes_them_are_refused_with_what_to_install() -> None:
    blocked = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from homeport_server.observe.tracing.chosen import make_tracer\n"
        "from homeport_server.settings import Settings\n"
        "make_tracer(Settings(traces='otlp'))\n"
    )
    ran = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    assert "BadSetting: HOMEPORT_TRACES is 'otlp'" in ran.stderr
    assert "install homeport[server,otel]" in ran.stderr


async def test_spans_reach_a_collector_by_otlp_when_the_server_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[tuple[str, bytes]] = []

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        bodies.append((head.split()[1].decode(), await reader.readexactly(int(length.split(b":")[1]))))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(collect, "127.0.0.1", 0) as collector:
        port = collector.sockets[0].getsockname()[1]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "lists")
        world = await make_world(ON)
        async with world.built.routes.router.lifespan_context(world.built.routes):
            await world.push(world.new_list(DEVICE))
    ((path, body),) = bodies
    assert path == "/v1/traces"
    request = ExportTraceServiceRequest.FromString(body)
    (resource,) = request.resource_spans
    assert {"lists"} == {each.value.string_value for each in resource.resource.attributes if each.key == "service.name"}
    assert {span.name for scope in resource.scope_spans for span in scope.spans} == {"push", "commit batch"}
