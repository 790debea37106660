"""Traces: what a tracer is, the one that speaks OTLP, the one the settings choose, and the store it looks into."""
