"""What stations do that the standard does not say, counted by kind."""

from __future__ import annotations

from sqlalchemy import Table

from amperanto.stores.tables.ground import instant, key, metadata, number, organisation

oddities = Table(
    "oddities",
    metadata,
    key("station"),
    key("kind"),
    key("message"),
    key("direction"),
    key("place"),
    key("detail"),
    organisation(),
    number("count"),
    instant("first_at"),
    instant("last_at"),
)
