"""What a replica says to the server can be read again, or it is not written."""

from __future__ import annotations

import pytest

from homeport_client import DEVICE_LIMITS
from homeport_client.messages import text_of
from homeport_sync.change import Change, Increment, decode_change
from homeport_sync.clock import Stamp
from homeport_sync.errors import Malformed

AN_ID = "00000000-0000-7000-8000-000000000001"
A_STAMP = Stamp("0192f0c1a2b30000af707d14")


def counted(by: int) -> Change:
    return Change(
        number=1, op="update", kind="Board", id=AN_ID, scope=AN_ID, stamp=A_STAMP, fields={"visits": Increment(by=by)}
    )


def test_a_change_is_written_as_what_it_is_read_as() -> None:
    assert decode_change(text_of(counted(2), DEVICE_LIMITS)) == counted(2)


def test_a_change_that_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(Malformed, match="cannot be written as one"):
        text_of(counted(1.5), DEVICE_LIMITS)  # type: ignore[arg-type]
