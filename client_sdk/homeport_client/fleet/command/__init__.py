"""The verbs of `homeport fleet`."""
