"""`homeport notify emulate`: FCM and APNs of our own, so that a team tests notifications without an account."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from homeport_server.extras import NOTIFY, needing
from homeport_server.verbs.options import Refused, Verb

if TYPE_CHECKING:
    from homeport_notify.emulator import Behaviour, Emulator

_PORT = 8_090


def _option(name: str, **how: Any) -> Callable[[Verb], Verb]:  # noqa: ANN401  # as click takes them
    """An option with its variable, by the rule of the settings."""
    variable = f"HOMEPORT_EMULATE_{name.removeprefix('--').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, show_default=True, **how)


@click.command()
@_option("--host", default="127.0.0.1", help="The address to listen on.")
@_option("--port", type=click.IntRange(0, 65_535), default=_PORT, help="The port to listen on; 0 takes any free one.")
@_option("--url", default="", help="Where clients reach it, if that is elsewhere, such as http://emulator:8090.")
@_option("--project", default="emulated", help="What the Firebase project is called.")
@_option("--team", default="EMULATED00", help="What Apple calls the team.")
@click.option("--topic", "topics", multiple=True, help="A bundle id that may be sent to; none: any. May be repeated.")
@_option("--write-account", type=click.Path(path_type=Path), help="Write a service-account file for FCM's clients.")
@_option("--write-apns-key", type=click.Path(path_type=Path), help="Write a .p8 file for clients of APNs.")
@_option("--anyone", is_flag=True, help="Take messages from whoever comes, without credentials.")
@_option("--seed", type=click.IntRange(0), default=1, help="What everything is drawn from.")
@_option("--bearer-ttl-s", type=click.IntRange(1), default=3_600, help="How long an access token of FCM lives.")
@_option("--certificate", type=click.Path(path_type=Path, exists=True), help="A PEM file, to speak TLS.")
@_option(
    "--certificate-key", type=click.Path(path_type=Path, exists=True), help="Its key, unless it is in the same file."
)
@click.option("--set", "behaviour", metavar="NAME=VALUE", multiple=True, help="How it behaves, such as latency_ms=50.")
def emulate(
    *,
    write_account: Path | None,
    write_apns_key: Path | None,
    anyone: bool,
    behaviour: tuple[str, ...],
    **given: Any,  # noqa: ANN401  # one argument a setting
) -> None:
    """Be FCM and APNs: answer as they do, misbehave when told to, deliver to phones that ask.

    What may be set with --set, and at run time below /emulator, stands in docs/emulators.md. Ctrl-C ends it.
    """
    with needing(NOTIFY):
        from homeport_notify.emulator import Emulator, EmulatorSettings
        from homeport_notify.emulator.keys import keys_in

    settings = EmulatorSettings(
        **{**given, "topics": frozenset(given["topics"])},
        credentials_checked=not anyone,
        behaviour=_behaviour(behaviour),
        keys=keys_in(write_account, write_apns_key),
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_stand(Emulator(settings), write_account, write_apns_key))


def _behaviour(given: tuple[str, ...]) -> Behaviour:
    """Raises `BadEmulation`."""
    from homeport_notify.emulator.behaviour import behaviour_of

    fields: dict[str, object] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise Refused(f"--set is {each!r}; expected NAME=VALUE, such as latency_ms=50.")
        try:
            fields[name] = json.loads(value)
        except ValueError:
            fields[name] = value
    return behaviour_of(fields)


async def _stand(emulator: Emulator, account: Path | None, apns_key: Path | None) -> None:
    """Until it is interrupted."""
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # on Windows, where Ctrl-C is an exception
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
    await _listen(emulator)
    try:
        _write(emulator, account, apns_key)
        for line in _greeting(emulator, account, apns_key):
            click.echo(line)
        await ended.wait()
    finally:
        await emulator.close()
    click.echo(_summary(emulator))


async def _listen(emulator: Emulator) -> None:
    settings = emulator.settings
    try:
        await emulator.start()
    except OSError as error:
        raise Refused(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}): choose another --port."
        ) from error


def _write(emulator: Emulator, account: Path | None, apns_key: Path | None) -> None:
    """The files for clients. Keys that were in them are kept. Raises `OSError`."""
    from homeport_notify.emulator.keys import write_private

    if account:
        write_private(account, json.dumps(emulator.account, indent=2) + "\n")
    if apns_key:
        write_private(apns_key, emulator.settings.keys.apple_pem)


def _greeting(emulator: Emulator, account: Path | None, apns_key: Path | None) -> list[str]:
    """Where it is, and how clients get to it."""
    settings = emulator.settings
    lines = [
        f"FCM and APNs are emulated at {click.style(emulator.url, bold=True)} (look at it in a browser).",
        f"FCM:  POST {emulator.url}/v1/projects/{settings.project}/messages:send",
        f"APNs: POST {emulator.url}/3/device/… over HTTP/2",
    ]
    if account:
        lines.append(f"The service account is in {account}.")
    if apns_key:
        keys = settings.keys
        lines.append(f"Apple's key is in {apns_key}: key id {keys.apple_key_id}, team {settings.team}.")
    return lines


def _summary(emulator: Emulator) -> str:
    """All of it, in a line."""
    parts = [
        f"{name} {tally.accepted:,} accepted, {sum(tally.refused.values()):,} refused"
        for name, tally in (("FCM:", emulator.tally.fcm), ("APNs:", emulator.tally.apns))
    ]
    return f"{'; '.join(parts)}; {emulator.tally.phones.delivered:,} delivered."
