"""What was said and what came of it: the message log, the outbox, reviews."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from amperanto.stores.columns import Words
from amperanto.stores.tables.ground import id_, instant, metadata, number, organisation, words

messages = Table(
    "messages",
    metadata,
    instant("at"),
    words("station"),
    number("connection"),
    number("number"),
    words("direction"),
    organisation(),
    words("action", null=True),
    words("message_id", null=True),
    words("frame"),
    words("result", null=True),
    words("violations"),
    PrimaryKeyConstraint("at", "station", "connection", "number", "direction"),
    Index("ix_messages_station_at", "station", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    words("node"),
    number("sequence"),
    instant("at"),
    organisation(),
    words("name"),
    words("body"),
    PrimaryKeyConstraint("node", "sequence"),
    Index("ix_outbox_at", "at"),
)

outbox_nodes = Table("outbox_nodes", metadata, Column("node", Words, primary_key=True), number("last"))

outbox_cursors = Table(
    "outbox_cursors",
    metadata,
    words("name"),
    words("node"),
    number("position"),
    PrimaryKeyConstraint("name", "node"),
)

reviews = Table(
    "reviews",
    metadata,
    id_(),
    organisation(),
    words("station"),
    instant("at"),
    words("action"),
    words("message"),
    words("problem"),
    instant("settled_at", null=True),
    words("kind", null=True),
    words("subject", null=True),
    words("evidence", null=True),
    words("resolution", null=True),
    words("settled_by", null=True),
    Index("ix_reviews_organisation_id", "organisation", "id"),
)

# What must happen at a time (R4): claimed by a lease, so that no timer in memory is the only copy.
due = Table(
    "due",
    metadata,
    id_(),
    organisation(),
    words("kind"),
    words("subject"),
    instant("at"),
    words("body", null=True),
    number("tries"),
    instant("claimed_until", null=True),
    Index("uq_due_kind_subject", "kind", "subject", unique=True),
    Index("ix_due_at", "at"),
)
