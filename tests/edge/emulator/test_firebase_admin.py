"""Google's own client, pointed at our emulator, sees what it would see from Google: its own exceptions."""

import asyncio
from collections.abc import AsyncIterator

import firebase_admin
import google.auth.exceptions
import pytest
from firebase_admin import credentials, exceptions, messaging
from requests.adapters import HTTPAdapter

from homeport_notify.emulator import Emulator

# Tokens are what phones have today; firebase-admin already says that installation ids will follow.
pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated:DeprecationWarning")


class Firebase:
    """firebase-admin, in a thread since it blocks, and without its own retries: a test is to see each answer."""

    def __init__(self, app: firebase_admin.App) -> None:
        self._app = app
        service = messaging._get_messaging_service(app)
        service._client.session.mount("http://", HTTPAdapter(max_retries=0))

    async def send(self, *, dry_run: bool = False, **fields: object) -> str:
        message = messaging.Message(**fields)
        name: str = await asyncio.to_thread(messaging.send, message, dry_run=dry_run, app=self._app)
        return name


@pytest.fixture
async def firebase(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Firebase]:
    """Pointed at the emulator as docs/emulators.md says."""
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", f"{emulator.url}/v1/projects/{{0}}/messages:send")
    app = firebase_admin.initialize_app(credentials.Certificate(emulator.account), name=emulator.url)
    yield Firebase(app)
    await asyncio.to_thread(firebase_admin.delete_app, app)  # it runs a loop of its own


async def test_a_message_is_accepted_and_reaches_the_phone(emulator: Emulator, firebase: Firebase) -> None:
    phone = emulator.phones.register()
    name = await firebase.send(
        token=phone.target,
        notification=messaging.Notification(title="Tea", body="is ready"),
        data={"cup": "1"},
        android=messaging.AndroidConfig(priority="high", collapse_key="tea", ttl=60),
    )
    assert name.startswith("projects/emulated/messages/")
    async with phone.open() as inbox:
        push = await anext(inbox)
    assert (push.name, push.title, push.body, dict(push.data)) == (name, "Tea", "is ready", {"cup": "1"})
    assert (push.priority, push.collapse_key, push.ttl_s) == ("high", "tea", 60)


async def test_an_installation_id_is_a_target_as_well(emulator: Emulator, firebase: Firebase) -> None:
    phone = emulator.phones.register("fid")
    name = await firebase.send(fid=phone.target, data={"a": "b"})
    async with phone.open() as inbox:
        assert (await anext(inbox)).name == name


async def test_a_topic_and_a_condition_reach_those_who_are_meant(emulator: Emulator, firebase: Firebase) -> None:
    tea = emulator.phones.register(topics=["tea"])
    both = emulator.phones.register(topics=["tea", "cake"])
    await firebase.send(topic="tea", data={"to": "tea"})
    await firebase.send(condition="'tea' in topics && !('cake' in topics)", data={"to": "only tea"})
    assert (tea.waiting, both.waiting) == (2, 1)


async def test_a_dry_run_is_checked_and_shown_to_nobody(emulator: Emulator, firebase: Firebase) -> None:
    phone = emulator.phones.register()
    assert await firebase.send(dry_run=True, token=phone.target) == "projects/emulated/messages/fake_message_id"
    assert (phone.waiting, emulator.tally.fcm.accepted, emulator.tally.fcm.checked) == (0, 0, 1)


async def test_a_phone_that_is_gone_is_unregistered(emulator: Emulator, firebase: Firebase) -> None:
    phone = emulator.phones.register()
    emulator.phones.lose([phone.target])
    with pytest.raises(messaging.UnregisteredError) as seen:
        await firebase.send(token=phone.target)
    assert seen.value.code == exceptions.NOT_FOUND
    assert str(seen.value) == "Requested entity was not found."


async def test_a_malformed_token_is_an_invalid_argument(firebase: Firebase) -> None:
    with pytest.raises(exceptions.InvalidArgumentError) as seen:
        await firebase.send(token="no token at all")
    assert str(seen.value) == "The registration token is not a valid FCM registration token"


async def test_a_message_that_is_too_large_is_an_invalid_argument(firebase: Firebase) -> None:
    with pytest.raises(exceptions.InvalidArgumentError, match="too big"):
        await firebase.send(token="a:b", data={"x": "x" * 4_096})


async def test_a_token_of_another_project_is_a_mismatch(emulator: Emulator, firebase: Firebase) -> None:
    phone = emulator.phones.register(project="another")
    with pytest.raises(messaging.SenderIdMismatchError):
        await firebase.send(token=phone.target)


async def test_a_spent_quota_is_exceeded_and_says_when_to_come_again(emulator: Emulator, firebase: Firebase) -> None:
    emulator.behave(quota_a_minute=1)
    await firebase.send(token="a:b")
    with pytest.raises(messaging.QuotaExceededError) as seen:
        await firebase.send(token="a:b")
    assert seen.value.code == exceptions.RESOURCE_EXHAUSTED
    assert 0 < int(seen.value.http_response.headers["retry-after"]) <= 60


async def test_the_quota_of_a_device_is_named_as_such(emulator: Emulator, firebase: Firebase) -> None:
    emulator.behave(device_quota_a_minute=1, retry_after="none")
    await firebase.send(token="a:b")
    await firebase.send(token="a:c")
    with pytest.raises(messaging.QuotaExceededError) as seen:
        await firebase.send(token="a:b")
    failure = seen.value.http_response.json()["error"]["details"][1]
    assert failure["violations"] == [{"subject": "device:a:b", "description": "Device message rate exceeded"}]


@pytest.mark.parametrize(
    ("outage", "error"),
    [
        ("unavailable", exceptions.UnavailableError),
        ("internal", exceptions.InternalError),
        ("throttled", messaging.QuotaExceededError),
        ("reset", exceptions.UnavailableError),
        ("reset_untaken", exceptions.UnavailableError),
    ],
)
async def test_an_outage_is_what_it_would_be(
    emulator: Emulator, firebase: Firebase, outage: str, error: type[Exception]
) -> None:
    emulator.behave(outage=outage)
    with pytest.raises(error):
        await firebase.send(token="a:b")
    assert emulator.tally.fcm.accepted == (outage == "reset")


async def test_a_page_of_html_in_between_is_no_answer(emulator: Emulator, firebase: Firebase) -> None:
    emulator.behave(bad_gateway=1)
    with pytest.raises(exceptions.FirebaseError, match="502"):
        await firebase.send(token="a:b")


async def test_tokens_that_expired_early_are_asked_for_anew(emulator: Emulator, firebase: Firebase) -> None:
    await firebase.send(token="a:b")
    emulator.expire()
    await firebase.send(token="a:b")
    assert (emulator.tally.tokens.issued, emulator.tally.fcm.refused) == (2, {"ACCESS_TOKEN_EXPIRED": 1})


async def test_a_revoked_key_gets_no_token(emulator: Emulator, firebase: Firebase) -> None:
    emulator.behave(key="revoked")
    with pytest.raises(google.auth.exceptions.RefreshError, match="Invalid JWT Signature"):
        await firebase.send(token="a:b")
    assert emulator.tally.tokens.refused >= 1


async def test_another_project_is_denied(emulator: Emulator, firebase: Firebase) -> None:
    service = messaging._get_messaging_service(firebase._app)
    service._fcm_url = f"{emulator.url}/v1/projects/another/messages:send"
    with pytest.raises(exceptions.PermissionDeniedError, match=r"cloudmessaging\.messages\.create"):
        await firebase.send(token="a:b")
