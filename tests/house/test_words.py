"""One word, one meaning: the glossary's synonyms stay out of product code; the tree speaks of the product.

Only names we give are judged (definitions, arguments, assignments), so a library's own names pass; prose is
judged in docstrings and comments. Each word says what to write instead, and where it has a right meaning.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.conftest import Plant
from tests.house.tree import ROOT, Tree, report


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """``allowed`` are path prefixes where the word has its other, right meaning."""

    says: str
    prose: bool = False
    allowed: tuple[str, ...] = ()


SQL = ("sync/homeport_sync/sql/", "notifications/homeport_notify/sql/")
RXDB = ("server/homeport_server/edge/rxdb/",)  # whose protocol has its own words
GRAPHQL = ("server/homeport_server/edge/", "client_sdk/homeport_client/transport")

MISUSED = {
    "mutation": Word(
        says="a write is a 'change'; a mutation is GraphQL's operation, at the edge",
        prose=True,
        allowed=GRAPHQL,
    ),
    "seq": Word(says="a place in the log is a 'position', a change's own count is its 'number'"),
    "seqno": Word(says="a place in the log is a 'position', a change's own count is its 'number'"),
    "sequence": Word(says="a place in the log is a 'position', a change's own count is its 'number'"),
    "lsn": Word(says="a place in the log is a 'position'", prose=True),
    "checkpoint": Word(
        says="a reader's place is a 'cursor'; a checkpoint is SQLite's, of its WAL", prose=True, allowed=SQL + RXDB
    ),
    "bookmark": Word(says="a reader's place is a 'cursor'", prose=True),
    "watermark": Word(says="the oldest cursor still served is the 'floor'", prose=True),
    "conflict": Word(
        says="a change is merged, superseded or rejected; nothing is left in conflict but SQL's rows",
        allowed=SQL + RXDB,
    ),
    "collection": Word(says="a declared type of record is a 'kind'", allowed=RXDB),
    "entity": Word(says="one object of a kind is a 'record'", prose=True),
    "oplog": Word(says="accepted changes stand in the 'log'", prose=True),
    "changelog": Word(says="accepted changes stand in the 'log'"),
    "consumer": Word(says="a reader of the log with its own cursor is a 'follower'", prose=True),
    "subscriber": Word(says="a reader of the log is a 'follower'; who waits for a poke listens", allowed=GRAPHQL),
}

PRIVATE = {
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|--(?:extra-)?index-url|--find-links": "names a registry",
    r"(?<![\w.])/(?:work|root|opt/pypi|opt/wheels|tmp/bash_jobs)\b": "is a path of one machine",
    r"(?<![\w.])/(?:home|Users)/[a-z]\w+": "is a path of one machine",
    r"\bfarm-|\b(?:this|last|next|previous|earlier) session\b": "speaks of how the work was done",
    r"(?<![\w&/\"'(])#\d{1,5}\b(?![\w;-])|\bissues? #?\d+\b|\(#\d+\)": "points to an issue nobody else has",
}
STYLED = (".css", ".html", ".svg", ".lock")
THIS_FILE = Path(__file__).relative_to(ROOT).as_posix()


def misused_words(tree: Tree) -> list[str]:
    complaints = []
    for path in tree.product():
        for number, word in _words(tree.parsed(path), tree.text(path)):
            rule = MISUSED.get(word)
            if rule and not path.startswith(rule.allowed):
                complaints.append(f"{path}:{number} '{word}': {rule.says}.")
    return complaints


def private_words(tree: Tree) -> list[str]:
    complaints = []
    for path, text in tree.texts():
        if path == THIS_FILE:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, wrong in PRIVATE.items():
                found = re.search(pattern, line)
                if found and not ("#" in found[0] and path.endswith(STYLED)):
                    complaints.append(f"{path}:{number} '{found[0]}' {wrong}. Say it so that it is true anywhere.")
    return complaints


def _words(module: ast.Module, text: str) -> Iterator[tuple[int, str]]:
    """Words of given names, and of prose where the word is judged there; lower case, singular."""
    for number, name in _given_names(module):
        for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name):
            yield number, _singular(word)
    for number, prose in [*_docstrings(module), *_comments(text)]:
        for offset, line in enumerate(prose.splitlines()):
            for word in re.findall(r"[A-Za-z]+", line):
                rule = MISUSED.get(_singular(word))
                if rule and rule.prose:
                    yield number + offset, _singular(word)


def _singular(word: str) -> str:
    lower = word.lower()
    for plural, singular in (("ies", "y"), ("s", "")):
        if lower.endswith(plural) and lower.removesuffix(plural) + singular in MISUSED:
            return lower.removesuffix(plural) + singular
    return lower


def _given_names(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def _docstrings(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            prose = ast.get_docstring(node, clean=False)
            if prose is not None:
                yield node.body[0].lineno, prose


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_product_code_uses_the_words_of_the_glossary(tree: Tree) -> None:
    complaints = misused_words(tree)
    assert not complaints, report(complaints)


def test_the_tree_speaks_of_the_product_alone(tree: Tree) -> None:
    complaints = private_words(tree)
    assert not complaints, report(complaints)


def test_a_misused_word_is_found_in_names_and_in_prose_and_allowed_where_it_is_right(plant: Plant) -> None:
    code = (
        '"""Keeps checkpoints."""\nfrom typing import Sequence\n'
        "def next_seq(mutationCount: Sequence[int]) -> None:\n    on_conflict_do_nothing()  # a sequence\n"
    )
    edge = "def mutation(): ...\n"
    tree = plant({"sync/homeport_sync/log.py": code, "server/homeport_server/edge/push.py": edge})
    assert [complaint.split(":")[1] for complaint in misused_words(tree)] == [
        "3 'seq'",
        "3 'mutation'",
        "1 'checkpoint'",
    ]


def test_a_host_a_path_an_issue_and_a_workplace_are_found(plant: Plant) -> None:
    tree = plant(
        {
            "a.md": "see https://pypi.org/x\nrun in /work/main\nfixed in #12\nas in the last session\n",
            "fine.md": "`/workspace`, docs/work/, a #ffffff, [a link](#12-how), AsyncSession, net/root\n",
            "fine.css": "a { color: #123 }\n",
        }
    )
    assert [complaint.split()[0] for complaint in private_words(tree)] == [
        "a.md:1",
        "a.md:2",
        "a.md:3",
        "a.md:4",
    ]
