"""The blocks of docs/clients.md, as a reader copies them."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.clients.conftest import Address

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- client: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
SHOWN_URL = "https://api.example.com/api/v1/graphql"


def blocks() -> Mapping[str, str]:
    """Each by the name of the file that it is copied into."""
    return dict(BLOCK.findall((ROOT / "docs/clients.md").read_text(encoding="utf-8")))


def pointed_at(address: Address, block: str) -> str:
    """The block, with the address that is shown replaced by a server's."""
    assert SHOWN_URL in block
    return block.replace(SHOWN_URL, address.url)
