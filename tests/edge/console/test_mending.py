"""What an operator does: a replay really replays, in its user's name and once; what is steered is really steered."""

from collections.abc import Mapping

from homeport_server.edge.console.quarantine import BEHIND_SHOWN_MAX
from homeport_server.quarantine.case import BEHIND_MAX
from tests.edge.console.operated import ANA, BEN, HOME, MILK, Operator, new_id, text_of


async def refused(operator: Operator, votes: int = 0) -> str:
    """The address of ana's task that the app did not allow, beside her list."""
    (_, outcome) = await operator.write(operator.new_list(), operator.new_task(title="bad", votes=votes))
    assert outcome["outcome"] == "rejected"
    return f"/quarantine/{ANA}/2"


async def test_a_replay_makes_the_change_again_edited_and_devices_are_given_it(operator: Operator) -> None:
    case = await refused(operator, votes=3)
    shown = await operator.sends(case, form={"field-title": "Milk", "field-votes": "3"})
    assert "replayed" in shown
    assert "is not sent again" in shown
    pulled = await operator.pulled()
    assert (pulled[MILK]["title"], pulled[MILK]["votes"]) == ("Milk", 3)
    (entry,) = [each for each in await operator.world.store.read(operator.world.tenant, 0, 9) if each.record == MILK]
    assert entry.user == "ana"
    assert "Nothing waits in quarantine." in await operator.reads("/quarantine")
    assert "replayed" in await operator.reads("/quarantine?all=yes")


async def test_a_replay_that_is_sent_twice_is_made_once(operator: Operator) -> None:
    case = await refused(operator)
    for title in ("Milk", "Bread"):
        await operator.sends(case, form={"field-title": title})
    assert (await operator.pulled())[MILK]["title"] == "Milk"
    assert len(await operator.world.store.read(operator.world.tenant, 0, 9)) == 2


async def test_a_replay_that_is_rejected_again_lies_beside_the_first(operator: Operator) -> None:
    case = await refused(operator)
    shown = await operator.sends(case, form={"field-title": "bad"})
    assert "Replays that were rejected" in shown
    assert "Replay as ana" in shown
    assert MILK not in await operator.pulled()


async def test_what_cannot_be_sent_is_said_beside_what_was_written(operator: Operator) -> None:
    case = await refused(operator)
    shown = await operator.sends(case, 422, form={"field-title": "Milk", "field-votes": "many"})
    assert "It was not sent" in shown
    assert "Task.votes holds a whole number" in shown
    page = (await operator.browser.get(operator.at + case)).text
    assert "Replay as ana" in page
    assert MILK not in await operator.pulled()


async def test_what_was_written_stays_in_the_form_when_it_cannot_be_sent(operator: Operator) -> None:
    case = await refused(operator)
    form = {"field-title": 'A "new" one', "field-votes": "many"}
    answer = await operator.browser.post(operator.at + case, data=form, headers={"sec-fetch-site": "same-origin"})
    assert 'value="A &#34;new&#34; one"' in answer.text
    assert 'value="many"' in answer.text


async def test_a_field_can_be_left_out_and_other_fields_written_too(operator: Operator) -> None:
    await operator.write(operator.new_list(), operator.new_task())
    await operator.write(operator.update(base=2, title="bad", done=True))
    form = {
        "field-title": "bad",
        "drop-title": "yes",
        "field-done": "true",
        "field-votes": '{"edit":"increment","by":2}',
    }
    await operator.sends(f"/quarantine/{ANA}/3", form=form)
    assert (await operator.pulled())[MILK] == {"title": "Milk", "done": True, "votes": 2}


async def test_a_guarded_field_is_made_anew_for_what_is_there_which_the_form_shows(operator: Operator) -> None:
    swap = {"edit": "swap", "to": 5, "was": 10}
    await operator.write(operator.new_list(), operator.new_task(stock=10))
    await operator.write(operator.update(base=2, stock={"edit": "swap", "to": 8, "was": 10}))
    await operator.write(operator.world.invitation(ANA, HOME, "ben"))
    (stale,) = await operator.write(operator.update(BEN, base=2, stock=swap), user="ben", device=BEN)
    assert stale["error"]["extensions"]["code"] == "STALE"
    case = f"/quarantine/{BEN}/1"
    assert "Now: 8." in await operator.reads(case)
    await operator.sends(case, form={"field-stock": "5"})
    assert (await operator.pulled())[MILK]["stock"] == 5


async def test_what_depends_on_it_goes_with_it_where_that_is_asked_for(operator: Operator) -> None:
    lists, task = new_id(), new_id()
    made = operator.world.change(ANA, op="create", kind="TaskList", id=lists, scope=lists, fields={"title": 1})
    within = operator.world.change(ANA, op="create", kind="Task", id=task, scope=lists, fields={"title": "Bread"})
    await operator.write(made, within)
    case = f"/quarantine/{ANA}/1"
    assert "What depends on it" in await operator.reads(case)
    await operator.sends(case, form={"field-title": "Shop", "dependents": "yes"})
    pulled = await operator.pulled()
    assert (pulled[lists]["title"], pulled[task]["title"]) == ("Shop", "Bread")


async def test_as_much_as_a_phone_could_write_can_be_replayed_in_any_script(operator: Operator) -> None:
    title = "字" * 10_000
    await operator.write(operator.new_list(), operator.new_task(title=title, votes="many"))
    await operator.sends(f"/quarantine/{ANA}/2", form={"field-title": title, "field-votes": "3"})
    assert (await operator.pulled())[MILK] == {"title": title, "votes": 3}


async def test_of_a_device_of_which_very_much_was_rejected_only_what_comes_next_is_looked_through(
    operator: Operator,
) -> None:
    lists = new_id()
    made = operator.world.change(ANA, op="create", kind="TaskList", id=lists, scope=lists, fields={"title": 1})

    def within() -> Mapping[str, object]:
        return operator.world.change(ANA, op="create", kind="Task", id=new_id(), scope=lists, fields={"title": "x"})

    await operator.write(made)
    for _ in range(BEHIND_MAX // 500 + 1):
        await operator.write(*(within() for _ in range(500)))
    case = f"/quarantine/{ANA}/1"
    page = await operator.page(case)
    assert page.count(f"/quarantine/{ANA}/") <= 2 * BEHIND_SHOWN_MAX
    assert f"{BEHIND_MAX - BEHIND_SHOWN_MAX:,} more" in text_of(page)
    assert f"looked for among the next {BEHIND_MAX:,}" in text_of(page)


async def test_what_could_not_be_read_cannot_be_replayed(operator: Operator) -> None:
    await operator.write({"number": 1, "op": "sing"})
    case = f"/quarantine/{ANA}/1"
    assert "nothing but the reason was kept" in await operator.reads(case)
    assert "There is nothing to be replayed" in await operator.sends(case, 400)


async def test_a_notification_is_paused_resumed_and_really_cancelled(operator: Operator) -> None:
    id = await operator.notify()
    page, states = f"/notifications/{id}", []
    for how in ("pause", "resume", "cancel"):
        await operator.sends(page, form={"how": how})
        progress = await operator.world.notify.progress(operator.world.tenant, id)
        states.append(progress.notification.state)
    assert states == ["paused", "waiting", "cancelled"]
    assert "from the console" in await operator.reads(page)
    assert "<button name" not in await operator.page(page)
    assert "It could not be steered" in await operator.sends(page, 422, form={"how": "pause"})


async def test_a_notification_is_steered_in_three_ways_and_no_other(operator: Operator) -> None:
    id = await operator.notify()
    for how in ("", "stop", "<b>"):
        shown = await operator.sends(f"/notifications/{id}", 422, form={"how": how})
        assert "It can be told to pause, resume, cancel" in shown
