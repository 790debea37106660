"""Each cause for which a phone is stuck is recognised from what is known, and named with what to do next."""

from dataclasses import replace

import pytest

from homeport_server.diagnosis import Asked, diagnose
from homeport_sync.clock import make_stamp
from homeport_sync.ports import KnownDevice
from homeport_sync.quarantine import Quarantined
from homeport_sync.sightings import DeviceFacts, Sighting

NOW = 1_795_000_000_000
MINUTE = 60_000
ASKED = Asked(device="d", tenant="demo", now_ms=NOW)
KNOWN = KnownDevice(
    id="d", user="ana", last_number=41, confirmed=41, last_stamp=make_stamp(NOW - 5 * MINUTE, 0, "d" * 8)
)
SEEN = Sighting(
    device="d", user="ana", pushed_at_ms=NOW - 5 * MINUTE, pulled_at_ms=NOW - 5 * MINUTE, pulled_position=120
)
WELL = DeviceFacts(
    known=KNOWN,
    first_push_ms=NOW - 900 * MINUTE,
    last_push_ms=NOW - 5 * MINUTE,
    last_decided_ms=NOW - 5 * MINUTE,
    sighting=SEEN,
    refused=(),
    refused_count=0,
    grants=3,
    head=120,
)
REFUSED = Quarantined(
    device="d",
    number=17,
    record="r",
    created=False,
    change="{}",
    text='{"number":17,"error":{"message":"An editor may not.","extensions":{"code":"ROLE_FORBIDDEN"}}}',
    rejected_at_ms=NOW,
)


def told(facts: DeviceFacts | None) -> tuple[str, str]:
    """What it says, and what it says is next."""
    lines = diagnose(ASKED, facts)
    assert [line.startswith("Next: ") for line in lines] == [False] * (len(lines) - 1) + [True]
    return "\n".join(lines[:-1]), lines[-1]


def test_a_device_that_is_well_is_told_with_its_place() -> None:
    says, then = told(WELL)
    assert "Device d of ana in the tenant demo; 3 scopes" in says
    assert "Push: last 5 min ago, up to its change 41." in says
    assert "Pull: last 5 min ago, up to the end of the log." in says
    assert then == "Next: nothing; it is well"


def test_one_that_was_never_seen_is_told_with_the_likely_causes() -> None:
    says, then = told(None)
    assert "never seen in the tenant demo" in says
    for cause in ("token is refused", "another URL", "never opened with a network"):
        assert cause in says
    assert "`homeport token --user U --tenant demo`" in then


def test_one_that_was_silent_for_long_is_opened_and_perhaps_given_a_new_token() -> None:
    long_ago = NOW - 3 * 1_440 * MINUTE
    silent = replace(SEEN, pushed_at_ms=long_ago, pulled_at_ms=long_ago)
    says, then = told(replace(WELL, sighting=silent, last_push_ms=long_ago, last_decided_ms=long_ago))
    assert "Last seen 3 d ago." in says
    assert "`homeport token --user ana --tenant demo`" in then


def test_a_command_that_is_told_is_that_one_whatever_the_user_is_called() -> None:
    named = KnownDevice(id="d", user="ana; rm -r .")  # it may be the user who has chosen the name
    long_ago = NOW - 3 * 1_440 * MINUTE
    _, then = told(replace(WELL, known=named, sighting=None, last_push_ms=long_ago))
    assert "`homeport token --user 'ana; rm -r .' --tenant demo`" in then


def test_how_far_it_is_behind_the_log_is_told() -> None:
    says, _ = told(replace(WELL, head=160))
    assert "40 changes behind the end of the log" in says


def test_what_the_device_said_of_itself_is_told_as_far_as_it_did() -> None:
    assert "Says:" not in told(WELL)[0]
    said = replace(SEEN, introduced_at_ms=NOW - 5 * MINUTE, outbox=1_200, app_version=3, sdk="0.1.0")
    for sighting, line in (
        (said, "Says: 1,200 changes in its outbox, app version 3, SDK 0.1.0, 5 min ago."),
        (replace(said, outbox=0, sdk=""), "Says: an empty outbox, app version 3, 5 min ago."),
        (replace(said, outbox=None, app_version=None), "Says: SDK 0.1.0, 5 min ago."),
    ):
        assert line in told(replace(WELL, sighting=sighting))[0]


def test_outcomes_that_the_next_push_will_confirm_are_no_fault() -> None:
    says, then = told(replace(WELL, known=KnownDevice(id="d", user="ana", last_number=41, confirmed=38)))
    assert "Outcomes: 3 not confirmed: told with its last push, confirmed with its next." in says
    assert then == "Next: nothing; it is well"


def test_answers_that_do_not_reach_it_are_told() -> None:
    unconfirmed = KnownDevice(id="d", user="ana", last_number=41, confirmed=38)
    says, then = told(replace(WELL, known=unconfirmed, last_decided_ms=NOW - 9 * MINUTE))
    assert "3 not confirmed: answers do not reach it." in says
    assert "cuts answers" in then


def test_a_clock_that_is_ahead_is_told() -> None:
    ahead = make_stamp(NOW, 0, "d" * 8)
    says, then = told(
        replace(WELL, known=KnownDevice(id="d", user="ana", last_number=41, confirmed=41, last_stamp=ahead))
    )
    assert "stamped 5 min ahead of the server" in says
    assert "clock to automatic" in then


def test_old_stamps_are_work_done_without_a_network_and_no_wrong_clock() -> None:
    old = KnownDevice(id="d", user="ana", last_number=41, confirmed=41, last_stamp=make_stamp(NOW // 2, 0, "d" * 8))
    says, then = told(replace(WELL, known=old))
    assert "Clock" not in says
    assert then == "Next: nothing; it is well"


def test_refused_changes_are_told_with_their_reasons() -> None:
    unreadable = Quarantined(
        device="d", number=9, record="", created=False, change="", text='{"outcome":"rejected"}', rejected_at_ms=NOW
    )
    says, then = told(replace(WELL, refused=[REFUSED, unreadable], refused_count=12))
    assert "Quarantine: 12 refused changes wait, the newest 2:" in says
    assert "change 17 to r: ROLE_FORBIDDEN: An editor may not." in says
    assert "change 9 to nothing that could be read: refused" in says
    assert then.startswith("Next: edit and replay what was refused")


def test_one_that_pushes_and_does_not_pull_is_told() -> None:
    stuck = replace(SEEN, pulled_at_ms=NOW - 90 * MINUTE, pulled_position=100)
    says, then = told(replace(WELL, sighting=stuck))
    assert "Pull: last 90 min ago, 20 changes behind" in says
    assert "it pushes and does not pull" in then


def test_one_whose_user_shares_nothing_is_told() -> None:
    _, then = told(replace(WELL, grants=0))
    assert "invite ana to a scope" in then


@pytest.mark.parametrize(
    ("code", "deed"),
    [
        ("DEVICE_FORKED", "takes a new id by itself"),
        ("CURSOR_INVALID", "pulls from the start by itself"),
        ("UNAVAILABLE", "homeport doctor"),
        ("MALFORMED", "mend what MALFORMED says (docs/errors.md)"),
    ],
)
def test_a_request_that_was_refused_last_is_told_before_all_else(code: str, deed: str) -> None:
    failing = replace(SEEN, refused_at_ms=NOW - MINUTE, refused_code=code)
    says, then = told(replace(WELL, sighting=failing, grants=0, refused_count=1, refused=[REFUSED]))
    assert f"its last request 60 s ago, {code}" in says
    assert deed in then


def test_a_refusal_that_was_followed_by_something_that_went_well_is_over() -> None:
    over = replace(SEEN, refused_at_ms=NOW - 6 * MINUTE, refused_code="OVERLOADED")
    says, then = told(replace(WELL, sighting=over))
    assert "OVERLOADED" not in says
    assert then == "Next: nothing; it is well"


def test_one_that_only_pulls_and_one_whose_sightings_are_lost_are_told_by_what_is_left() -> None:
    says, then = told(replace(WELL, known=None, first_push_ms=None, last_push_ms=None, last_decided_ms=None))
    assert "Push: none of its changes was ever decided." in says
    assert then == "Next: nothing; it is well"
    says, _ = told(replace(WELL, sighting=None))
    assert "Pull: none was seen." in says
