"""The host of a crowd lets its devices into the list once there is one, and each of them once."""

from __future__ import annotations

import asyncio

from homeport_client import Device
from homeport_server.phones.crowd import USER
from homeport_server.phones.loose import Crowd, Orders
from homeport_sync.scope import MEMBER
from tests.unit.client.world import Line, Server, app

WITHIN_S = 10.0
HOST = "ana"


class Gathered(Crowd):
    """Its devices reach a server in memory."""

    def __init__(self, server: Server, scope: str) -> None:
        tokens = {f"{USER}{n}": "-" for n in (1, 2)}
        super().__init__(app, Orders(app="-", url="-", scope=scope, host_token=HOST, tokens=tokens))
        self.line = Line(server, HOST)

    async def _open(self, token: str) -> Device:
        assert token == HOST
        return await Device.open(app=app, transport=self.line)


async def test_who_is_let_loose_before_the_server_knows_the_list_is_let_in_once_it_does() -> None:
    server = await Server().begin()
    async with asyncio.timeout(WITHIN_S), await Device.open(app=app, transport=Line(server, HOST)) as phone:
        scope = await phone.create("TaskList", title="Written in a tunnel")
        crowd = Gathered(server, scope)
        inviting = asyncio.create_task(crowd._invite())
        while not crowd.line.listening_as:  # noqa: ASYNC110  # a line tells nobody
            await asyncio.sleep(0)
        assert not inviting.done()
        await phone.invite(scope, f"{USER}1")
        await phone.sync()
        await inviting
        await phone.sync()
        users = sorted(str(each["user"]) for each in await phone.query(MEMBER, scope=scope))
        assert users == [f"{USER}1", f"{USER}2"]
