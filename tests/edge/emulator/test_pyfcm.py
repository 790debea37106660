"""pyfcm and google-auth, unchanged, with the service-account file that the emulator writes."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google.auth.transport.requests
import pyfcm
import pytest
from google.oauth2 import service_account
from pyfcm.errors import FCMNotRegisteredError, InvalidDataError

from homeport_notify.emulator import Emulator


def credentials(account: Mapping[str, str]) -> service_account.Credentials:
    make: Any = service_account.Credentials.from_service_account_info
    made: service_account.Credentials = make(account, scopes=["https://www.googleapis.com/auth/firebase.messaging"])
    return made


def client(emulator: Emulator, path: Path) -> pyfcm.FCMNotification:
    path.write_text(json.dumps(emulator.account))

    class Emulated(pyfcm.FCMNotification):  # type: ignore[misc]
        FCM_END_POINT_BASE = f"{emulator.url}/v1/projects"

    return Emulated(service_account_file=str(path))


async def test_pyfcm_sends_and_the_phone_gets_it(emulator: Emulator, tmp_path: Path) -> None:
    phone = emulator.phones.register()
    pyfcm_client = client(emulator, tmp_path / "account.json")
    answer = await asyncio.to_thread(
        pyfcm_client.notify, fcm_token=phone.target, notification_title="Tea", data_payload={"cup": "1"}
    )
    async with phone.open() as inbox:
        push = await anext(inbox)
    assert (answer, push.title, dict(push.data)) == ({"name": push.name}, "Tea", {"cup": "1"})


async def test_pyfcm_sees_who_is_gone_and_what_is_malformed(emulator: Emulator, tmp_path: Path) -> None:
    pyfcm_client = client(emulator, tmp_path / "account.json")
    emulator.phones.lose(["a:gone"])
    with pytest.raises(FCMNotRegisteredError):
        await asyncio.to_thread(pyfcm_client.notify, fcm_token="a:gone", notification_title="Tea")
    with pytest.raises(InvalidDataError, match=r"message\.data\[0\]\.value"):
        await asyncio.to_thread(pyfcm_client.notify, fcm_token="a:b", data_payload={"cup": 1})


async def test_google_auth_gets_a_token_for_the_account_and_for_no_other_key(emulator: Emulator) -> None:
    request = google.auth.transport.requests.Request()
    good = credentials(emulator.account)
    await asyncio.to_thread(good.refresh, request)
    assert good.valid
    emulator.provider.bearers.expire()
    other = {**emulator.account, "client_email": "somebody@else.iam.gserviceaccount.com"}
    bad = credentials(other)
    with pytest.raises(google.auth.exceptions.RefreshError, match="account not found"):
        await asyncio.to_thread(bad.refresh, request)
