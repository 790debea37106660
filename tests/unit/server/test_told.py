"""What sending says of itself: why deliveries fail stands in the log, once, and not once for each of a million."""

from __future__ import annotations

import io
import json

from homeport_notify.answer import NO_TIME, SENT, Answer, Fate
from homeport_server.notify.told import LoggedDeliveries
from homeport_server.observe import make_log
from homeport_server.observe.metrics import Metrics

DOWN = Answer(fate=Fate.NOT_SENT, code="NO_CONNECTION", detail="Nobody listens.")


async def test_why_deliveries_fail_is_said_once_a_channel() -> None:
    out = io.BytesIO()
    told = LoggedDeliveries(Metrics(), make_log("info", out))
    for _ in range(1_000):
        told.answered("bulk", "fcm", DOWN)
        told.answered("bulk", "apns", Answer(fate=Fate.UNANSWERED))
    told.log.error("the end")  # an error writes all that was said before it
    first, second, _ = map(json.loads, out.getvalue().splitlines())
    assert (first["event"], first["channel"], first["code"]) == ("deliveries fail", "fcm", "NO_CONNECTION")
    assert first["reason"] == "Nobody listens."
    assert (second["channel"], second["code"]) == ("apns", "UNANSWERED")


async def test_what_went_well_or_had_no_time_is_no_line() -> None:
    out = io.BytesIO()
    told = LoggedDeliveries(Metrics(), make_log("info", out))
    told.answered("bulk", "fcm", SENT)
    told.answered("bulk", "fcm", Answer(fate=Fate.NOT_SENT, code=NO_TIME))
    told.log.error("the end")
    assert len(out.getvalue().splitlines()) == 1
