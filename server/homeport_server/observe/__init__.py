"""What the server tells its operator: log lines, metrics and traces.

`metrics` and `tracing` are imported by their own names: whoever only logs loads neither.
"""

from homeport_server.observe.log import Log, adopt_standard_logging, make_log

__all__ = ["Log", "adopt_standard_logging", "make_log"]
