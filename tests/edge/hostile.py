"""Documents that nobody sends in good faith, and the code that each is refused with. A benchmark measures the same."""

from collections.abc import Mapping


def _lines(*lines: str) -> str:
    return " ".join(lines)


def _fragments(count: int, fields: str) -> str:
    return _lines(*(f"fragment f{n} on Query {{ {fields} }}" for n in range(count)))


def _spreads(count: int) -> str:
    return _lines(*(f"...f{n}" for n in range(count)))


def _doubling(levels: int) -> str:
    """Each fragment has the next one twice, under two names: 2 to the power of `levels` fields in the end."""
    inner = _lines(
        *(
            f"fragment f{n} on Query {{ a{n}: node(id: 1) {{ ...f{n + 1} }} b{n}: node(id: 1) {{ ...f{n + 1} }} }}"
            for n in range(levels)
        )
    )
    return f"{{ ...f0 }} {inner} fragment f{levels} on Query {{ __typename }}"


_INTROSPECTED = "{ __schema { types { " + "fields { type { " * 6 + "name " + "} } " * 6 + "} } }"

HOSTILE: Mapping[str, tuple[str, str]] = {
    "1,000 deep": ("{ node " * 1_000 + "}" * 1_000, "QUERY_TOO_DEEP"),
    "20 deep": ("{ node " * 20 + "}" * 20, "QUERY_TOO_DEEP"),
    "deep by fragments": (
        _lines("{ ...f0 }", *(f"fragment f{n} on Query {{ node {{ ...f{n + 1} }} }}" for n in range(90))),
        "QUERY_TOO_DEEP",
    ),
    "10,000 aliases": (f"{{ {_lines(*(f'a{n}: __typename' for n in range(10_000)))} }}", "QUERY_TOO_LONG"),
    "31 aliases": (f"{{ {_lines(*(f'a{n}: __typename' for n in range(31)))} }}", "TOO_MANY_ALIASES"),
    "2 MB of tokens": ("a " * 1_000_000, "TOO_LARGE"),
    "1 MB of tokens": ("a " * 500_000, "QUERY_TOO_LONG"),
    "1 MB of nothing": ("{" + " " * 1_000_000 + "__typename }", "QUERY_TOO_LONG"),
    "a comment and no more": ("#" + "x" * 63_000, "GRAPHQL_INVALID"),
    "a string that does not end": ('{ pull(device: "' + "\\x" * 31_000, "GRAPHQL_INVALID"),
    "a block that does not end": ('{ pull(device: """' + '\\"""' * 15_000, "GRAPHQL_INVALID"),
    "a fragment cycle": ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", "GRAPHQL_INVALID"),
    "a cycle through fields": ("{ ...a } fragment a on Query { node(id: 1) { ...a } }", "QUERY_TOO_DEEP"),
    "exponential fragments": (_doubling(13), "QUERY_TOO_COSTLY"),
    "many fragments": (f"{{ {_spreads(150)} }} {_fragments(150, '__typename')}", "QUERY_TOO_LONG"),
    "one name 1,900 times": (f"{{ {'__typename ' * 1_900} }}", "QUERY_TOO_COSTLY"),
    "one name in many fragments": (f"{{ {_spreads(9)} }} {_fragments(9, '__typename ' * 200)}", "QUERY_TOO_COSTLY"),
    "unknown names": (f"{{ {_lines(*(f'nope{n}' for n in range(1_900)))} }}", "GRAPHQL_INVALID"),
    "unknown arguments": (f"{{ pull({_lines(*(f'a{n}: 1' for n in range(600)))}) }}", "GRAPHQL_INVALID"),
    "a list where none belongs": (f"{{ pull(limit: [{'1 ' * 1_900}]) }}", "GRAPHQL_INVALID"),
    "deep lists": (f"{{ pull(device: {'[' * 500}{']' * 500}) }}", "QUERY_TOO_DEEP"),
    "deep objects": (f"{{ pull(device: {'{a: ' * 500}1{'}' * 500}) }}", "QUERY_TOO_DEEP"),
    "the schema within the schema": (_INTROSPECTED, "GRAPHQL_INVALID"),
}
