"""What a token may carry beyond what its user may do anyway."""

from __future__ import annotations

from typing import Final

NOTIFY: Final = "notify"  # to tell anybody of the tenant anything, and to see what was told
RIGHTS: Final = (NOTIFY,)
