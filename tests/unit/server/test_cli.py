"""The command line: what it prints, and one clear sentence with exit code 2 for what a user gets wrong."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from homeport_server.app import make_tokens, wall_ms
from homeport_server.cli import main
from homeport_server.data import APP_FILE, database_of
from homeport_server.edge.ide.page import LINK_TTL_MAX_S
from homeport_server.secret import open_secret
from homeport_server.settings import Settings, flag, variable

APP = 'from homeport_sync import App\n\napp = App("lists")\n\n\n@app.kind(root=True)\nclass List:\n    title: str\n'
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `homeport` with a data directory of its own."""

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env={"HOMEPORT_DATA": str(tmp_path / "data")})

    return call


@pytest.fixture
def app_file(tmp_path: Path) -> Path:
    file = tmp_path / "app.py"
    file.write_text(APP)
    return file


def _refused(result: Result) -> str:
    """The sentence on standard error, and nothing anywhere else."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    return result.stderr


def test_making_a_tenant_prints_its_id_and_making_it_again_the_same(run: Run) -> None:
    first, second = run("tenant", "create", "demo"), run("tenant", "create", "demo")
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert len(first.stdout.split()) == 1


def test_whoever_reads_no_further_hears_of_no_error(app_file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    verb = [sys.executable, "-m", "homeport_server", "schema", str(app_file)]
    ended = subprocess.run(verb, stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_tenants_are_listed_with_their_ids(run: Run) -> None:
    ids = {name: run("tenant", "create", name).stdout.strip() for name in ("demo", "other")}
    assert sorted(run("tenant", "list").stdout.splitlines()) == sorted(f"{id}  {name}" for name, id in ids.items())


def test_a_data_directory_is_made_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    run("tenant", "create", "demo")
    modes = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "data").iterdir()}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}


def test_an_epoch_is_begun_after_a_restore_and_is_another_each_time(run: Run) -> None:
    run("tenant", "create", "demo")
    first, second = run("tenant", "begin-epoch", "demo"), run("tenant", "begin-epoch", "demo")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout != second.stdout
    assert "`homeport tenant create nope" in _refused(run("tenant", "begin-epoch", "nope"))


@pytest.mark.parametrize("day", ["yesterday", "20260131", "2026-02-30"])
def test_usage_since_what_is_no_day_is_refused(run: Run, day: str) -> None:
    run("tenant", "create", "demo")
    assert "expected a day (UTC) such as 2026-01-31" in _refused(run("tenant", "usage", "demo", "--since", day))


def test_usage_of_nothing_says_so_beside_the_output(run: Run) -> None:
    run("tenant", "create", "demo")
    told = run("tenant", "usage", "demo", "--since", "2026-01-31")
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "no changes counted since 2026-01-31\n")
    assert run("tenant", "usage", "demo").stderr == "no changes counted yet\n"


def test_a_server_that_does_not_reach_its_database_leaves_no_secret(run: Run, app_file: Path, tmp_path: Path) -> None:
    away = ("--port", "0", "--database-url", "postgresql://127.0.0.1:1/x")
    assert "PostgreSQL at 127.0.0.1:1 cannot be reached" in _refused(run("serve", str(app_file), *away))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("verb", [("tenant", "list"), ("token", "--user", "ana", "--tenant", "demo")])
def test_a_verb_that_only_reads_makes_no_data_directory(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    assert "holds no Homeport data" in _refused(run(*verb))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["", " ", "demo "])
def test_nobody_is_named_by_nothing(run: Run, name: str) -> None:
    assert "give it a name" in _refused(run("tenant", "create", name))
    run("tenant", "create", "demo")
    assert "give it a name" in _refused(run("token", "--user", name, "--tenant", "demo"))


def test_a_file_that_is_no_database_is_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    run("tenant", "create", "demo")
    database_of(tmp_path / "data").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    for file in (tmp_path / "data").glob("*-*"):
        file.unlink()
    assert "The database cannot be used" in _refused(run("tenant", "list"))


@pytest.fixture
def taken() -> Iterator[str]:
    """A port on which somebody listens already, so that a server ends before it serves."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield str(other.getsockname()[1])


def test_the_data_of_one_app_are_not_served_as_anothers(run: Run, app_file: Path, taken: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert "cannot be listened on" in _refused(run("serve", str(app_file), "--port", taken))
    app_file.write_text(APP.replace('App("lists")', 'App("chat")'))
    said = _refused(run("serve", str(app_file), "--port", taken))
    assert "holds the data of the app 'lists', and this is the app 'chat'" in said
    (tmp_path / "data" / APP_FILE).write_text("")
    assert "cannot be listened on" in _refused(run("serve", str(app_file), "--port", taken)), "nobody had said whose"


def test_on_postgresql_apps_may_share_the_directory_of_the_secret(run: Run, app_file: Path, taken: str) -> None:
    for name in ("lists", "chat"):
        app_file.write_text(APP.replace("lists", name))
        away = ("--port", taken, "--database-url", "postgresql://127.0.0.1:1/x")
        assert "cannot be listened on" in _refused(run("serve", str(app_file), *away))


@pytest.mark.parametrize("named", ["by name", "by id"])
def test_a_token_is_printed_alone_and_opens_the_server_of_that_directory(run: Run, tmp_path: Path, named: str) -> None:
    id = run("tenant", "create", "demo").stdout.strip()
    printed = run("token", "--user", "ana", "--tenant", "demo" if named == "by name" else id, "--ttl", "60")
    tokens = make_tokens(Settings(token_leeway_s=0), open_secret(tmp_path / "data"))
    caller = tokens.verify(printed.stdout.removesuffix("\n"))
    assert (caller.user, caller.tenant) == ("ana", id)
    assert 0 < caller.expires_at_ms - wall_ms() <= 60_000


def test_a_token_for_an_unknown_tenant_names_the_command_that_makes_it(run: Run) -> None:
    run("tenant", "create", "demo")
    assert "`homeport tenant create nope" in _refused(run("token", "--user", "ana", "--tenant", "nope"))


def test_a_file_of_users_gets_a_token_a_line_in_its_order(run: Run, tmp_path: Path) -> None:
    id = run("tenant", "create", "demo").stdout.strip()
    (tmp_path / "users").write_text("ana\nbo\n")
    printed = run("token", "--users", str(tmp_path / "users"), "--tenant", "demo").stdout.splitlines()
    tokens = make_tokens(Settings(), open_secret(tmp_path / "data"))
    assert [tokens.verify(each).user for each in printed] == ["ana", "bo"]
    assert {tokens.verify(each).tenant for each in printed} == {id}


def test_a_link_to_the_ide_has_a_token_that_lasts_a_working_day_at_most(run: Run, tmp_path: Path) -> None:
    run("tenant", "create", "demo")
    asked = ("token", "--user", "ana", "--tenant", "demo", "--ide", "--port", "8080")
    tokens = make_tokens(Settings(token_leeway_s=0), open_secret(tmp_path / "data"))
    for ttl, most_s in ((), LINK_TTL_MAX_S), (("--ttl", "60"), 60):
        address, _, token = run(*asked, *ttl).stdout.removesuffix("\n").partition("#token=")
        assert address == "http://127.0.0.1:8080/graphql"
        assert most_s - 10 < (tokens.verify(token).expires_at_ms - wall_ms()) / 1_000 <= most_s


def test_a_token_for_nobody_is_refused_and_so_is_a_file_with_a_blank_line(run: Run, tmp_path: Path) -> None:
    run("tenant", "create", "demo")
    assert "Nobody is named" in _refused(run("token", "--tenant", "demo"))
    (tmp_path / "users").write_text("ana\n\n")
    assert "give it a name" in _refused(run("token", "--users", str(tmp_path / "users"), "--tenant", "demo"))
    assert "stands for everybody" in _refused(run("token", "--user", "*", "--tenant", "demo"))


def test_a_time_to_live_of_nothing_is_refused(run: Run) -> None:
    run("tenant", "create", "demo")
    refused = _refused(run("token", "--user", "ana", "--tenant", "demo", "--ttl", "0"))
    assert "HOMEPORT_TOKEN_TTL_S" in refused


def test_the_schema_is_printed_for_an_app_that_can_be_served(run: Run, app_file: Path) -> None:
    printed = run("schema", str(app_file))
    assert printed.exit_code == 0
    assert "type Mutation" in printed.stdout
    assert run("schema", str(app_file)).stdout == printed.stdout


def test_a_change_of_the_schema_that_breaks_clients_is_told_by_exit_code(run: Run, app_file: Path) -> None:
    old = app_file.with_name("old.graphql")
    old.write_text(run("schema", str(app_file)).stdout)
    same = run("schema", str(app_file), "--against", str(old))
    assert (same.exit_code, same.stdout) == (0, "Nothing changed.\n")
    app_file.write_text(APP.replace("    title", "    name"))
    broken = run("schema", str(app_file), "--against", str(old))
    assert broken.exit_code == 1
    assert "  Field List.title was removed.\n" in broken.stdout
    assert "  Field List.name was added.\n" in broken.stdout


def test_a_schema_to_compare_with_that_is_none_is_refused(run: Run, app_file: Path) -> None:
    assert "is no GraphQL schema" in _refused(run("schema", str(app_file), "--against", str(app_file)))


@pytest.mark.parametrize("verb", ["schema", "serve"])
def test_an_app_that_cannot_be_served_is_refused_by_file_and_line(run: Run, app_file: Path, verb: str) -> None:
    app_file.write_text(APP + "    ids: list\n")
    assert f"{app_file}:9: List.ids" in _refused(run(verb, str(app_file)))


def test_an_app_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    assert "no such file" in _refused(run("serve", str(tmp_path / "nope.py")))


def test_a_directory_that_cannot_be_made_is_refused(run: Run, app_file: Path) -> None:
    assert str(app_file) in _refused(run("serve", str(app_file), "--data", str(app_file / "data")))


def test_a_port_that_cannot_be_had_is_refused_with_the_flag_to_change(run: Run, app_file: Path) -> None:
    assert "--port" in _refused(run("serve", str(app_file), "--host", "203.0.113.1"))


def test_every_setting_is_a_flag_of_serve_and_shows_its_variable(run: Run) -> None:
    told = run("serve", "--help").stdout
    for each in fields(Settings):
        assert flag(each.name) in told
        assert variable(each.name) in told


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout.startswith("homeport, version ")


def test_a_secret_that_was_lost_is_noticed_and_replaced_only_on_purpose(run: Run, tmp_path: Path) -> None:
    run("tenant", "create", "demo")
    assert run("token", "--user", "a", "--tenant", "demo").exit_code == 0
    (tmp_path / "data" / "secret").unlink()
    issue = ("token", "--user", "a", "--tenant", "demo")
    for verb in (issue, ("secret",)):
        assert "run `homeport secret --replace`" in _refused(run(*verb))
    assert run("secret", "--replace").exit_code == 0
    assert run("secret").exit_code == 0
    assert run(*issue).exit_code == 0
