"""What stands in the server's place and answers: pages that are none of the server's words, as a phone gets them."""

from __future__ import annotations

from dataclasses import dataclass

import h11


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer in HTML, after which the connection ends."""

    status: int
    reason: str
    says: str

    def events(self, *, with_body: bool) -> tuple[h11.Event, ...]:
        """The answer for HTTP; to HEAD without its body."""
        html = f"<!doctype html>\n<html><head><title>{self.reason}</title></head><body>{self.says}</body></html>\n"
        body = html.encode()
        head = h11.Response(
            status_code=self.status,
            reason=self.reason,
            headers=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("Connection", "close"),
            ],
        )
        return head, h11.Data(data=body if with_body else b""), h11.EndOfMessage()


PORTAL = Page(
    status=200,
    reason="OK",
    says=(
        "<h1>Welcome to the guests' Wi-Fi</h1>"
        '<form action="/login" method="post"><label>Room <input name="room"></label>'
        "<button>Accept the terms and go online</button></form>"
    ),
)
BAD_GATEWAY = Page(status=502, reason="Bad Gateway", says="<h1>502</h1><p>The gateway got no answer it likes.</p>")
TOO_LARGE = Page(status=413, reason="Content Too Large", says="<h1>413</h1><p>This proxy takes no body so large.</p>")
NO_SOCKET = Page(status=403, reason="Forbidden", says="<h1>403</h1><p>This proxy lets no WebSocket through.</p>")
NOT_HTTP = Page(status=400, reason="Bad Request", says="<h1>400</h1><p>This is no HTTP/1.1 that I can read.</p>")
