"""Settings: one rule for their names, and nothing that cannot work is accepted."""

import re
from dataclasses import fields
from math import inf, nan
from traceback import format_exception

import click
import pytest
from click.testing import CliRunner

from homeport_server.cli import main
from homeport_server.errors import BadSetting
from homeport_server.settings import Settings, flag, says, variable
from homeport_server.verbs.options import setting
from homeport_sync.errors import Unavailable
from homeport_sync.sql.postgres.database import Database


def test_one_rule_names_a_settings_flag_and_its_variable() -> None:
    assert (flag("token_ttl_s"), variable("token_ttl_s")) == ("--token-ttl-s", "HOMEPORT_TOKEN_TTL_S")


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_every_setting_says_what_it_is_for(name: str) -> None:
    assert says(name).endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_level", "loud"),
        ("port", -1),
        ("port", 65_536),
        ("token_leeway_s", 61),
        ("token_leeway_s", -1),
        ("token_ttl_s", 0),
        ("body_bytes_max", 0),
        ("sockets_per_user_max", -1),
        ("poke_poll_s", 0.0),
        ("drain_s", 0.0),
        ("drain_notice_s", -1.0),
        ("workers", 0),
        ("workers", 2),
        ("nats_url", "nats://without.postgresql:4222"),
        ("lease_s", 0.0),
        ("lease_s", 0.999),
        ("lease_s", nan),
        ("drain_s", inf),
        ("drain_s", nan),
        ("drain_notice_s", nan),
        ("poke_poll_s", nan),
        ("retry_after_max_s", inf),
        ("fcm_url", "127.0.0.1:8090"),
        ("apns_url", "ftp://apple"),
        ("apns_topic", "app.lists"),
        ("fcm_a_second", -1),
        ("webhook_a_second", -1),
        ("notify_slices", 0),
        ("notify_slices", 65),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_variable(name: str, value: object) -> None:
    with pytest.raises(BadSetting, match=f"{flag(name)} is .*expected.*{variable(name)}"):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "value", "marked"),
    [
        ([], None, False),
        (["--production"], None, True),
        (["--production"], "0", True),
        ([], "true", True),
        ([], "1", True),
        ([], "false", False),
        ([], "0", False),
        ([], "", False),
    ],
)
def test_a_setting_that_is_true_or_false_is_a_bare_flag_or_says_so_in_its_variable(
    words: list[str], value: str | None, marked: bool
) -> None:
    seen: list[bool] = []

    @click.command()
    @setting("production")
    def verb(production: bool) -> None:
        seen.append(production)

    told = CliRunner().invoke(verb, words, env={"HOMEPORT_PRODUCTION": value})
    assert (told.exit_code, seen) == (0, [marked]), told.output


def test_a_variable_that_is_neither_true_nor_false_is_refused_with_a_sentence() -> None:
    told = CliRunner().invoke(main, ["serve", "app.py"], env={"HOMEPORT_PRODUCTION": "perhaps"})
    assert told.exit_code == 2
    assert "'perhaps'" in told.output
    assert "HOMEPORT_PRODUCTION" in told.output


UNREADABLE = [
    "postgresql://ana:{}/part@host/db",
    "postgresql://ana:{}?part@host/db",
    "postgresql://ana:{}#part@host/db",
    "postgresql://ana:{}@part@host/db",
    "postgresql://ana:[{}@host/db",
    "postgresql://ana:2024/{}@host/db",
    "postgresql://ana:word@host:{}/db",
]


@pytest.mark.parametrize("verb", [["tenant", "list"], ["doctor"], ["migrate"], ["migrate", "--plan"]])
@pytest.mark.parametrize("url", UNREADABLE)
def test_no_part_of_a_password_is_shown_when_its_url_cannot_be_read(verb: list[str], url: str) -> None:
    told = CliRunner().invoke(main, [*verb, "--database-url", url.format("s3cr3t")])
    assert told.exit_code == 2
    assert "--database-url cannot be read: escape / @ : in the password as %2F %40 %3A." in told.output
    assert not re.search("s3cr3t|part|2024|word@", told.output)


def test_nor_is_that_of_nats() -> None:
    with pytest.raises(BadSetting, match=r"--nats-url cannot be read: escape .*%3A\.$") as told:
        Settings(database_url="postgresql://h/d", nats_url="nats://one:4222,nats://ana:s3cr3t/part@two")
    assert "s3cr3t" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host",
        "postgresql://ana:a%2Fb%40c%3Ad@host:5432/db?sslmode=require",
        "postgresql://ana:a:b@one:1,two:2/db",
        "postgresql://ana@[::1]:5432/db",
        "postgresql://ana:@/db?host=/run/post@gres",
        "postgresql:///db?host=/run/post@gres",
    ],
)
def test_a_url_whose_parts_can_be_told_apart_is_accepted(url: str) -> None:
    assert Settings(database_url=url).database_url == url


async def test_the_store_shows_nothing_of_a_url_that_cannot_be_read_either() -> None:
    url = UNREADABLE[0].format("s3cr" + "3t")
    with pytest.raises(Unavailable, match="PostgreSQL's URL cannot be read") as told:
        await Database.open(url, 1)
    assert "s3cr3t" not in "".join(format_exception(told.value))
