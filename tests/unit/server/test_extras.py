"""What is not installed is told in one sentence, the same by every verb, and never by a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from homeport_server.extras import NATS, POSTGRES, Extra, needing

APP = 'from homeport_sync import App\n\napp = App("lists")\n\n\n@app.kind(root=True)\nclass List:\n    title: str\n'
POSTGRES_URL = ("--database-url", "postgresql://127.0.0.1:1/x")
NATS_URL = ("--nats-url", "nats://127.0.0.1:1")


def without(extra: Extra, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command line says where the extra is not installed."""
    (directory / "app.py").write_text(APP)
    code = f"import sys; sys.modules[{extra.module!r}] = None\nfrom homeport_server.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--data", str(directory / "data")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory)


@pytest.mark.parametrize(
    "verb",
    [
        ("migrate",),
        ("migrate", "--plan"),
        ("serve", "app.py", "--port", "0"),
        ("work", "app.py"),
        ("tenant", "list"),
    ],
)
def test_without_the_client_of_postgresql_every_verb_says_the_same_sentence(
    verb: tuple[str, ...], tmp_path: Path
) -> None:
    ran = without(POSTGRES, tmp_path, *verb, *POSTGRES_URL)
    assert ran.returncode == 2
    assert ran.stderr == f"Error: {POSTGRES.missing}: {POSTGRES.mend}.\n"


@pytest.mark.parametrize(("extra", "urls"), [(POSTGRES, POSTGRES_URL), (NATS, (*POSTGRES_URL, *NATS_URL))])
def test_the_doctor_says_it_in_the_same_words(extra: Extra, urls: tuple[str, ...], tmp_path: Path) -> None:
    ran = without(extra, tmp_path, "doctor", *urls)
    assert f"wrong: {extra.missing} — {extra.mend}\n" in ran.stdout
    assert ran.stderr == ""


def test_what_else_is_missing_is_no_fault_of_whoever_installed_it() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needing(POSTGRES):
        import no_such_module  # type: ignore[import-not-found]  # noqa: F401
