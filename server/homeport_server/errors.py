"""What the server room can refuse, split like sync's tree by what the caller does next.

HomeportError
├── Fix                     the request is wrong: mend it, never send it again unchanged
│   ├── BadSetting              BAD_SETTING             the server cannot be started like this
│   ├── MigrationRefused        MIGRATION_REFUSED       the schema cannot be moved like this
│   ├── SecretUnsafe            SECRET_UNSAFE           the secret's file is short or open to others
│   ├── SecretForeign           SECRET_FOREIGN          the database's tokens are signed with another secret
│   ├── MethodWrong             METHOD_WRONG            GraphQL comes by POST or GET
│   │   └── WriteByGet              METHOD_WRONG            … and what writes by POST alone
│   ├── MediaTypeWrong          MEDIA_TYPE_WRONG        a body comes as application/json
│   ├── NotAcceptable           NOT_ACCEPTABLE          the answer is wanted as something that we do not send
│   ├── BodyNotJson             BODY_NOT_JSON
│   ├── TooLarge (sync's)
│   │   ├── BodyTooLarge        TOO_LARGE
│   │   └── UrlTooLong          TOO_LARGE
│   ├── GraphqlInvalid          GRAPHQL_INVALID         unknown document, field or variable
│   │   └── RequestInvalid          GRAPHQL_INVALID         not even a request: a parameter of another type
│   ├── QueryTooLong            QUERY_TOO_LONG          the document, in tokens or characters
│   ├── QueryTooDeep            QUERY_TOO_DEEP          … in fields within fields
│   ├── TooManyAliases          TOO_MANY_ALIASES
│   ├── QueryTooCostly          QUERY_TOO_COSTLY        … in what it may take to answer it
│   ├── QueryTooSlow            QUERY_TOO_SLOW          … in what it took
│   ├── PageTooLarge            PAGE_TOO_LARGE
│   ├── DocumentUnknown         DOCUMENT_UNKNOWN        a name of a document that is known here by none
│   ├── PersistedQueryNotFound  PERSISTED_QUERY_NOT_FOUND  … in Apollo's form, with Apollo's word
│   ├── DocumentHashWrong       DOCUMENT_HASH_WRONG     a name and a text that do not belong together
│   ├── DocumentUntrusted       DOCUMENT_UNTRUSTED      this server trusts other documents only
│   ├── IntrospectionOff        INTROSPECTION_OFF       production does not describe itself
│   ├── Forbidden               FORBIDDEN               the token does not carry this right
│   └── Unauthenticated         UNAUTHENTICATED         no token: get one
│       ├── TokenMalformed          TOKEN_MALFORMED
│       ├── TokenExpired            TOKEN_EXPIRED
│       ├── TokenUnsigned           TOKEN_UNSIGNED
│       ├── TokenAlgorithm          TOKEN_ALGORITHM
│       ├── TokenSignature          TOKEN_SIGNATURE
│       ├── TokenForeign            TOKEN_FOREIGN       the request names another tenant
│       └── TenantUnknown           TENANT_UNKNOWN
└── Retry                   wait, then do the same again
    ├── BodyTooSlow             BODY_TOO_SLOW           it did not arrive in time
    ├── Internal                INTERNAL                nobody expected it; the cause stands in the log
    ├── ServerRestarting        SERVER_RESTARTING       another process serves at once: no pause is needed
    ├── ScopeAwaited            SCOPE_AWAITED           RxDB's: a record came before the root of its scope
    ├── MigrationBusy           MIGRATION_BUSY          others use what a migration must lock
    ├── WriteTooSlow            WRITE_TOO_SLOW          it was cut off; sending it again tells what became of it
    ├── TooManyNewDocuments     TOO_MANY_NEW_DOCUMENTS  one user's, that nobody sent before
    ├── TooManySockets          TOO_MANY_SOCKETS
    └── TooManySubscriptions    TOO_MANY_SUBSCRIPTIONS
"""

from __future__ import annotations

from homeport_sync.errors import Fix, Retry, TooLarge


class BadSetting(Fix):
    """The server cannot be started with this setting."""

    code = "BAD_SETTING"


class MigrationRefused(Fix):
    """The schema cannot be moved like this: the step was not made."""

    code = "MIGRATION_REFUSED"


class SecretUnsafe(Fix):
    """The secret's file must hold at least 32 bytes and be readable by its owner alone."""

    code = "SECRET_UNSAFE"


class SecretForeign(Fix):
    """This data directory's secret is not the one that the database's tokens and cursors were signed with: copy the
    file `secret` from a machine that serves already, or, to start over with this one on purpose, run
    `homeport secret --replace` (every token is void then, and every device pulls from the start once)."""

    code = "SECRET_FOREIGN"


class MethodWrong(Fix):
    """GraphQL is asked by POST, or by GET for a query: send the same as POST with a JSON body."""

    code = "METHOD_WRONG"


class WriteByGet(MethodWrong):
    """A GET changes nothing, and this would: send the same as POST with a JSON body."""


class MediaTypeWrong(Fix):
    """The body must come as application/json, in UTF-8: set the content-type header."""

    code = "MEDIA_TYPE_WRONG"


class NotAcceptable(Fix):
    """Answers are application/graphql-response+json or application/json: accept one of them."""

    code = "NOT_ACCEPTABLE"


class BodyNotJson(Fix):
    """The body is not JSON: send a JSON object with query and variables, in UTF-8."""

    code = "BODY_NOT_JSON"


class BodyTooLarge(TooLarge):
    """The body is over its limit: send less at once."""


class UrlTooLong(TooLarge):
    """The URL is over its limit: send the same as POST."""


class GraphqlInvalid(Fix):
    """The GraphQL request does not fit the schema: compare it with /api/v1/schema.graphql."""

    code = "GRAPHQL_INVALID"


class RequestInvalid(GraphqlInvalid):
    """This is no GraphQL request: send one object with query, variables, operationName and extensions."""


class QueryTooLong(Fix):
    """The document has too many tokens: ask for less, or give values as variables."""

    code = "QUERY_TOO_LONG"


class QueryTooDeep(Fix):
    """The document is nested too deeply: ask for what is deeper by itself."""

    code = "QUERY_TOO_DEEP"


def too_deep(depth_max: int) -> QueryTooDeep:
    """The same with the limit in its words."""
    return QueryTooDeep(
        f"Fields stand within each other over {depth_max} deep: ask for what is deeper by itself.", limit=depth_max
    )


class TooManyAliases(Fix):
    """The document has too many aliases: ask in several requests."""

    code = "TOO_MANY_ALIASES"


class QueryTooCostly(Fix):
    """The operation may cost too much: ask for fewer fields, or shorter pages."""

    code = "QUERY_TOO_COSTLY"


class QueryTooSlow(Fix):
    """The query took too long and was ended: ask for less."""

    code = "QUERY_TOO_SLOW"


class PageTooLarge(Fix):
    """The page is larger than any that is given: ask for less, and then for the next one."""

    code = "PAGE_TOO_LARGE"


class DocumentUnknown(Fix):
    """No document is known by that name: send its text, or add it to HOMEPORT_DOCUMENTS."""

    code = "DOCUMENT_UNKNOWN"


class PersistedQueryNotFound(Fix):
    """PersistedQueryNotFound"""  # Apollo's clients know it by this very word, and send the text then

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentHashWrong(Fix):
    """The document's name is another one's: send its text with the SHA-256 of that very text, or without a name."""

    code = "DOCUMENT_HASH_WRONG"


class DocumentUntrusted(Fix):
    """This server runs trusted documents only, and this is none of them: add it to HOMEPORT_DOCUMENTS."""

    code = "DOCUMENT_UNTRUSTED"


class IntrospectionOff(Fix):
    """This server does not describe its schema: use the text of it (`homeport schema`), or have its operator set
    HOMEPORT_GRAPHQL_INTROSPECTION."""

    code = "INTROSPECTION_OFF"


class Forbidden(Fix):
    """The token does not carry the right to do this: get one that does (`homeport token --may notify`)."""

    code = "FORBIDDEN"


class Unauthenticated(Fix):
    """There is no token: send the header "authorization: Bearer <token>"; `homeport token` makes one."""

    code = "UNAUTHENTICATED"


class TokenMalformed(Unauthenticated):
    """The token is not one of ours: get a new one (`homeport token`)."""

    code = "TOKEN_MALFORMED"


class TokenExpired(Unauthenticated):
    """The token has expired: get a new one and go on; nothing is lost."""

    code = "TOKEN_EXPIRED"


class TokenUnsigned(Unauthenticated):
    """The token carries no signature, so it proves nothing: get a signed one (`homeport token`)."""

    code = "TOKEN_UNSIGNED"


class TokenAlgorithm(Unauthenticated):
    """The token is signed by an algorithm that is not accepted here: get one signed with HS256."""

    code = "TOKEN_ALGORITHM"


class TokenSignature(Unauthenticated):
    """The token was signed with another key or altered: get a new one from this server (`homeport token`)."""

    code = "TOKEN_SIGNATURE"


class TokenForeign(Unauthenticated):
    """The token belongs to another tenant than the request names: use a token of that tenant."""

    code = "TOKEN_FOREIGN"


class TenantUnknown(Unauthenticated):
    """The token's tenant does not exist here: make it (`homeport tenant create`) or get a token of one that does."""

    code = "TENANT_UNKNOWN"


class BodyTooSlow(Retry):
    """The body did not arrive in time: send the same again, or less at once."""

    code = "BODY_TOO_SLOW"


class Internal(Retry):
    """Something went wrong on the server: send the same again, and give its operator this request id."""

    code = "INTERNAL"


class WriteTooSlow(Retry):
    """It took too long and was cut off, done or not: send the same again, under the same key or number."""

    code = "WRITE_TOO_SLOW"


class TooManyNewDocuments(Retry):
    """This user has sent too many documents that nobody had sent before: wait, and give values as variables."""

    code = "TOO_MANY_NEW_DOCUMENTS"


class MigrationBusy(Retry):
    """Others hold what the migration must lock: run it again later; the steps that were done stay done."""

    code = "MIGRATION_BUSY"


class ServerRestarting(Retry):
    """This server process stops: reconnect, and another one serves you."""

    code = "SERVER_RESTARTING"


class TooManySockets(Retry):
    """This user has too many sockets open: close one, then connect again."""

    code = "TOO_MANY_SOCKETS"


class ScopeAwaited(Retry):
    """Something of this push is in a scope that its user does not have yet: send it again, the root may be coming."""

    code = "SCOPE_AWAITED"


class TooManySubscriptions(Retry):
    """This socket has too many subscriptions running: complete one, then subscribe again."""

    code = "TOO_MANY_SUBSCRIPTIONS"
