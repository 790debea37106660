"""Who may see pages: whoever opened a link with a key in it, which only the holder of our secret can make.

The key stands in the link's fragment, which browsers send nowhere; the page that is shown to strangers hands it over,
and gets a cookie for it that no script reads. So the address of a page is no secret, and can be sent to a colleague,
who makes a link of their own. A browser is started with a link that opens once: what it was started with stands in the
list of processes, where everybody on the machine reads it. A write has to come from a page of ours besides: a foreign
page can set neither `Origin` nor `Sec-Fetch-Site`.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

import jwt
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from homeport_server.pages.forms import read_form
from homeport_server.pages.policy import PAGE_HEADERS
from homeport_server.pages.shell import Shell

KEY_TTL_S: Final = 8 * 3_600  # a link lies in a terminal's scrollback: it lasts a working day
ONCE_S: Final = 60  # … and a browser may have to be started first
ONCE_BYTES: Final = 32
KEY_LENGTH_MAX: Final = 500
ENTER_PATH: Final = "/pages/enter"
_ALGORITHM: Final = "HS256"
_IN_ADDRESSES: Final = "".join(map(chr, range(33, 127)))  # what was quoted already stays as it is
_READS: Final = frozenset({"GET", "HEAD"})
Page = Callable[[Request], Awaitable[Response]]


class Gate:
    """Lets those pass who have a key of `secret` (32 bytes) for `purpose`; `how` tells all others how to get one."""

    def __init__(self, secret: bytes, purpose: str, now_s: Callable[[], float], shell: Shell, how: str) -> None:
        self._secret = secret
        self._purpose = purpose
        self._now_s = now_s
        self._shell = shell
        self._how = how
        self._once: dict[str, float] = {}  # until when each opens

    def link(self, origin: str, path: str) -> str:
        """What opens a page of this path, where `origin` is the server's address, such as http://127.0.0.1:8000."""
        return make_link(origin, path, make_key(self._secret, self._purpose, self._now_s()))

    def link_once(self, origin: str, path: str) -> str:
        """The same for an address that others may see: it opens once, within `ONCE_S` seconds, in this process."""
        key, now_s = secrets.token_urlsafe(ONCE_BYTES), self._now_s()
        self._once = {each: until_s for each, until_s in self._once.items() if now_s < until_s}
        self._once[key] = now_s + ONCE_S
        return make_link(origin, path, key)

    def guarded(self, page: Page) -> Page:
        """The page, for those who may see it."""

        async def guard(request: Request) -> Response:
            if not self._knows(request.cookies.get(self._cookie(request), "")):
                return self._ask(status=401)
            if request.method not in _READS and not is_from_here(request):
                return PlainTextResponse(
                    "This came from a page of another site: do it on the page itself.",
                    status_code=403,
                    headers=PAGE_HEADERS,
                )
            return await page(request)

        return guard

    def route(self) -> Route:
        """Where links lead, and a key is handed over."""

        async def enter(request: Request) -> Response:
            if request.method in _READS:
                return self._ask(status=200)
            form = await read_form(request)
            key, back = form.get("key", "").strip()[:KEY_LENGTH_MAX], form.get("back", "")
            key = self._lasting(key) if is_from_here(request) else ""
            if not key:
                return self._ask(status=401, wrong=True)
            answer = Response(status_code=303, headers={**PAGE_HEADERS, "location": _own_path(back)})
            secure = request.url.scheme == "https"
            answer.set_cookie(
                self._cookie(request), key, max_age=KEY_TTL_S, httponly=True, samesite="lax", secure=secure
            )
            return answer

        return Route(ENTER_PATH, enter, methods=["GET", "POST"])

    def _ask(self, *, status: int, wrong: bool = False) -> Response:
        return self._shell.page("locked.html", status=status, how=self._how, enter=ENTER_PATH, wrong=wrong)

    def _lasting(self, key: str) -> str:
        """The key that a browser keeps for this one; "" for what is none."""
        until_s = self._once.pop(key, None)
        if until_s is not None:
            return make_key(self._secret, self._purpose, self._now_s()) if self._now_s() < until_s else ""
        return key if self._knows(key) else ""

    def _knows(self, key: str) -> bool:
        try:
            told = jwt.decode(
                key,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=self._purpose,
                options={"require": ["exp", "aud"], "verify_exp": False},
            )
        except jwt.PyJWTError:
            return False
        expires_s = told["exp"]
        return isinstance(expires_s, int) and self._now_s() < expires_s

    def _cookie(self, request: Request) -> str:
        """Cookies know no ports, and there may be several servers on this machine."""
        return f"homeport_{self._purpose}_{request.url.port or 0}"


def make_key(secret: bytes, purpose: str, now_s: float, ttl_s: int = KEY_TTL_S) -> str:
    """A key that opens what `purpose` names, for so many seconds."""
    return jwt.encode({"aud": purpose, "exp": int(now_s) + ttl_s}, secret, algorithm=_ALGORITHM)


def make_link(origin: str, path: str, key: str) -> str:
    """What hands over the key by itself and goes on to that path. What stands behind the # no browser sends."""
    to = "" if path == "/" else f"?to={quote(path)}"
    return f"{origin}{ENTER_PATH}{to}#key={key}"


def is_from_here(request: Request) -> bool:
    """Whether no page of another site has sent it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _own_path(back: str) -> str:
    """A path of ours, whatever was given: a browser takes // and /\\ for another host, and headers hold ASCII alone."""
    is_ours = back.startswith("/") and back[1:2] not in {"/", "\\"} and back.isprintable()
    return quote(back, safe=_IN_ADDRESSES) if is_ours else "/"
