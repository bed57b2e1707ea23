"""What was asked of stations from afar."""

from __future__ import annotations

from sqlalchemy import Index, Table

from amperanto.stores.tables.ground import id_, instant, metadata, number, organisation, words

remote_starts = Table(
    "remote_starts",
    metadata,
    id_(),
    organisation(),
    words("station"),
    number("number"),
    words("state"),
    words("token_uid"),
    words("token_type"),
    number("evse", null=True),
    words("asked_by"),
    instant("asked_at"),
    instant("until"),
    instant("answered_at", null=True),
    words("answer", null=True),
    words("reference", null=True),
    words("reason", null=True),
    instant("ended_at", null=True),
    words("transaction_id", null=True),
    # None where it certainly never reached the station.
    instant("sent_at", null=True),
    words("failure", null=True),
    words("limits", null=True),
    number("revision"),
    Index("ix_remote_starts_organisation_id", "organisation", "id"),
    Index("ix_remote_starts_station_until", "station", "until"),
    Index("ix_remote_starts_station_number", "station", "number"),
)
