"""Whether a fleet may play with a server: it asks before it does anything, and takes no silence for a yes."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from homeport_client.fleet.errors import InProduction, ServerUnusable
from homeport_client.tls import tls_context

PATH = "/readyz"
ANSWER_S = 10.0


async def must_be_playable(url: str) -> None:
    """Raises `InProduction` for a server that is marked so, and `ServerUnusable` for one that does not answer, does not
    say whether it is, or is not ready."""
    told = await _told(url)
    if not isinstance(told.get("production"), bool):
        raise ServerUnusable(f"{url} does not say whether it is in production: give the URL of a Homeport server.")
    if told["production"]:
        raise InProduction(
            f"{url} is marked as a server for production, and a fleet plays havoc: take another one, which was started "
            f"without --production."
        )
    if told.get("ready") is not True:
        raise ServerUnusable(f"{url} is not ready ({_reasons(told)}): wait until {url}{PATH} says it is.")


async def _told(url: str) -> Mapping[str, object]:
    try:
        async with httpx2.AsyncClient(verify=tls_context(), timeout=ANSWER_S) as client:
            told = (await client.get(url.rstrip("/") + PATH)).json()
    except (httpx2.TransportError, httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise ServerUnusable(
            f"{url} does not answer ({type(error).__name__}): start the server with `homeport serve`, or give the URL "
            f"of one that runs."
        ) from error
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _reasons(told: Mapping[str, object]) -> str:
    reasons = told.get("reasons")
    return ", ".join(map(str, reasons)) if isinstance(reasons, list) and reasons else "and does not say why"
