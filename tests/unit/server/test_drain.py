"""The pace of a drain: as long as it helps somebody, and no longer."""

import pytest

from homeport_server.process.drain import ALONE_S, LINGER_S, Pace, Stop, pace_of
from homeport_server.settings import Settings

SQLITE = Settings(drain_notice_s=5, drain_s=10)
POSTGRES = Settings(drain_notice_s=5, drain_s=10, database_url="postgresql://somewhere")


@pytest.mark.parametrize(
    ("stop", "settings", "pace"),
    [
        (Stop.PLANNED, POSTGRES, Pace(notice_s=5, sockets_s=10, linger_s=LINGER_S)),
        (Stop.HANDOVER, POSTGRES, Pace(notice_s=0, sockets_s=10, linger_s=LINGER_S)),
        (Stop.NOW, POSTGRES, Pace(notice_s=0, sockets_s=ALONE_S, linger_s=0)),
        (Stop.PLANNED, SQLITE, Pace(notice_s=5, sockets_s=ALONE_S, linger_s=0)),
        (Stop.NOW, SQLITE, Pace(notice_s=0, sockets_s=ALONE_S, linger_s=0)),
    ],
)
def test_a_stop_takes_as_long_as_others_need_to_take_over(stop: Stop, settings: Settings, pace: Pace) -> None:
    assert pace_of(stop, settings) == pace
