"""The IDE in a real browser, with the network cut off: `make test-browser` runs this where only loopback is there."""

import asyncio
from pathlib import Path

import pytest

from homeport_server.edge.ide.page import IDE_PATH
from tests.clients.conftest import Address, are_pictures
from tests.clients.node import told_by

pytestmark = pytest.mark.browser

OTHER_TOKEN = "another-token"
OPERATIONS = {
    "AddList": 'mutation AddList {\n  createTaskList(input: { title: "Groceries", color: green }) {\n'
    "    taskList { id title }\n    errors { code message }\n  }\n}\n",
    "Listen": "subscription Listen {\n  taskListChanged { operation recordId }\n}\n",
    "Lists": "query Lists {\n  taskLists(first: 20) {\n    nodes {\n      id\n      title\n      color\n"
    "      updatedAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}\n",
}


async def test_the_ide_works_without_a_network_by_the_token_of_its_link(
    aeroplane: None, chromium: str, pictures: Path, address: Address
) -> None:
    ide, picture = address.server.url + IDE_PATH, pictures / "graphiql.png"
    told = await told_by(
        "ide.mjs",
        link=f"{ide}#token={address.token}",
        otherLink=f"{ide}#token={OTHER_TOKEN}",
        executable=chromium,
        picture=str(picture),
        operations=OPERATIONS,
    )
    filled_in = {"authorization": f"Bearer {address.token}"}
    assert (told["address"], told["headers"], told["kept"]) == (ide, filled_in, filled_in)
    assert told["other"] == {"authorization": f"Bearer {OTHER_TOKEN}"}
    assert address.token not in told["stored"]
    made = told["added"]["data"]["createTaskList"]
    assert (made["taskList"]["title"], made["errors"]) == ("Groceries", [])
    assert told["listening"]["data"]["taskListChanged"]["operation"] == "REFETCH"
    assert told["frames"][:2] == ["connection_init", "subscribe"]
    assert [each["id"] for each in told["read"]["data"]["taskLists"]["nodes"]] == [made["taskList"]["id"]]
    ours = (address.server.url, address.socket, "data:")
    assert [each for each in told["requests"] if not each.startswith(ours)] == []
    assert told["complaints"] == []
    assert await asyncio.to_thread(are_pictures, [picture])
