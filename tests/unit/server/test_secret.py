"""The secret is made once, read by its owner alone, and never used twice for two things."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeport_server.errors import SecretUnsafe
from homeport_server.secret import Secret, open_secret


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_first_run_makes_a_secret_that_only_its_owner_can_read(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        open_secret(tmp_path / "data")
    finally:
        os.umask(old)
    assert (_mode(tmp_path / "data"), _mode(tmp_path / "data" / "secret")) == (0o700, 0o600)
    assert (tmp_path / "data" / "secret").stat().st_size == 32
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["secret"]


def test_the_second_run_reads_the_same_secret(tmp_path: Path) -> None:
    assert open_secret(tmp_path).key("tokens") == open_secret(tmp_path).key("tokens")


def test_two_directories_have_two_secrets(tmp_path: Path) -> None:
    assert open_secret(tmp_path / "a").key("tokens") != open_secret(tmp_path / "b").key("tokens")


def test_processes_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = {secret.key("tokens") for secret in pool.map(open_secret, [tmp_path / "data"] * 8)}
    assert len(keys) == 1
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    open_secret(tmp_path)
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(SecretUnsafe, match="chmod 600"):
        open_secret(tmp_path)


def test_a_secret_that_is_too_short_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(b"short")
    with pytest.raises(SecretUnsafe, match="5 bytes; expected 32"):
        open_secret(tmp_path)
    with pytest.raises(SecretUnsafe):
        Secret(b"short")


def test_each_purpose_has_a_key_of_its_own() -> None:
    secret = Secret(b"s" * 32)
    assert secret.key("tokens") != secret.key("cursors")
    assert len(secret.key("tokens")) == 32


def test_a_secret_does_not_show_itself() -> None:
    assert "s" * 32 not in repr(Secret(b"s" * 32))
