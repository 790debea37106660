"""The tracer that the settings ask for. OpenTelemetry is imported only when traces are on (`homeport[otel]`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeport_server.errors import BadSetting
from homeport_server.observe.tracing.port import NoTracer, Tracer
from homeport_server.settings import Settings, variable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def make_tracer(settings: Settings, exporter: SpanExporter | None = None) -> Tracer:
    """The tracer that the settings ask for; `exporter` instead of the one that speaks OTLP over HTTP.

    Raises `BadSetting` when traces are on and what makes them is not installed.
    """
    if settings.traces == "off":
        return NoTracer()
    try:
        from homeport_server.observe.tracing.otlp import OtelTracer, otlp_exporter
    except ModuleNotFoundError as missing:
        raise BadSetting(
            f"{variable('traces')} is {settings.traces!r}, and {missing.name} is not installed: install "
            f"homeport[server,otel], or set {variable('traces')} to off."
        ) from missing
    return OtelTracer(exporter or otlp_exporter())
