"""The same days (`test_any_day.py`), where a page holds two records: every catch-up comes in parts, and may be cut."""

from __future__ import annotations

import pytest

from tests.fleet.many_days import spend_days

DAYS = 250


@pytest.mark.promise("I5")
@pytest.mark.promise("I6")
@pytest.mark.parametrize("part", range(4))
def test_whatever_happens_on_a_day_nobody_sees_a_part_of_a_catch_up(pytestconfig: pytest.Config, part: int) -> None:
    spend_days(DAYS, page_size=2, of=pytestconfig.option.homeport_seed + 100 + part)
