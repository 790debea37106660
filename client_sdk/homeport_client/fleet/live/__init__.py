"""The real world: real processes, real sockets, real seconds, for the same phones and the same checkers."""
