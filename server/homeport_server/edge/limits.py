"""What one GraphQL document may be: the limits of it, together, as the settings say.

What a document costs is known before it runs (`scan.py` its text, `weight.py` what it asks for), so what is too much is
refused before anything is done for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from homeport_server.settings import Settings

TOKEN_LENGTH_MEAN_MAX: Final = 32  # characters a token, spaces and comments too: the lexer reads them one by one
VALUE_DEPTH_MAX: Final = 32  # brackets within brackets, in the values of arguments
BRACES_A_FIELD_MAX: Final = 2  # a field's own, and those of a fragment within it
INTROSPECTION_DEPTH: Final = 15  # what the usual questions about the schema need, which count for nothing else
FRAGMENTS_MAX: Final = 100  # fields of each are compared with those of all others
SAME_NAME_MAX: Final = 100  # fields of one name in one place, which are compared with each other
OVERLAPS_MAX: Final = 50_000  # units that graphql-core may spend on comparing fields; one costs about 0.15 µs
INVALID_TOLD_MAX: Final = 5  # errors of one document; each looks for what was meant among all names
VISITS_A_TOKEN_MAX: Final = 4  # how often, on the whole, fragments may have a field counted again
LIST_LENGTH_ASSUMED: Final = 20  # of a list that takes no `first`, `last` or `limit`
VALUES_MAX: Final = 20_000  # values within typed variables; each is looked at by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlLimits:
    """`checking_ms_a_s` is CPU that documents of one user that nobody sent before may cost, 0: any."""

    tokens_max: int = 2_000
    depth_max: int = 15
    aliases_max: int = 30
    cost_max: int = 20_000
    page_max: int = 1_000
    run_s: float = 30.0
    checking_ms_a_s: int = 200
    introspection: bool = True
    cost_shown: bool = False

    @property
    def length_max(self) -> int:
        """How many characters a document may have."""
        return self.tokens_max * TOKEN_LENGTH_MEAN_MAX


NO_SETTINGS: Final = GraphqlLimits()


def graphql_limits(settings: Settings) -> GraphqlLimits:
    """As the settings say; what is asked about the schema is answered in development, or where it is wanted."""
    return GraphqlLimits(
        tokens_max=settings.graphql_tokens_max,
        depth_max=settings.graphql_depth_max,
        aliases_max=settings.graphql_aliases_max,
        cost_max=settings.graphql_cost_max,
        page_max=settings.graphql_page_max,
        run_s=settings.graphql_s,
        checking_ms_a_s=settings.graphql_checking_ms_a_s,
        introspection=settings.graphql_introspection or not settings.production,
        cost_shown=settings.graphql_cost_shown,
    )
