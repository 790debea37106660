"""The console is for who holds the secret, on a development server, and tells nobody else anything."""

from pathlib import Path

from click.testing import CliRunner

from homeport_server.cli import main
from tests.edge.console.operated import HERE, MILK, Operator, open_link, operated

PAGES = (
    "",
    "/devices",
    "/log",
    "/quarantine",
    "/notifications",
    f"/records/{MILK}",
    "/samples",
    "/search?id=1",
    "/x/y",
)


async def test_without_a_key_every_page_says_how_to_get_one_and_nothing_else(tmp_path: Path) -> None:
    async with operated(tmp_path) as operator:
        await operator.write(operator.new_list(title="Secret plans"))
        for path in ("/console", *(operator.at + each for each in PAGES)):
            answer = await operator.browser.get(path)
            assert answer.status_code == 401
            assert "homeport console" in answer.text
            assert "demo" not in answer.text
        posted = await operator.browser.post(f"{operator.at}/notifications/{MILK}", headers=HERE)
        assert posted.status_code == 401


async def test_the_link_opens_every_page_and_its_key_is_never_logged(tmp_path: Path) -> None:
    async with operated(tmp_path) as operator:
        opened = await open_link(operator)
        assert opened.headers["location"] == "/console"
        assert (await operator.browser.get("/console")).headers["location"] == operator.at
        await operator.page()
        key = opened.headers["set-cookie"].partition("=")[2].partition(";")[0]
        logged = await operator.world.lines()
    assert len(key) > 100
    assert key not in str(logged)
    (line,) = [each for each in logged if each["event"] == "console" and each["page"] == "pulse"]
    assert (line["level"], line["tenant"], line["status"]) == ("info", "demo", 200)


async def test_a_page_of_another_site_steers_nothing(operator: Operator) -> None:
    notification = await operator.notify()
    path, form = f"{operator.at}/notifications/{notification}", {"how": "cancel"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}):
        assert (await operator.browser.post(path, data=form, headers=headers)).status_code == 403
    assert "cancelled" not in await operator.reads(f"/notifications/{notification}")


async def test_in_production_there_is_no_console_whatever_is_asked(tmp_path: Path) -> None:
    async with operated(tmp_path, production=True) as operator:
        assert (await open_link(operator)).status_code == 404
        for path in ("/console", "/console/", *(operator.at + each for each in PAGES), "/pages/console.css"):
            assert (await operator.browser.get(path)).status_code == 404


def test_the_verb_prints_a_link_and_nothing_else_and_none_for_production(tmp_path: Path) -> None:
    run, data = CliRunner().invoke, ["--data", str(tmp_path / "data")]
    assert run(main, ["console", *data]).exit_code == 2
    run(main, ["tenant", "create", "demo", *data])
    printed = run(main, ["console", *data, "--host", "0.0.0.0", "--port", "9000"])  # noqa: S104  # as somebody serves
    (line,) = printed.stdout.splitlines()
    assert "Nothing answers on port 9000 yet" in printed.stderr
    assert line.startswith("http://127.0.0.1:9000/pages/enter?to=/console#key=ey")
    (tmp_path / "data" / "secret").write_bytes(b"s" * 32)
    foreign = run(main, ["console", *data])
    assert (foreign.exit_code, foreign.stdout) == (2, "")
    assert "secret" in foreign.stderr
    refused = run(main, ["console", *data, "--production"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "In production there is no console" in refused.stderr
