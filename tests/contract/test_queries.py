"""Queries: what every store answers is what the law says, of what the user may see, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from homeport_sync.ports import StoredRecord, Writes
from homeport_sync.query import Query, answer
from tests.contract.questions import CATALOG, GRANTS, RECORDS, SAMPLE, SCOPES, USERS, VISIBLE, queries, shown_to
from tests.contract.samples import EPOCH, NOW, write
from tests.contract.stores import Store

numbers: Iterator[int] = count()
ALL = Query(kind="Sample", limit=100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, phases=[Phase.generate])
@given(records=RECORDS, data=st.data())
async def test_a_store_answers_as_the_law_says(store: Store, records: list[StoredRecord], data: st.DataObject) -> None:
    await store.make_indexes(CATALOG)
    tenant = f"tenant {next(numbers)}"
    await store.create(tenant, id=tenant, epoch=EPOCH, now_ms=0)
    await write(store, Writes(head=1, now_ms=NOW, records=records, grants=GRANTS), tenant)
    for _ in range(12):
        asked = data.draw(queries([each.record for each in records]))
        user = data.draw(st.sampled_from(USERS))
        shown = shown_to(user, records)
        assert await store.query(tenant, user, SAMPLE, asked) == answer(shown, SAMPLE, asked)
        scopes = data.draw(st.sets(st.sampled_from([*SCOPES, "nowhere"])))
        within = {
            scope: answer([each for each in shown if each.scope == scope], SAMPLE, asked)
            for scope in scopes & VISIBLE[user]
        }
        assert await store.query_within(tenant, user, SAMPLE, asked, scopes) == within
        ids = data.draw(st.sets(st.sampled_from([each.row for each in records])))
        assert await store.seen(tenant, user, ids) == {
            each.id: each for each in shown if each.id in ids and not each.deleted
        }
