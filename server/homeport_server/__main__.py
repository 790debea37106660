"""`python -m homeport_server` is the `homeport` command."""

from homeport_server.cli import main

main()
