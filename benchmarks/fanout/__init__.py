"""What it costs to tell many: `make bench-fanout`."""
