"""Health, for whoever decides whether this process lives and whether it gets traffic."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from homeport_server.observe.exposition import exposition
from homeport_server.observe.metrics import Metrics
from homeport_sync.errors import HomeportError
from homeport_sync.ports import Tenants


class Health:
    """`/livez`: the process answers. `/readyz`: it can serve, and means to go on doing so."""

    def __init__(
        self, tenants: Tenants, pokes_run: Callable[[], bool], on_drain: Callable[[], None] = lambda: None
    ) -> None:
        self._tenants = tenants
        self._pokes_run = pokes_run
        self._on_drain = on_drain
        self._draining = False

    def drain(self) -> None:
        """From now on no new traffic, please: the process is about to stop."""
        self._draining = True
        self._on_drain()

    async def livez(self, _request: Request) -> JSONResponse:
        """Always 200."""
        return JSONResponse({"live": True})

    async def readyz(self, _request: Request) -> JSONResponse:
        """200, or 503 with the reasons."""
        reasons = await self._reasons()
        return JSONResponse({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

    async def _reasons(self) -> list[str]:
        reasons = ["draining"] if self._draining else []
        if not self._pokes_run():
            reasons.append("pokes have stopped")
        try:
            await self._tenants.tenants("", 1)
        except (HomeportError, OSError) as error:
            reasons.append(f"the store does not answer ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001  # whatever a driver raises, the answer is "not ready"
            reasons.append(f"the store failed ({type(error).__name__})")
        return reasons


def health_routes(health: Health, metrics: Metrics) -> list[Route]:
    """What every process of ours answers, whatever else it does: `/livez`, `/readyz` and `/metrics`."""

    def show(request: Request) -> Response:  # in a thread: many processes' counts take milliseconds to add
        metrics.settle()
        text, media_type = exposition(metrics.registry, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": media_type})

    return [Route("/livez", health.livez), Route("/readyz", health.readyz), Route("/metrics", show)]
