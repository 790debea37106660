"""Server processes: one that serves, several that share a port, and an end that nobody notices."""
