"""Health, for whoever decides whether this process lives and whether it gets traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport_server.observe.exposition import exposition
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import HomeportError
from homeport_sync.ports import Signals, Tenant, Tenants

STORE_ANSWERS_S = 3.0


class Health:
    """`/livez`: the process answers. `/readyz`: it can serve, and means to go on doing so."""

    def __init__(
        self,
        tenants: Tenants,
        runs: Callable[[], bool],
        on_drain: Callable[[], None] = lambda: None,
        warnings: Callable[[], Sequence[str]] = tuple,
        *,
        production: bool = False,
    ) -> None:
        """`runs`: what must go on beside the requests does; `warnings`: what is worse than it should be now;
        `production`: that real people depend on it."""
        self._tenants = tenants
        self._runs = runs
        self._on_drain = on_drain
        self._warnings = warnings
        self._production = production
        self._draining = False
        self._question: asyncio.Future[Sequence[Tenant]] | None = None

    def drain(self) -> None:
        """From now on no new traffic, please: the process is about to stop."""
        self._draining = True
        self._on_drain()

    async def livez(self, _request: Request) -> JSONResponse:
        """Always 200."""
        return JSONResponse({"live": True})

    async def readyz(self, _request: Request) -> JSONResponse:
        """200, or 503 with the reasons. Warnings are no reason to take the traffic away; the mark of production is for
        those who would play with the server, such as a fleet."""
        reasons = await self._reasons()
        told = {
            "ready": not reasons,
            "reasons": reasons,
            "warnings": [*self._warnings()],
            "production": self._production,
        }
        return JSONResponse(told, status_code=503 if reasons else 200)

    async def _reasons(self) -> list[str]:
        reasons = ["draining"] if self._draining else []
        if not self._runs():
            reasons.append("the work beside the requests has stopped")
        try:
            await self._ask_the_store()
        except (HomeportError, OSError) as error:
            reasons.append(f"the store does not answer ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001  # whatever a driver raises, the answer is "not ready"
            reasons.append(f"the store failed ({type(error).__name__})")
        return reasons

    async def _ask_the_store(self) -> None:
        """Raises `TimeoutError` if it does not answer in time. The question stays open: a driver may take its time to
        let go of it, and whoever asks next waits for the same answer."""
        if self._question is None or self._question.done():
            self._question = asyncio.ensure_future(self._tenants.tenants("", 1))
            self._question.add_done_callback(_heard)
        answered, _ = await asyncio.wait({self._question}, timeout=STORE_ANSWERS_S)
        if not answered:
            raise TimeoutError
        await self._question


def _heard(question: asyncio.Future[Sequence[Tenant]]) -> None:
    """A failure that nobody waits for any more is no news."""
    if not question.cancelled():
        question.exception()


def health_routes(health: Health, metrics: Metrics) -> list[Route]:
    """What every process of ours answers, whatever else it does: `/livez`, `/readyz` and `/metrics`."""

    async def show(request: Request) -> Response:
        metrics.settle()
        accept = request.headers.get("accept", "")
        # In a thread: to add the counts of many processes takes milliseconds.
        text, media_type = await asyncio.to_thread(exposition, metrics.registry, accept)
        return Response(text, headers={"content-type": media_type})

    return [Route("/livez", health.livez), Route("/readyz", health.readyz), Route("/metrics", show)]


def signal_warnings(signals: Signals, what: str, poll_s: float) -> Callable[[], Sequence[str]]:
    """A warning while signals are lost; `what` then comes by the poll."""
    lost = f"signals are lost: {what} come by the poll, up to {poll_s:g} s late"
    return lambda: () if signals.connected() else (lost,)


def all_warnings(*each: Callable[[], Sequence[str]]) -> Callable[[], Sequence[str]]:
    """The warnings of several as one."""
    return lambda: [warning for warnings in each for warning in warnings()]
