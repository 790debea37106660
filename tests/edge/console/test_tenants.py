"""Each page is of one tenant and shows nothing of another; and what a page cannot do it says, without a trace."""

from typing import cast

from homeport_sync.errors import Unavailable
from homeport_sync.sql.sqlite.store import SqliteStore
from tests.edge.console.operated import ANA, HOME, MILK, Operator, new_id, text_of


async def other(operator: Operator, name: str = "other") -> Operator:
    """The same operator at a second tenant."""
    await operator.world.store.create(name, id=new_id(), epoch="e2", now_ms=0)
    return Operator(operator.world, operator.browser, f"/console/{name}")


async def test_with_several_tenants_the_console_begins_with_them(operator: Operator) -> None:
    await other(operator)
    page = (await operator.browser.get("/console")).text
    assert 'href="/console/demo"' in page
    assert 'href="/console/other"' in page


async def test_a_tenant_whose_name_fits_no_address_is_found_by_its_id(operator: Operator) -> None:
    await other(operator, "a/b <i>")
    page = (await operator.browser.get("/console")).text
    assert "a/b &lt;i&gt;" in page
    found = await operator.world.store.find("a/b <i>")
    assert found is not None
    assert f'href="/console/{found.id}"' in page
    assert (await operator.browser.get(f"/console/{found.id}")).status_code == 200


async def test_nothing_of_one_tenant_shows_at_another(operator: Operator) -> None:
    await operator.write(operator.new_list(title="Secret plans"), operator.new_task(title="bad"))
    await operator.sighted(ANA)
    notification = await operator.notify(title="Secret hello")
    there = await other(operator)
    for path in ("", "/devices", "/log", "/quarantine?all=yes", "/notifications", "/minutes", "/samples"):
        shown = await there.reads(path)
        for word in ("Secret", HOME, ANA, notification):
            assert word not in shown
    gone = (f"/records/{HOME}", f"/quarantine/{ANA}/2", f"/notifications/{notification}", f"/devices/{ANA}")
    for path in gone:
        await there.reads(path, 404)
    for sought in (HOME, ANA, notification, f"{ANA}/2"):
        assert f"is called {sought}." in await there.reads(f"/search?id={sought}")
    assert "There is no such case" in await there.sends(f"/quarantine/{ANA}/2", 404, form={"field-title": "Milk"})
    assert "There is no such notification" in await there.sends(
        f"/notifications/{notification}", 404, form={"how": "cancel"}
    )
    assert MILK not in await operator.pulled()


async def test_a_tenant_that_is_not_there_is_said_to_be_none(operator: Operator) -> None:
    answer = await operator.browser.get("/console/nobody/log")
    assert answer.status_code == 404
    assert "homeport tenant create nobody" in text_of(answer.text)


async def test_what_an_address_says_is_never_a_command_of_its_own(operator: Operator) -> None:
    answer = await operator.browser.get("/console/a; touch b `touch c`")  # a link of somebody who hopes it is pasted
    assert answer.status_code == 404
    assert "homeport tenant create 'a; touch b" in text_of(answer.text)


async def test_a_database_that_does_not_answer_is_said_so_with_what_to_do(operator: Operator) -> None:
    async def silent(*_: object) -> None:
        raise Unavailable

    store = cast(SqliteStore, operator.world.store)
    store.read_back = silent  # type: ignore[method-assign,assignment]
    shown = await operator.reads("/log", 503)
    assert "The database does not answer" in shown
    assert "homeport doctor" in shown
    lines = await operator.world.lines()
    assert [each["status"] for each in lines if each["event"] == "console"][-1] == 503


async def test_what_nobody_expected_leaves_its_cause_in_the_log_and_not_on_the_page(operator: Operator) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("of the store")

    cast(SqliteStore, operator.world.store).read_back = broken  # type: ignore[method-assign,assignment]
    answer = await operator.browser.get(f"{operator.at}/log", headers={"x-request-id": "asked-by-ana"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "asked-by-ana")
    shown = text_of(answer.text)
    assert "ZeroDivisionError" not in shown
    (line,) = [each for each in await operator.world.lines() if each["event"] == "failed"]
    assert "ZeroDivisionError" in line["exception"]
    assert line["request_id"] in shown
