"""What a real server needs is read from our own distribution, and what of it is missing is named."""

from importlib.metadata import requires

from homeport_pytest.processes import missing_of


def test_here_nothing_is_missing_of_what_our_distribution_names() -> None:
    named = [text for text in requires("homeport") or () if "server" in text]
    assert len(named) > 5
    assert missing_of(named) == []


def test_what_is_missing_of_the_extra_is_named_and_nothing_of_other_extras() -> None:
    wanted = ["no-such-thing[asyncio]>=1 ; extra == 'server'", "starlette>=1; extra == 'server'"]
    others = ["no-such-base", "no-such-driver>=1; extra == 'postgres'"]
    assert missing_of([*wanted, *others]) == ["no-such-thing"]
