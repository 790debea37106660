"""The schema is a contract: the example's stands in the tree as it is served, so that a change of it is seen."""

from homeport_server.edge.schema import make_schema
from homeport_sync.load import load_app
from tests.house.tree import ROOT, Tree

APP = "examples/tasks/app.py"
SCHEMA = "examples/tasks/schema.graphql"


def test_the_examples_schema_stands_in_the_tree_as_it_is_served(tree: Tree) -> None:
    served = make_schema(load_app(ROOT / APP).catalog).as_str()
    assert tree.text(SCHEMA) == served + "\n", f"{SCHEMA} is behind. Run make schema, and look what it changed."
