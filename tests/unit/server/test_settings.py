"""Settings: one rule for their names, and nothing that cannot work is accepted."""

from dataclasses import fields

import pytest

from homeport_server.errors import BadSetting
from homeport_server.settings import Settings, flag, says, variable


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
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_variable(name: str, value: object) -> None:
    with pytest.raises(BadSetting, match=f"{flag(name)} is .*expected.*{variable(name)}"):
        Settings(**{name: value})  # type: ignore[arg-type]
