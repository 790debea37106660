"""The public conformance suite of GraphQL over HTTP."""

import pytest

from tests.clients.conftest import Address
from tests.clients.node import told_by

pytestmark = pytest.mark.clients


async def test_every_must_every_should_and_every_may_of_the_public_audits_passes(address: Address) -> None:
    verdicts = await told_by("audits.mjs", url=address.url, token=address.token)
    assert len(verdicts) > 50
    failed = [each for each in verdicts if each["status"] != "ok"]
    assert not failed
