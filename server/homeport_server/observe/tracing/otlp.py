"""Spans by OpenTelemetry. Only imported when traces are on.

Everything the ecosystem expects is left to its own variables: `OTEL_EXPORTER_OTLP_ENDPOINT` and `…_HEADERS` say where
spans go, `OTEL_TRACES_SAMPLER` how many, `OTEL_SERVICE_NAME` under which name. They are sent from a thread of their
own, in bounded lots; a collector that is away costs spans, never requests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from homeport_server.errors import Internal
from homeport_server.observe.tracing import port
from homeport_sync.errors import HomeportError

FAREWELL_S = 2.0  # how long a process that ends tries to send what was not sent yet
_ALONE = Context()  # spans find their parents by what they are given, never by which task happens to run
_parent_of = TraceContextTextMapPropagator().extract


def otlp_exporter() -> SpanExporter:
    """Sends spans by OTLP over HTTP, to where the `OTEL_…` variables say."""
    return OTLPSpanExporter()


class OtelSpan:
    """A span, with our names before its facts."""

    def __init__(self, span: Span) -> None:
        self.span = span

    def tell(self, facts: Mapping[str, str | int]) -> None:
        """See `port.Span`."""
        for name, fact in facts.items():
            self.span.set_attribute(f"homeport.{name}", fact)


class OtelTracer:
    """The `Tracer` port over OpenTelemetry's SDK."""

    def __init__(self, exporter: SpanExporter) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME", "homeport")
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("homeport")
        self._under_way: dict[tuple[str, str], list[Span]] = {}

    @contextmanager
    def request(self, name: str, facts: Mapping[str, str], traceparent: str) -> Iterator[OtelSpan]:
        """See `port.Tracer`."""
        parent = _parent_of({"traceparent": traceparent}, _ALONE) if traceparent else _ALONE
        span = self._tracer.start_span(name, parent, SpanKind.SERVER)
        told = OtelSpan(span)
        told.tell(facts)
        device = (facts["tenant"], facts["device"])
        self._under_way.setdefault(device, []).append(span)
        try:
            with _ended(span):
                yield told
        finally:
            others = self._under_way[device]
            others.remove(span)
            if not others:
                del self._under_way[device]

    @contextmanager
    def batch(self, tenant: str) -> Iterator[OtelSpan]:
        """See `port.Tracer`."""
        span = self._tracer.start_span("commit batch", _ALONE)
        told = OtelSpan(span)
        told.tell({"tenant": tenant})
        with _ended(span):
            yield told

    def holds(self, batch: port.Span, tenant: str, devices: Iterable[str]) -> None:
        """See `port.Tracer`."""
        if not isinstance(batch, OtelSpan):
            return
        for device in devices:
            for span in self._under_way.get((tenant, device), ()):
                batch.span.add_link(span.get_span_context())

    async def close(self) -> None:
        """See `port.Tracer`. A collector that does not answer keeps nobody longer than `FAREWELL_S`."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
                loop.call_soon_threadsafe(sent.set)

        # Not one of the loop's own threads: those are waited for at the end, however long they take.
        Thread(target=send, daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await sent.wait()


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    """End the span with the block. Of an error only its code is kept: its text may name what is not ours to tell."""
    try:
        yield
    except Exception as error:
        code = error.code if isinstance(error, HomeportError) else Internal.code
        span.set_attribute("error.type", code)
        span.set_status(Status(StatusCode.ERROR, code))
        raise
    finally:
        span.end()
