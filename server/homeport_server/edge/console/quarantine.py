"""The quarantine of a tenant: what waits there and why, and one case, to be edited and replayed in its user's name.

Who may: on a development server whoever holds its secret, which is who could make the link to this page. What a replay
may do is what its user may: it goes through the same intake as a phone's. Letting a change go is not offered: that is
for the user to say, on the phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.responses import RedirectResponse, Response

from homeport_server.edge.console.cases import waiting_of
from homeport_server.edge.console.console import FRESH_S, Console, Visit, chosen
from homeport_server.edge.console.editing import Form, form_of, read_edits, shape_of
from homeport_server.edge.console.instead import Instead
from homeport_server.edge.console.places import quarantine_place, quarantine_place_text
from homeport_server.edge.console.record import newest
from homeport_server.edge.console.words import said
from homeport_server.edge.replay import replay as replayed
from homeport_server.pages.forms import read_form
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_server.quarantine.case import BEHIND_MAX, Readable, case_of
from homeport_server.quarantine.listing import CaseSight, page_of, sight_of
from homeport_server.quarantine.replay import device_of
from homeport_sync.change import Change
from homeport_sync.clock import is_uuid
from homeport_sync.errors import Fix, HomeportError
from homeport_sync.fields import FIELDS_MAX
from homeport_sync.limits import LIMITS
from homeport_sync.quarantine import Chosen

PAGE: Final = 50
REPLAYS_SHOWN_MAX: Final = 20
BEHIND_SHOWN_MAX: Final = 50
EDIT_BYTES_MAX: Final = 4 * LIMITS.change_bytes_max  # a form writes each byte of other scripts as three, such as %E5
EDIT_FIELDS_MAX: Final = 4 * FIELDS_MAX  # with what shall be dropped, and what the app declares no more
NUMBER_DIGITS_MAX: Final = 16


async def listing(console: Console, visit: Visit) -> Response:
    """A page of what waits, oldest first; with `all`, of all that was ever rejected."""
    after = visit.asked("after")
    asked = {name: visit.asked(name).strip()[:200] for name in ("user", "device", "record", "all")}
    which = Chosen(
        user=asked["user"],
        device=asked["device"].lower(),
        record=asked["record"].lower(),
        closed=bool(asked["all"]),
    )
    found = await page_of(console.stores, visit.tenant.id, which, after=quarantine_place(after), limit=PAGE)
    place = quarantine_place_text(found.next) if found.next else ""
    path = f"{visit.path}/quarantine"
    return console.show(
        visit,
        "quarantine.html",
        fresh_s=0 if after else FRESH_S,
        section="Quarantine",
        rows=[waiting_of(each) for each in found.cases],
        asked=asked,
        narrowed=any(asked[name] for name in ("user", "device", "record")),
        first=f"{path}?{chosen(asked)}" if after else "",
        next=f"{path}?{chosen({**asked, 'after': place})}" if place else "",
    )


async def one(console: Console, visit: Visit) -> Response:
    """A case, and the form to replay it."""
    return await _shown(console, visit, await _find(console, visit))


async def replay(console: Console, visit: Visit) -> Response:
    """Replay it, edited. What cannot be sent is said beside what was written, and nothing is lost."""
    rooms, stores = console.rooms, console.stores
    sight = await _find(console, visit)
    given = await read_form(visit.request, bytes_max=EDIT_BYTES_MAX, fields_max=EDIT_FIELDS_MAX)
    case = sight.case
    if not isinstance(case, Readable):
        raise Instead("There is nothing to be replayed", "It could not be read when it came.", status=400)
    try:
        put, dropped = read_edits(case.change, shape_of(rooms.catalog, case.change), given)
        await replayed(
            rooms,
            stores,
            visit.tenant.id,
            case,
            put=put,
            dropped=dropped,
            with_dependents=bool(given.get("dependents")),
        )
    except Fix as error:
        return await _shown(console, visit, sight, given=given, wrong=error)
    return RedirectResponse(f"{visit.path}/quarantine/{case.name}", status_code=303, headers=PAGE_HEADERS)


async def _shown(
    console: Console,
    visit: Visit,
    sight: CaseSight,
    *,
    given: Form | None = None,
    wrong: HomeportError | None = None,
) -> Response:
    tenant, case = visit.tenant.id, sight.case
    change = case.change if isinstance(case, Readable) else None
    before = await console.stores.held_later(tenant, device_of(case.root), 0, REPLAYS_SHOWN_MAX)
    return console.show(
        visit,
        "case.html",
        status=422 if wrong else 200,
        section="Quarantine",
        row=waiting_of(case),
        held=case.held,
        change=change,
        behind=[waiting_of(each) for each in sight.dependents[:BEHIND_SHOWN_MAX]],
        behind_count=len(sight.dependents),
        behind_max=BEHIND_MAX if sight.more else 0,
        replays=[waiting_of(case_of(each)) for each in before if each.change.replays == case.root],
        there=await _there(console, tenant, change) if change else {},
        inputs=form_of(change, shape_of(console.rooms.catalog, change), given or {}) if change else (),
        dependents=not given or bool(given.get("dependents")),
        wrong=wrong.message if wrong else "",
    )


async def _there(console: Console, tenant: str, change: Change) -> Mapping[str, str]:
    """What the record holds now, field by field, in texts."""
    record = await newest(console, tenant, change.id)
    return {name: said(value) for name, value in record.fields.items()} if record else {}


async def _find(console: Console, visit: Visit) -> CaseSight:
    """The case of the address. Raises `Instead` if there is none."""
    device, number = visit.named("device"), visit.named("number")
    named = is_uuid(device) and number.isascii() and number.isdigit() and len(number) <= NUMBER_DIGITS_MAX
    found = await sight_of(console.stores, visit.tenant.id, device, int(number)) if named else None
    if found is None:
        raise Instead(
            "There is no such case",
            f"No change {number[:20]} of a device {device[:60]} lies in this tenant's quarantine.",
            then="Look for it in the list, which can show replayed ones, too.",
            back=f"{visit.path}/quarantine?all=yes",
            to="All that was rejected",
        )
    return found
