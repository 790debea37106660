"""A record's page: as it is now, and how it came to be that, each merge explained, as far back as one looks."""

from homeport_server.histories import MOMENTS_MAX
from homeport_sync.clock import make_stamp
from tests.edge.console.operated import ANA, BEN, HOME, MILK, Operator

ONE_MORE = {"edit": "increment", "by": 1}


async def test_a_merge_is_explained_with_base_mine_theirs_result_and_rule(operator: Operator) -> None:
    world = operator.world
    await operator.write(operator.new_list(), operator.new_task(), world.invitation(ANA, HOME, "ben"))
    late = operator.update(BEN, base=2, title="Soy", votes=ONE_MORE, done=True)
    world.clock.now_ms += 1_000
    await operator.write(operator.update(base=2, title="Oat", votes=ONE_MORE))
    (outcome,) = await operator.write(late, user="ben", device=BEN)
    assert outcome["outcome"] == "merged"
    shown = await operator.reads(f"/records/{MILK}")
    assert "title by the rule register base Milk it wrote Soy lost it met Oat result Oat" in shown
    assert "votes by the rule counter base 0 it wrote +1 it met 1 result 2" in shown
    assert "done from no → to yes" in shown
    assert "Changed by ben on device …0000000b merged" in shown
    assert f'href="/console/demo/devices/{BEN}"' in await operator.page(f"/records/{MILK}")


async def test_its_history_goes_back_page_by_page_to_its_beginning(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task())
    await operator.write(*(operator.update(base=2, votes=ONE_MORE) for _ in range(MOMENTS_MAX)))
    first = await operator.page(f"/records/{MILK}")
    assert first.count('<li id="position-') == MOMENTS_MAX
    assert "Look further back" in first
    shown = await operator.reads(f"/records/{MILK}?before=3")
    assert "Created by ana" in shown
    assert "Look further back" not in shown
    assert f"votes {MOMENTS_MAX}" in shown  # it is as it is now, wherever one looks


async def test_a_deleted_record_says_that_it_never_comes_back_by_itself(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task())
    gone = operator.world.change(ANA, op="delete", kind="Task", id=MILK, scope=HOME, base=2)
    await operator.write(gone)
    shown = await operator.reads(f"/records/{MILK}")
    assert "A deleted record never comes back by itself" in shown
    assert "Deleted by ana" in shown


async def test_a_record_whose_create_was_rejected_has_a_page_that_says_so(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task(title="bad"))
    shown = await operator.reads(f"/records/{MILK}")
    assert "every change to it was rejected" in shown
    assert "Nothing is called bad." in shown


async def test_a_device_with_a_clock_ahead_of_every_calendar_hides_nothing(operator: Operator) -> None:
    far = {"stamp": make_stamp(2**48 - 1, 0, ANA)}
    await operator.write(operator.new_list(), operator.new_task(), {**operator.update(base=2, title="Oat"), **far})
    shown = await operator.reads(f"/records/{MILK}")
    assert "title from Milk → to Oat" in shown
    assert "and the stamp was lowered" in shown
