"""All tables of the database, whichever room they belong to: sync's, and those of notifications beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import MetaData, Table

from homeport_notify.sql.tables import metadata as of_notifications
from homeport_sync.sql.tables import metadata as of_sync

BESIDE: Final = (of_notifications,)  # those that sync does not know
METADATA: Final[list[MetaData]] = [of_sync, *BESIDE]
TABLES: Final[Mapping[str, Table]] = {name: table for each in METADATA for name, table in each.tables.items()}
