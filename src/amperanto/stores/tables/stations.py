"""Who there is: organisations, stations, their connectors and connections, who knocked, and API keys."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, PrimaryKeyConstraint, Table, text

from amperanto.stores.columns import Words
from amperanto.stores.tables.ground import flag, id_, instant, metadata, number, organisation, place, words

organisations = Table("organisations", metadata, id_(), words("name"), instant("created_at"))

# What an organisation declares once for all its stations; no row: nothing.
declarations = Table(
    "declarations",
    metadata,
    Column("organisation", Words, ForeignKey("organisations.id"), primary_key=True),
    words("unknown_tokens", null=True),
    words("clear_caches", null=True),
    instant("tokens_changed_at", null=True),
)

sites = Table(
    "sites",
    metadata,
    id_(),
    organisation(known=True),
    words("name"),
    words("name_key"),
    words("time_zone"),
    instant("created_at", null=True),
    number("revision"),
    words("unknown_tokens", null=True),
    Index("uq_sites_organisation_name_key", "organisation", "name_key", unique=True),
)

stations = Table(
    "stations",
    metadata,
    id_(),
    organisation(known=True),
    words("identity"),
    words("identity_key"),
    words("registration"),
    words("admitted", null=True),
    number("heartbeat_interval"),
    number("ping_interval", null=True),
    words("tolerance"),
    flag("quiet"),
    number("security_profile"),
    words("password_hash", null=True),
    words("hardware", null=True),
    words("ocpp_version", null=True),
    instant("last_seen", null=True),
    instant("booted_at", null=True),
    instant("created_at", null=True),
    number("revision"),
    words("site", null=True),
    words("boots", null=True),
    instant("boot_loop_since", null=True),
    words("onboarding", null=True),
    words("unknown_tokens", null=True),
    instant("cache_cleared_at", null=True),
    Index("uq_stations_organisation_identity_key", "organisation", "identity_key", unique=True),
    Index("ix_stations_identity_key", "identity_key"),
)

inbox = Table(
    "inbox",
    metadata,
    organisation(),
    words("identity_key"),
    words("identity"),
    instant("first_seen"),
    instant("last_seen"),
    number("tries"),
    words("remote"),
    words("offered"),
    words("reason"),
    PrimaryKeyConstraint("organisation", "identity_key"),
    Index("ix_inbox_organisation_last_seen", "organisation", "last_seen"),
)

keys = Table(
    "keys",
    metadata,
    id_(),
    organisation(known=True),
    words("name"),
    words("hash"),
    words("scopes"),
    instant("created_at"),
    Index("uq_keys_hash", "hash", unique=True),
)

connectors = Table(
    "connectors",
    metadata,
    words("station"),
    *place(),
    organisation(),
    words("availability"),
    words("charging", null=True),
    words("fault", null=True),
    instant("since"),
    words("native", null=True),
    PrimaryKeyConstraint("station", "evse", "connector"),
)

availability_intervals = Table(
    "availability_intervals",
    metadata,
    id_(),
    organisation(),
    words("station"),
    *place(),
    instant("from_at"),
    instant("to_at", null=True),
    words("availability"),
    words("charging", null=True),
    words("fault", null=True),
    Index("ix_availability_intervals_station_from_at", "station", "from_at"),
    Index(
        "uq_availability_intervals_lasting",
        "station",
        "evse",
        "connector",
        unique=True,
        sqlite_where=text("to_at IS NULL"),
        postgresql_where=text("to_at IS NULL"),
    ),
)

connections = Table(
    "connections",
    metadata,
    Column("station", Words, primary_key=True),
    organisation(),
    words("node", null=True),
    number("fence"),
    instant("since"),
    words("remote"),
    words("version"),
    Index("ix_connections_node", "node"),
)

connection_intervals = Table(
    "connection_intervals",
    metadata,
    id_(),
    organisation(),
    words("station"),
    words("node"),
    number("fence"),
    instant("from_at"),
    instant("to_at", null=True),
    number("close_code", null=True),
    words("cause", null=True),
    words("remote"),
    words("version"),
    Index("ix_connection_intervals_station_from_at", "station", "from_at"),
    Index(
        "uq_connection_intervals_lasting",
        "station",
        unique=True,
        sqlite_where=text("to_at IS NULL"),
        postgresql_where=text("to_at IS NULL"),
    ),
)

meter_keys = Table(
    "meter_keys",
    metadata,
    words("station"),
    number("evse"),
    organisation(),
    words("key"),
    instant("changed_at"),
    words("changed_by"),
    PrimaryKeyConstraint("station", "evse"),
)
