"""What a page's form sends: names and texts, URL-encoded, and no more than a person would write."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM_BYTES_MAX: Final = 64 * 1_024
FORM_FIELDS_MAX: Final = 100
WITHIN_S: Final = 10.0  # for all of it: a form may be sent by whoever has no key


async def read_form(
    request: Request, *, bytes_max: int = FORM_BYTES_MAX, fields_max: int = FORM_FIELDS_MAX
) -> Mapping[str, str]:
    """The fields by name; of several with one name the last. Raises `HTTPException` 413, 408 or 400 for what is
    none."""
    try:
        async with asyncio.timeout(WITHIN_S):
            body = await _read(request, bytes_max)
    except TimeoutError:
        raise HTTPException(408, f"The form did not arrive within {WITHIN_S:g} s: send it again.") from None
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=fields_max, errors="strict"))
    except ValueError as error:
        raise HTTPException(400, f"The form cannot be read ({error}): send it as a browser does.") from None


async def _read(request: Request, bytes_max: int) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise HTTPException(413, f"A form has at most {bytes_max:,} bytes: write less.")
    return body
