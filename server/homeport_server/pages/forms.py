"""What a page's form sends: names and texts, URL-encoded, and no more than a person would write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM_BYTES_MAX: Final = 64 * 1_024
FORM_FIELDS_MAX: Final = 100


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields by name; of several with one name the last. Raises `HTTPException` 413 or 400 for what is none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise HTTPException(413, f"A form has at most {FORM_BYTES_MAX:,} bytes: write less.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX, errors="strict"))
    except ValueError as error:
        raise HTTPException(400, f"The form cannot be read ({error}): send it as a browser does.") from None
