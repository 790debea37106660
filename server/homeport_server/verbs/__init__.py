"""The verbs of the command line that have a module of their own; `cli.py` is the group they are added to."""
