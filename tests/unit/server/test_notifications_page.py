"""The page about notifications says what is so: its example is an app, and its numbers are those of the code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeport_notify import limits
from homeport_notify.channels.webhook import ANSWER_S
from homeport_notify.channels.webhook_signature import read_secret, signed_headers
from homeport_notify.delivery import DeliveryState
from homeport_server.edge.schema import make_schema
from homeport_server.listening import CONNECTED_MS
from homeport_server.notify.compose import GRACE_MS, TELLABLE_S_MIN
from homeport_server.notify.draft import FEW_USERS_MAX
from homeport_server.notify.gates import LOOK_S
from homeport_server.notify.upkeep import KEPT_MS
from homeport_server.notify.work import SQLITE_POLL_S
from homeport_sync import load_app
from homeport_sync.catalog import Catalog
from homeport_sync.tell import TELLS_MAX, TRIES_MAX, TTL_S
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
DAY_S = 86_400


def test_the_example_is_an_app_with_its_rule(tmp_path: Path) -> None:
    code, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "app.py").write_text(code, encoding="utf-8")
    (rule,) = load_app(tmp_path / "app.py").notifications
    assert (rule.name, rule.kinds) == ("assigned", frozenset({"Task"}))


def test_the_numbers_are_those_of_the_code() -> None:
    for says in (
        f"a list of at most {TELLS_MAX}",
        f"left out after {TRIES_MAX} tries",
        f"waits {GRACE_MS // 1_000} s",
        f"up to {['ten'][FEW_USERS_MAX // 10 - 1]} named users",
        f"a window of at most\n{limits.WINDOW_MAX} deliveries",
        f"iOS devices at most {limits.WAKES_AN_HOUR_IOS_MAX} times an hour, others {limits.WAKES_AN_HOUR_ANDROID_MAX}",
        f"unseen for {limits.UNSEEN_MS_MAX // DAY_S // 1_000} days",
        f"connected for {CONNECTED_MS // 1_000} s more",
        f"forgotten after {KEPT_MS // DAY_S // 1_000} days",
        f"within {SQLITE_POLL_S:g} s",
        (
            f"| message | {limits.PAYLOAD_BYTES_MAX:,} bytes as JSON, title {limits.TITLE_LENGTH_MAX} characters, "
            f"{limits.DATA_ENTRIES_MAX} entries"
        ),
        f"| users named in one notification | {limits.USERS_MAX:,}",
        f"| scheduled ahead | {limits.SCHEDULE_AHEAD_S_MAX // DAY_S} days |",
        f"| addresses, topics a user | {limits.ADDRESSES_A_USER_MAX}, {limits.TOPICS_A_USER_MAX} |",
        f"| time to live | {limits.TTL_S_MAX // DAY_S} days |",
        f"({TELLABLE_S_MIN} at least,\n{limits.TTL_S_MAX // DAY_S} days unless given)",
        f"after so many seconds ({TELLABLE_S_MIN} at least)",
        f"Answer 2xx within {ANSWER_S:g} s",
        f"(it looks every {LOOK_S:g} s)",
        f"| collapse key | {limits.COLLAPSE_KEY_BYTES_MAX} bytes |",
        f"| idempotency key | {limits.KEY_LENGTH_MAX} characters |",
        f"the **channel closes** for {limits.MISCONFIGURED_MS // 60_000} minutes",
        f"{limits.THROTTLED_MS // 1_000} s if it does not",
        f"after {limits.SAME_ERRORS_MAX} such answers",
    ):
        assert says in PAGE, says
    assert (TTL_S, limits.STRIKES_MAX) == (7 * DAY_S, 2)  # "a week", "two strikes"
    assert (limits.RETRY_FIRST_MS, limits.RETRY_LONGEST_MS, limits.RETRY_WITHIN_MS) == (10_000, 600_000, 3_600_000)


def test_every_operation_stands_in_the_page() -> None:
    text = make_schema(Catalog(app="none", version=1, kinds={})).as_str()
    asked = [*re.findall(r"^type (?:Query|Mutation) \{(.*?)^\}", text, re.DOTALL | re.MULTILINE)]
    of_records = {"push", "pull", "node", "nodes", "rejections"}
    names = set(re.findall(r"^  (\w+)[(:]", "\n".join(asked), re.MULTILINE)) - of_records
    assert names
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", PAGE)] == []


def test_every_state_of_a_delivery_is_explained() -> None:
    table = PAGE.partition("### Nothing arrives?")[2].partition("\n## ")[0]
    named = {word for line in table.splitlines() if "|" in line for word in re.findall(r"`(\w+)`", line.split("|")[1])}
    states = {state.name.lower() for state in DeliveryState} - {"deferred"}  # it is counted where it waits
    assert states <= named


def test_a_receiver_can_verify_a_webhook_as_the_page_does() -> None:
    (code,) = re.findall(r"```python\n(def is_ours.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"base64": base64, "hashlib": hashlib, "hmac": hmac, "time": time, "Mapping": Mapping}
    exec(code, names)  # noqa: S102  # the page's own
    old, new = (f"whsec_{base64.b64encode(each * 24).decode()}" for each in (b"o", b"n"))
    headers = signed_headers([read_secret(new), read_secret(old)], "id", int(time.time()), b"{}")
    assert names["is_ours"](old, headers, b"{}")
    assert names["is_ours"](new, headers, b"{}")
    assert not names["is_ours"](new, headers, b"{ }")
    assert not names["is_ours"](new, {**headers, "webhook-timestamp": "1"}, b"{}")
