"""An operation of a socket, let in as a request over HTTP is: both spend the same, so both are counted together.

It counts until its first answer. For a query or a mutation that is the whole of its work; a subscription costs little
while it only waits, and may wait for days.
"""

from __future__ import annotations

import asyncio
from typing import Any

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage

from homeport_server.edge.admission import Admission


class AdmittedOperation(Operation[Any, None]):
    """One operation that Strawberry runs. `under_way` until its first answer is written."""

    __slots__ = ("_admission", "_tenant", "under_way")

    def __init__(
        self,
        handler: BaseGraphQLTransportWSHandler[Any, None],
        message: SubscribeMessage,
        admission: Admission,
        tenant: str,
    ) -> None:
        """Raises `Overloaded` when there is no room."""
        asked = message["payload"]
        super().__init__(handler, message["id"], asked["query"], asked.get("variables"), asked.get("operationName"))
        admission.enter(tenant)
        self._admission = admission
        self._tenant = tenant
        self.under_way = True

    def start(self) -> asyncio.Task[None]:
        """Run it, in a task of its own."""
        self.task = task = asyncio.get_running_loop().create_task(self.handler.run_operation(self))
        task.add_done_callback(self._over)
        return task

    async def send_operation_message(self, message: Message) -> None:
        """Every answer comes here."""
        await super().send_operation_message(message)
        self._over()

    def _over(self, _task: object = None) -> None:
        """Answered, failed or cancelled; harmless a second time."""
        if self.under_way:
            self.under_way = False
            self._admission.leave(self._tenant)
