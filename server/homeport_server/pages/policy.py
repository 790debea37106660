"""What a browser may do with our pages: load what lies beside them, and nothing else from or to anywhere.

No script and no style stands in a page itself, so what people write into records cannot become one.
"""

from __future__ import annotations

from typing import Final

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FILE_HEADERS: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_HEADERS: Final = {
    **FILE_HEADERS,
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
